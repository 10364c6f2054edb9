//! Frames of a live tail.
//!
//! Over SSE the frame's `type` is also the SSE event name, so that a browser can listen to one kind.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Parameters of `GET /api/v1/events/live` and `GET /api/v1/live`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveParams {
    /// A SQL boolean expression over the event's columns, or `k=v` words.
    pub filter: Option<String>,
    /// Events a second at most, evenly picked when there are more, and as many at once after a calm second; the others are counted,
    /// not sent.
    pub max_rate: Option<String>,
}

/// One frame of a live tail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveFrame {
    /// An event that passed the filter.
    Event {
        #[schema(value_type = Object)]
        event: serde_json::Value,
    },
    /// The subscriber was too slow: so many events went by unseen, whether or not they would have passed the filter.
    Gap { missed: u64 },
    /// Sent each second when `max_rate` is set: events that passed the filter, and those of them that were sent.
    Counters { matched: u64, sent: u64 },
}
