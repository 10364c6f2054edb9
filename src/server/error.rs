//! The one way from a failure to an error answer: a stable code, a message, a hint, the request's id.

mod convert;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::Value;
use streamflow_core::error_code::{self, ErrorCode};

use crate::api::error::{ErrorBody, ErrorDetail};
use crate::server::answer::{self, Answer};
use crate::server::request_id::RequestId;

/// A failure on its way to the client. Boxed, so that the way of what succeeds stays narrow.
#[derive(Debug, Clone)]
pub(crate) struct ApiError(Box<Failure>);

#[derive(Debug, Clone)]
struct Failure {
    code: &'static ErrorCode,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    details: Option<Value>,
    retry_after_seconds: Option<u32>,
    /// Status other than the code's own, for an event that came alone instead of in a list.
    status: Option<u16>,
}

impl ApiError {
    /// Makes an error of a registered code. An unregistered one is our own bug and becomes `internal`.
    pub(crate) fn new(code: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let (code, message) = match error_code::find(code) {
            Some(found) => (found, message.into()),
            None => {
                tracing::error!(code, "an error code is not in the registry");
                (internal_code(), Cow::Borrowed(internal_code().summary))
            }
        };
        Self(Box::new(Failure { code, message, hint: None, details: None, retry_after_seconds: None, status: None }))
    }

    /// Makes an error whose message is the code's own summary.
    pub(crate) fn plain(code: &str) -> Self {
        let summary = error_code::find(code).map_or("", |found| found.summary);
        Self::new(code, summary)
    }

    /// Makes an error about one parameter or header.
    pub(crate) fn parameter(name: &str, value: &str, reason: &str) -> Self {
        Self::new("invalid_parameter", format!("{name}={value:?}: {reason}"))
            .details(serde_json::json!({ "parameter": name, "value": value }))
    }

    /// Makes an error that tells the client nothing but the request's id, and the log everything.
    pub(crate) fn internal(what: &str, detail: &dyn std::fmt::Display) -> Self {
        tracing::error!(detail = %detail, "{what}");
        Self::plain("internal")
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    #[must_use]
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status.as_u16());
        self
    }

    /// Returns the stable name.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code.code
    }

    /// Returns the status of the answer.
    pub(crate) fn http_status(&self) -> StatusCode {
        let status = self.0.status.unwrap_or(self.0.code.status);
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the body as documented.
    pub(crate) fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.0.code.code.to_owned(),
                message: self.0.message.clone().into_owned(),
                hint: Some(self.0.hint.clone().unwrap_or(Cow::Borrowed(self.0.code.hint)).into_owned()),
                details: self.0.details.clone(),
                request_id: request_id.to_owned(),
            },
        }
    }

    /// Returns the whole answer, without the headers that every answer gets.
    pub(crate) fn render(&self, request_id: &RequestId) -> http::Response<Bytes> {
        let body = answer::json_bytes(&self.body(request_id.as_str()));
        let mut response = http::Response::new(body);
        *response.status_mut() = self.http_status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, answer::JSON);
        if let Some(seconds) = self.0.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.code.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// Returns the answer for a connection that hyper no longer speaks on, as bytes on the wire.
    pub(crate) fn raw_answer(&self) -> Vec<u8> {
        let response = self.render(&RequestId::generate());
        let body = response.body();
        let mut raw = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            response.status().as_u16(),
            response.status().canonical_reason().unwrap_or("Error"),
            body.len(),
        )
        .into_bytes();
        raw.extend_from_slice(body);
        raw
    }
}

fn internal_code() -> &'static ErrorCode {
    error_code::find("internal").expect("the registry has the code for our own bugs")
}

/// An error leaves a handler as an extension; the routes' outermost layer, which knows the request's id, writes it down.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.http_status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes down the error that a handler left in a response, keeping the headers it set.
pub(crate) fn written(mut response: Response, request_id: &RequestId) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    let allow = response.headers_mut().remove(ALLOW);
    let mut written = error.render(request_id).map(axum::body::Body::from);
    if let Some(allow) = allow {
        written.headers_mut().insert(ALLOW, allow);
    }
    written
}

/// Writes down an error outside the routes.
pub(crate) fn answer(error: &ApiError, request_id: &RequestId) -> http::Response<Answer> {
    error.render(request_id).map(Answer::whole)
}
