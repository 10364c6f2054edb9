//! What browsers are told about other origins.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};

use crate::server::access::Access;
use crate::server::error::ApiError;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, content-encoding, accept, idempotency-key, request-id");
const ANSWER_HEADERS: HeaderValue =
    HeaderValue::from_static("request-id, retry-after, streamflow-truncated, idempotency-replayed");
/// Seconds for which a browser need not ask again; browsers cut it to two hours or less themselves.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers a browser that asks what a page may do.
///
/// # Errors
/// When pages of that origin may do nothing.
pub(crate) fn preflight<B>(access: &Access, request: &Request<B>) -> Result<Response<()>, ApiError> {
    if !request.headers().get(ORIGIN).is_some_and(|origin| access.origin_allowed(origin)) {
        return Err(ApiError::plain("forbidden_origin"));
    }
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Ok(response)
}

/// Lets a page of an allowed origin read an answer.
pub(crate) fn allow(access: &Access, origin: &HeaderValue, headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("origin"));
    if access.origin_allowed(origin) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
}
