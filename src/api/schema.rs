//! Schemas of event types.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happens to an event that does not match its type's schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SchemaMode {
    /// Nothing: the schema is documentation.
    Off,
    /// The event is stored and counted.
    Warn,
    /// The event is rejected.
    #[default]
    Reject,
}

/// The schema of one event type: answer of `GET`, body of `PUT /api/v1/schemas/{type}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventTypeSchema {
    /// The event type; in a body it may be left out, for the path names it.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub event_type: String,
    #[serde(default)]
    pub mode: SchemaMode,
    /// A JSON Schema for the event's `data`.
    #[schema(value_type = Object)]
    pub schema: serde_json::Value,
}
