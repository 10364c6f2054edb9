//! Undoes a Content-Encoding, never growing past a limit.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http::HeaderValue;

use crate::server::error::ApiError;

/// Largest window a zstd stream may ask for, as a power of two: 8 MiB, what the format asks decoders to support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a body was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
    /// The zlib format, as HTTP means it.
    Deflate,
}

impl Encoding {
    /// Reads a Content-Encoding header.
    ///
    /// # Errors
    /// When it is unknown, or one encoding over another.
    pub(crate) fn of(header: &HeaderValue) -> Result<Self, ApiError> {
        let name = header.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            "deflate" => Ok(Self::Deflate),
            other => {
                Err(ApiError::new("unsupported_encoding", format!("content-encoding {other:?} is not known here")))
            }
        }
    }

    /// Returns the bytes that were compressed.
    ///
    /// # Errors
    /// When they are more than `limit`, or the stream is damaged or cut off.
    pub(crate) fn undo(self, compressed: &[u8], limit: usize) -> Result<Bytes, ApiError> {
        match self {
            Self::Identity => Ok(Bytes::copy_from_slice(compressed)),
            Self::Gzip => capped(MultiGzDecoder::new(compressed), compressed.len(), limit),
            Self::Deflate => capped(ZlibDecoder::new(compressed), compressed.len(), limit),
            Self::Zstd => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(compressed).map_err(|error| broken(&error))?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|error| broken(&error))?;
                capped(decoder, compressed.len(), limit)
            }
        }
    }
}

/// Reads to the end, or to one byte past the limit.
fn capped(decoder: impl Read, compressed_len: usize, limit: usize) -> Result<Bytes, ApiError> {
    // JSON shrinks to a fifth or less; a guess that is too low costs a copy, one that is too high costs memory.
    let mut bytes = Vec::with_capacity((compressed_len * 5).min(limit));
    decoder.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    if bytes.len() > limit {
        return Err(ApiError::new("decompressed_too_large", format!("the body grows beyond {limit} bytes"))
            .details(serde_json::json!({ "limit_bytes": limit })));
    }
    Ok(Bytes::from(bytes))
}

fn broken(error: &io::Error) -> ApiError {
    tracing::debug!(%error, "a body could not be decompressed");
    ApiError::plain("invalid_encoding")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = br#"{"type":"web.click","source":"test"}"#;
    const LIMIT: usize = 1 << 20;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn code(encoding: Encoding, bytes: &[u8]) -> &'static str {
        encoding.undo(bytes, LIMIT).map_or_else(|error| error.code(), |_| "ok")
    }

    #[test]
    fn each_encoding_gives_back_what_went_in() {
        let check = |encoding: Encoding, compressed: &[u8]| assert_eq!(encoding.undo(compressed, LIMIT).unwrap(), TEXT);
        check(Encoding::Gzip, &gzip(TEXT));
        check(Encoding::Gzip, &[gzip(&TEXT[..9]), gzip(&TEXT[9..])].concat());
        check(Encoding::Deflate, &deflate(TEXT));
        check(Encoding::Zstd, &zstd::encode_all(TEXT, 3).unwrap());
    }

    #[test]
    fn bomb_stops_at_the_limit() {
        let zeros = vec![b' '; LIMIT + 1];
        assert_eq!(code(Encoding::Gzip, &gzip(&zeros)), "decompressed_too_large");
        assert_eq!(code(Encoding::Deflate, &deflate(&zeros)), "decompressed_too_large");
        assert_eq!(code(Encoding::Zstd, &zstd::encode_all(&zeros[..], 3).unwrap()), "decompressed_too_large");
        assert_eq!(code(Encoding::Gzip, &gzip(&zeros[1..])), "ok");
    }

    #[test]
    fn damaged_or_cut_stream_is_refused() {
        let (whole, zstd) = (gzip(TEXT), zstd::encode_all(TEXT, 3).unwrap());
        assert_eq!(code(Encoding::Gzip, TEXT), "invalid_encoding");
        assert_eq!(code(Encoding::Gzip, &whole[..whole.len() - 1]), "invalid_encoding");
        assert_eq!(code(Encoding::Zstd, &zstd[..zstd.len() - 1]), "invalid_encoding");
        assert_eq!(code(Encoding::Deflate, &whole), "invalid_encoding");
    }
}
