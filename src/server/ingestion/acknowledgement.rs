//! Writes the answers to events by hand: on the way of a single event there is no serialiser.

use std::io::Write as _;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use streamflow_engine::ingest::{Ack, Appended, Framing, Identity, Rejection};

use crate::api::IDEMPOTENCY_REPLAYED_HEADER;
use crate::api::ingestion::{BatchAccepted, EventError};
use crate::server::answer;
use crate::server::error::ApiError;

/// Rejected events that an answer names; all of them are counted, and kept in `rejected_events`.
const ERRORS_LISTED_MAX: usize = 1_000;

/// The only partition of an embedded store.
const PARTITION: u32 = 0;
/// Room for an acknowledgement without a client's id.
const SINGLE_BYTES: usize = 96;

const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static(IDEMPOTENCY_REPLAYED_HEADER);

/// Which form the answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One event, answered by its identity.
    Single,
    /// A list, answered by counts, even if it holds one event.
    List,
}

/// Whether an event is here because of this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Novelty {
    Stored,
    /// Its id was seen before. The status is that of a new event: a retry looks like the answer that was lost.
    Duplicate,
}

impl Shape {
    /// Returns the form of the answer to a body.
    pub(super) fn of(framing: Framing, bytes: &[u8]) -> Self {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        match (framing, first) {
            (Framing::Json, Some(b'[')) | (Framing::Batch | Framing::Lines, _) => Self::List,
            (Framing::Json, _) => Self::Single,
        }
    }
}

/// Returns the answer to a request.
///
/// # Errors
/// When none of its events was taken.
pub(super) fn answer(shape: Shape, appended: &Appended, ack: Ack) -> Result<Response<Bytes>, ApiError> {
    let (status, body) = match shape {
        Shape::Single => (StatusCode::CREATED, single(appended, ack)?),
        Shape::List => (StatusCode::OK, list(appended, ack)?),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, answer::JSON);
    if appended.replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn single(appended: &Appended, ack: Ack) -> Result<Bytes, ApiError> {
    if let Some(rejection) = appended.rejections.first() {
        return Err(rejected_alone(rejection));
    }
    let (identity, novelty) = match (appended.first_offset, appended.duplicates.first()) {
        (Some(offset), _) => (Identity { partition: PARTITION, offset }, Novelty::Stored),
        (None, Some(duplicate)) => (duplicate.first, Novelty::Duplicate),
        (None, None) => {
            return Err(ApiError::internal("an event was neither stored, known nor rejected", &"empty outcome"));
        }
    };
    let mut body = Vec::with_capacity(SINGLE_BYTES);
    write_single(&mut body, identity, appended.client_id.as_deref(), novelty, ack)
        .map_err(|error| ApiError::internal("an acknowledgement was not written", &error))?;
    Ok(Bytes::from(body))
}

fn write_single(
    body: &mut Vec<u8>,
    identity: Identity,
    client_id: Option<&str>,
    novelty: Novelty,
    ack: Ack,
) -> std::io::Result<()> {
    let Identity { partition, offset } = identity;
    match client_id {
        Some(id) => {
            body.extend_from_slice(b"{\"id\":");
            serde_json::to_writer(&mut *body, id)?;
            write!(body, ",\"partition\":{partition},\"offset\":{offset}")?;
        }
        None => write!(body, "{{\"id\":\"{partition}:{offset}\",\"partition\":{partition},\"offset\":{offset}")?,
    }
    if novelty == Novelty::Duplicate {
        body.extend_from_slice(b",\"duplicate\":true");
    }
    if ack == Ack::Memory {
        body.extend_from_slice(b",\"ack\":\"memory\"");
    }
    body.push(b'}');
    Ok(())
}

/// A single event that is too large is a request that is too large.
fn rejected_alone(rejection: &Rejection) -> ApiError {
    let error = ApiError::new(rejection.code, rejection.message.clone());
    match rejection.code {
        "event_too_large" => error.status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => error,
    }
}

fn list(appended: &Appended, ack: Ack) -> Result<Bytes, ApiError> {
    let answer = counts(appended, ack);
    if appended.accepted == 0 && appended.duplicates.is_empty() && !appended.rejections.is_empty() {
        let counts = serde_json::to_value(&answer).unwrap_or_default();
        let message = format!("none of the {} events was taken", appended.rejections.len());
        return Err(ApiError::new("no_events_accepted", message).details(counts));
    }
    Ok(answer::json_bytes(&answer))
}

fn counts(appended: &Appended, ack: Ack) -> BatchAccepted {
    let listed = appended.rejections.iter().take(ERRORS_LISTED_MAX);
    BatchAccepted {
        accepted: appended.accepted as u64,
        duplicates: appended.duplicates.len() as u64,
        rejected: appended.rejections.len() as u64,
        errors: listed
            .map(|rejection| EventError {
                index: rejection.index as u64,
                code: rejection.code.to_owned(),
                message: rejection.message.clone(),
            })
            .collect(),
        ack: (ack == Ack::Memory).then(|| "memory".to_owned()),
    }
}

#[cfg(test)]
mod tests;
