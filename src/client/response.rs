//! Reads an answer: whole, as JSON, or piece by piece while it arrives.

use std::time::Duration;

use ::http::response::Parts;
use ::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::error::{ClientError, Refusal};
use super::lines::{Lines, SseEvents};
use crate::api::error::{ErrorBody, ErrorDetail};

/// An answer's body, whose errors are already explained.
pub(super) type Body = UnsyncBoxBody<Bytes, ClientError>;

/// Bytes of an error answer that are read: ours are far smaller, and a foreign server's page is not shown anyway.
const ERROR_BYTES_MAX: usize = 1 << 20;

/// An answer whose head has arrived.
#[derive(Debug)]
pub struct Response {
    url: String,
    head: Parts,
    body: Body,
    deadline: Option<(Instant, Duration)>,
}

impl Response {
    pub(super) fn new(url: String, head: Parts, body: Body, deadline: Option<(Instant, Duration)>) -> Self {
        Self { url, head, body, deadline }
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Returns a header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the next piece of the body, or nothing at its end.
    ///
    /// # Errors
    /// When the connection breaks or the time is up.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = match self.deadline {
                None => self.body.frame().await,
                Some((deadline, patience)) => tokio::time::timeout_at(deadline, self.body.frame())
                    .await
                    .map_err(|_| ClientError::TimedOut { url: self.url.clone(), patience })?,
            };
            match frame.transpose()? {
                None => return Ok(None),
                Some(frame) => {
                    // Trailers carry nothing for us.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// Returns the whole body.
    ///
    /// # Errors
    /// When the connection breaks or the time is up.
    pub async fn bytes(mut self) -> Result<Bytes, ClientError> {
        self.read_up_to(usize::MAX).await
    }

    async fn read_up_to(&mut self, limit: usize) -> Result<Bytes, ClientError> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while all.len() < limit {
            let Some(next) = self.chunk().await? else { break };
            all.extend_from_slice(&next);
        }
        Ok(all.freeze())
    }

    /// Returns the body as a value.
    ///
    /// # Errors
    /// When the connection breaks, the time is up, or the answer is not of this form.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let url = self.url.clone();
        let body = self.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Foreign { url, reason: error.to_string() })
    }

    /// Reads the body line by line.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines::new(self)
    }

    /// Reads the body as server-sent events.
    #[must_use]
    pub fn sse_events(self) -> SseEvents {
        SseEvents::new(self)
    }

    /// Returns the error that this answer tells.
    pub async fn into_refusal(mut self) -> ClientError {
        let status = self.head.status;
        let retry_after = self.header(header::RETRY_AFTER.as_str()).and_then(|text| text.trim().parse().ok());
        let body = match self.read_up_to(ERROR_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => return error,
        };
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(ErrorBody { error: detail }) => refusal(status, detail, retry_after),
            // A proxy between here and the server answers in its own words, but with a status that we can act on.
            Err(_) if super::is_worth_retrying(status) => refusal(status, plain_detail(status), retry_after),
            Err(_) => {
                ClientError::Foreign { url: self.url, reason: format!("status {status} without an error of ours") }
            }
        }
    }
}

fn refusal(status: StatusCode, detail: ErrorDetail, retry_after_seconds: Option<u64>) -> ClientError {
    ClientError::Refused(Box::new(Refusal {
        status: status.as_u16(),
        detail,
        retry_after: retry_after_seconds.map(Duration::from_secs),
    }))
}

fn plain_detail(status: StatusCode) -> ErrorDetail {
    let code = if status == StatusCode::TOO_MANY_REQUESTS { "rate_limited" } else { "cannot_connect" };
    ErrorDetail {
        code: code.to_owned(),
        message: format!("the server is not reachable behind its proxy: {status}"),
        hint: None,
        details: None,
        request_id: String::new(),
    }
}
