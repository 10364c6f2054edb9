//! Reads the body of a request within its limits: bytes as sent, time, bytes after decompression.

mod decompress;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt;

pub(crate) use decompress::Encoding;

use crate::server::error::ApiError;
use crate::server::options::HttpLimits;

/// Memory that is set aside on the word of a Content-Length header alone, bytes.
const RESERVED_BYTES_MAX: usize = 1 << 20;
/// Compressed bytes that are decompressed on the connection's own task; more go to a blocking thread.
const DECOMPRESS_INLINE_BYTES_MAX: usize = 64 << 10;
/// Bytes of a refused body that are still read, and time for it: a client that is cut off while it sends sees a broken
/// connection instead of the answer.
const DISCARDED_BYTES_MAX: usize = 64 << 20;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(2);

/// Reads and decompresses a body.
///
/// # Errors
/// When the body is too large or too slow, ends early, or is not what its Content-Encoding says.
pub(crate) async fn read<B>(headers: &HeaderMap, mut body: B, limits: &HttpLimits) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let encoding = headers.get(CONTENT_ENCODING).map(Encoding::of).transpose()?.unwrap_or(Encoding::Identity);
    let announced = announced_length(headers);
    if announced.is_some_and(|length| length > limits.body_bytes) {
        discard(&mut body).await;
        return Err(too_large(limits.body_bytes));
    }
    let sent = match within(limits.body_timeout, collect(&mut body, announced, limits.body_bytes)).await {
        Ok(sent) => sent,
        Err(error) => {
            if error.code() == "body_too_large" {
                discard(&mut body).await;
            }
            return Err(error);
        }
    };
    match encoding {
        Encoding::Identity => Ok(sent),
        encoding if sent.len() <= DECOMPRESS_INLINE_BYTES_MAX => encoding.undo(&sent, limits.decompressed_bytes),
        encoding => {
            let limit = limits.decompressed_bytes;
            tokio::task::spawn_blocking(move || encoding.undo(&sent, limit))
                .await
                .map_err(|error| ApiError::internal("a body was not decompressed", &error))?
        }
    }
}

async fn within<F: Future<Output = Result<Bytes, ApiError>>>(limit: Duration, reading: F) -> Result<Bytes, ApiError> {
    tokio::time::timeout(limit, reading).await.unwrap_or_else(|_elapsed| Err(ApiError::plain("body_timeout")))
}

/// Reads what a client still sends, so that it comes to reading the answer.
async fn discard<B: Body<Data = Bytes> + Unpin>(body: &mut B) {
    let reading = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > DISCARDED_BYTES_MAX {
                break;
            }
        }
    };
    if tokio::time::timeout(DISCARD_TIME_MAX, reading).await.is_err() {
        tracing::debug!("a client that was refused goes on sending");
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new("body_too_large", format!("the body is larger than {limit} bytes"))
        .details(serde_json::json!({ "limit_bytes": limit }))
}

/// Joins the frames of a body. A body that comes in one frame, as small ones do, is not copied.
async fn collect<B>(body: &mut B, announced: Option<usize>, limit: usize) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let Some(first) = next_data(body).await? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Err(too_large(limit));
    }
    if announced == Some(first.len()) || body.is_end_stream() {
        return Ok(first);
    }
    let mut joined = Vec::with_capacity(announced.unwrap_or(0).clamp(first.len(), RESERVED_BYTES_MAX.max(first.len())));
    joined.extend_from_slice(&first);
    drop(first);
    while let Some(data) = next_data(body).await? {
        if joined.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        joined.extend_from_slice(&data);
    }
    Ok(Bytes::from(joined))
}

async fn next_data<B>(body: &mut B) -> Result<Option<Bytes>, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            tracing::debug!(%error, "a body ended early");
            ApiError::plain("truncated_body")
        })?;
        // Trailers carry nothing that is read here.
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
