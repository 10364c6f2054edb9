//! The ingestion routes as the router knows them. On a port of its own `POST /events` never gets this far.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use streamflow_engine::ingest::Framing;

use crate::api::error::ErrorBody;
use crate::api::ingestion::{BatchAccepted, BatchInput, EventAccepted, EventInput, IngestParams};
use crate::server::access::Principal;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::ingestion::{accept, accept_framed, content, lookup};
use crate::server::parameters::Segment;

/// Take one event, or a list.
///
/// A JSON object is one event and is answered by its identity. A JSON array, or NDJSON, is a list: good events are kept,
/// bad ones named. The answer comes after the events are on disk and visible to SQL.
#[utoipa::path(
    post, path = "/events", tag = "ingestion", params(IngestParams),
    request_body(description = "One event, an array of events, or one event a line; plain or gzip, zstd, deflate", content(
        (EventInput = "application/json"), (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "A list: what became of it", body = BatchAccepted),
        (status = 201, description = "One event: where it is", body = EventAccepted),
        (status = 400, description = "Not JSON", body = ErrorBody),
        (status = 413, description = "Over a limit; nothing was stored", body = ErrorBody),
        (status = 415, description = "Unknown content type or encoding", body = ErrorBody),
        (status = 422, description = "JSON that is no event", body = ErrorBody),
        (status = 429, description = "Over a rate limit or memory budget; nothing was stored", body = ErrorBody),
        (status = 503, description = "The disk is full, read-only or failing; nothing was stored", body = ErrorBody),
    )
)]
pub(crate) async fn post_events(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    Ok(accept(&app, principal, &head, body).await?.map(Body::from))
}

/// Take a batch of events.
#[utoipa::path(
    post, path = "/events/batch", tag = "ingestion", params(IngestParams),
    request_body(description = "`{\"events\": […]}`", content = BatchInput),
    responses(
        (status = 200, description = "What became of the batch", body = BatchAccepted),
        (status = 400, description = "Not JSON", body = ErrorBody),
        (status = 422, description = "No event was taken", body = ErrorBody),
    )
)]
pub(crate) async fn post_batch(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    content::require_json(&head.headers)?;
    Ok(accept_framed(&app, principal, &head, body, Framing::Batch).await?.map(Body::from))
}

/// Get one event, by its client's id or by `partition:offset`.
#[utoipa::path(
    get, path = "/events/{id}", tag = "ingestion", params(("id" = String, Path, description = "`0:42`, or a client's id")),
    responses(
        (status = 200, description = "The event with everything added on admission", body = Object),
        (status = 404, description = "No such event", body = ErrorBody),
    )
)]
pub(crate) async fn get_event(State(app): State<Arc<App>>, Segment(id): Segment) -> Result<Response, ApiError> {
    let event = lookup::event(&app.engine, &id)?;
    Ok(([(http::header::CONTENT_TYPE, crate::server::answer::JSON)], event).into_response())
}
