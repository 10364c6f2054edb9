//! Answers to events that were sent.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An event as clients send it. `ts` and `event_type` are accepted for `timestamp` and `type`; any other top-level key
/// is kept under `metadata`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventInput {
    /// Dotted name, 1 to 128 bytes.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Service or system, 1 to 256 bytes.
    pub source: String,
    /// RFC 3339, or epoch seconds, milli-, micro- or nanoseconds as a number. Arrival time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub timestamp: Option<serde_json::Value>,
    /// `low`, `medium` (default), `high` or `critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Any JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<serde_json::Value>,
    /// Any JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Idempotency key of this event, 1 to 128 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Body of `POST /events/batch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchInput {
    pub events: Vec<EventInput>,
}

/// Answer to one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventAccepted {
    /// The client's id, or `partition:offset` when it sent none.
    pub id: String,
    pub partition: u32,
    pub offset: u64,
    /// `true` when the id was seen before: partition and offset are the first event's, nothing new was stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// `memory` when the answer did not wait for the disk; absent when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<String>,
}

/// Answer to a list of events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchAccepted {
    /// Events stored by this request.
    pub accepted: u64,
    /// Events whose id was seen before; nothing new was stored for them.
    pub duplicates: u64,
    /// Events that were not taken; each is kept in `rejected_events`.
    pub rejected: u64,
    /// The first of the rejected ones, in order.
    pub errors: Vec<EventError>,
    /// `memory` when the answer did not wait for the disk; absent when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<String>,
}

/// Why one event of a list was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventError {
    /// Position in the request, from 0; empty lines are not counted.
    pub index: u64,
    /// Stable name, documented in `docs/error-codes.md`.
    pub code: String,
    /// Names the field.
    pub message: String,
}

/// Parameters of `POST /events` and `POST /events/batch`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IngestParams {
    /// `disk` (default): answer after the events are on disk. `memory`: answer before; a crash may lose them.
    pub ack: Option<String>,
}
