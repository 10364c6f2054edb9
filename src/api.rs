//! What travels between server and client: requests, answers and errors, as Rust types with their JSON form.
//!
//! Types only. The server fills them, the client reads them, `openapi.json` is generated from them.

pub mod analytics;
pub mod error;
pub mod ingestion;
pub mod live;
pub mod query;
pub mod schema;
pub mod state;
pub mod storage;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Request header and answer header that names one request in logs and errors.
pub const REQUEST_ID_HEADER: &str = "request-id";
/// Answer header that is `true` when an answer holds fewer rows than there are.
pub const TRUNCATED_HEADER: &str = "streamflow-truncated";
/// Answer header with the server's version, on all routes but those that take events.
pub const VERSION_HEADER: &str = "streamflow-version";
/// Request header that makes a whole ingestion request idempotent.
pub const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";
/// Answer header that is `true` when an earlier request with the same key was answered again.
pub const IDEMPOTENCY_REPLAYED_HEADER: &str = "idempotency-replayed";

/// A successful answer of the analytics and management routes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Success<T> {
    /// Always `true`: an error has another form.
    pub success: bool,
    pub data: T,
}

impl<T> Success<T> {
    /// Wraps an answer.
    pub const fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// Always `true`: an error has another form.
    pub success: bool,
    pub data: Vec<T>,
    /// Value of `cursor=` for the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
