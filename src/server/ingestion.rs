//! Takes events: one or many a request, over HTTP; `websocket` takes the same bodies as frames.

mod acknowledgement;
pub(crate) mod content;
mod lookup;
mod routes;
mod websocket;

pub(crate) use routes::{get_event, post_batch, post_events};
pub(crate) use websocket::websocket;
pub(crate) mod openapi {
    //! What the macros made for `openapi.json`.
    pub(crate) use super::routes::{__path_get_event, __path_post_batch, __path_post_events};
    pub(crate) use super::websocket::__path_websocket;
}

use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response};
use http_body::Body as HttpBody;
use streamflow_engine::ingest::{Ack, Appended, Body, Framing, Prepared, RequestKey};

use crate::api::IDEMPOTENCY_KEY_HEADER;
use crate::server::access::Principal;
use crate::server::app::App;
use crate::server::body;
use crate::server::error::ApiError;

use acknowledgement::Shape;

/// The route that takes one event, or a list.
pub(crate) const EVENTS_PATH: &str = "/events";

/// Bytes that are decoded on the connection's own task, about a millisecond's work; more go to a blocking thread.
const PREPARE_INLINE_BYTES_MAX: usize = 1 << 20;

/// Longest `Idempotency-Key`, bytes.
const REQUEST_KEY_BYTES_MAX: usize = 255;
/// Characters of a wrong key that its error shows.
const KEY_CHARS_SHOWN: usize = 32;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(IDEMPOTENCY_KEY_HEADER);

/// Takes the events of `POST /events`.
///
/// # Errors
/// When none of them was stored.
pub(crate) async fn accept<B>(
    app: &App,
    principal: Principal,
    head: &Parts,
    body: B,
) -> Result<Response<Bytes>, ApiError>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let framing = content::framing(&head.headers)?;
    accept_framed(app, principal, head, body, framing).await
}

/// Takes events that are laid out in a known way.
///
/// # Errors
/// When none of them was stored.
async fn accept_framed<B>(
    app: &App,
    principal: Principal,
    head: &Parts,
    body: B,
    framing: Framing,
) -> Result<Response<Bytes>, ApiError>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let ack = ack(head.uri.query())?;
    let request_key = request_key(&head.headers)?;
    if let Some(rate) = &app.rate {
        rate.take(principal, Instant::now())?;
    }
    let bytes = body::read(&head.headers, body, &app.options.limits).await?;
    if bytes.is_empty() && framing != Framing::Lines {
        return Err(
            ApiError::new("invalid_json", "the body is empty").hint("send an event: `-d '{\"type\":…,\"source\":…}'`")
        );
    }
    let shape = Shape::of(framing, &bytes);
    let appended = store(app, Body { bytes, framing }, ack, request_key).await?;
    acknowledgement::answer(shape, &appended, ack)
}

/// Decodes and stores a body.
async fn store(app: &App, body: Body, ack: Ack, request_key: Option<RequestKey>) -> Result<Appended, ApiError> {
    app.metrics.request_bytes.inc_by(body.bytes.len() as u64);
    // A server that is full must not spend on refusals what it needs to become less full.
    app.engine.check_room(body.bytes.len())?;
    let prepared = if body.bytes.len() <= PREPARE_INLINE_BYTES_MAX {
        app.engine.prepare(body)?
    } else {
        prepare_apart(app, body).await?
    };
    Ok(app.engine.append(prepared, ack, request_key).await?)
}

async fn prepare_apart(app: &App, body: Body) -> Result<Prepared, ApiError> {
    let engine = app.engine.clone();
    let prepared = tokio::task::spawn_blocking(move || engine.prepare(body)).await;
    Ok(prepared.map_err(|error| ApiError::internal("a body was not decoded", &error))??)
}

/// Reads `?ack=`, the only parameter of ingestion.
fn ack(query: Option<&str>) -> Result<Ack, ApiError> {
    let Some(query) = query else { return Ok(Ack::Disk) };
    let mut ack = Ack::Disk;
    for (name, value) in form_pairs(query) {
        ack = match (name, value) {
            ("ack", "disk") => Ack::Disk,
            ("ack", "memory") => Ack::Memory,
            ("ack", other) => return Err(ApiError::parameter("ack", other, "one of disk, memory")),
            (other, value) => return Err(ApiError::parameter(other, value, "no such parameter; there is ack")),
        };
    }
    Ok(ack)
}

/// Splits a query string whose names and values need no decoding.
fn form_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn request_key(headers: &HeaderMap) -> Result<Option<RequestKey>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=REQUEST_KEY_BYTES_MAX).contains(&key.len()));
    let key = key.ok_or_else(|| {
        let shown: String = String::from_utf8_lossy(value.as_bytes()).chars().take(KEY_CHARS_SHOWN).collect();
        let reason = format!("{} bytes where 1 to {REQUEST_KEY_BYTES_MAX} of visible ASCII are allowed", value.len());
        ApiError::parameter(IDEMPOTENCY_KEY_HEADER, &shown, &reason)
    })?;
    Ok(Some(RequestKey(key.to_owned())))
}
