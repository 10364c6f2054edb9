//! The yardstick of the benchmark: what the server costs when it does nothing with an event.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::server::answer::{self, Answer};
use crate::server::app::App;
use crate::server::body;
use crate::server::error::ApiError;

/// Exists only while the server was started for a benchmark.
pub(crate) const ECHO_PATH: &str = "/echo";

/// As long as the acknowledgement of a single event in a store of some millions.
const ACKNOWLEDGEMENT: &[u8] = br#"{"id":"0:10000000","partition":0,"offset":10000000}"#;

/// Reads the body and answers like an acknowledgement.
///
/// # Errors
/// As reading a body.
pub(crate) async fn answer(app: &App, request: Request<Incoming>) -> Result<Response<Answer>, ApiError> {
    let (head, sent) = request.into_parts();
    let bytes = body::read(&head.headers, sent, &app.options.limits).await?;
    drop(bytes);
    let mut response = Response::new(Answer::whole(Bytes::from_static(ACKNOWLEDGEMENT)));
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(CONTENT_TYPE, answer::JSON);
    Ok(response)
}
