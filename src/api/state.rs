//! How the server is: health, readiness, status.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /health`: 200 when `status` is `healthy`, 503 when it is `unhealthy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `healthy` or `unhealthy`.
    pub status: String,
    pub version: String,
    pub uptime_seconds: u64,
    pub checks: Vec<HealthCheck>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthCheck {
    /// `storage`, `memory`.
    pub name: String,
    /// `ok`, `warning` or `failed`.
    pub status: String,
    /// One line for a person.
    pub message: String,
}

/// Answer of `GET /ready`: 200 when `ready`, else 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    pub ready: bool,
    pub ports: Vec<PortState>,
}

/// One port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortState {
    /// `ingestion`, `analytics`, `alerting`, `storage` or `gateway`.
    pub role: String,
    /// `127.0.0.1:8001`
    pub address: String,
    pub serving: bool,
}

/// Answer of `GET /api/v1/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// `healthy` or `unhealthy`, as `/health` says.
    pub status: String,
    pub version: String,
    pub uptime_seconds: u64,
    pub pid: u32,
    pub ports: Vec<PortState>,
    pub events: EventCounters,
    pub tail: TailState,
    pub journal: JournalState,
    #[serde(default)]
    pub queries: QueriesState,
    #[serde(default)]
    pub process: ProcessState,
    pub connections: u64,
    pub live_subscribers: u64,
}

/// Statements that run, and those since the server started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueriesState {
    /// Statements under way, the oldest first.
    pub running: Vec<RunningQuery>,
    /// Statements that may run at the same time, exports not counted.
    pub running_max: u64,
    pub answered: u64,
    /// Statements that were wrong or passed a limit.
    pub failed: u64,
    /// Statements whose asker went away.
    pub cancelled: u64,
    /// Mean time from start to end of those that ended.
    pub elapsed_ms_mean: f64,
    /// Memory that running statements hold.
    pub memory_bytes: u64,
    pub memory_bytes_max: u64,
}

/// A statement under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunningQuery {
    /// In one line, cut where it is long. Values of parameters are not in it.
    pub sql: String,
    pub elapsed_ms: f64,
}

/// What the server's process takes of its machine; null where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProcessState {
    /// Processor time of all threads so far.
    pub cpu_seconds: Option<f64>,
    /// Memory that is resident.
    pub memory_bytes: Option<u64>,
    pub threads: Option<u64>,
    /// Open files, connections included.
    pub open_files: Option<u64>,
    pub open_files_max: Option<u64>,
}

/// Events since the server started, except where noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventCounters {
    /// Events ever stored in this data folder.
    pub stored: u64,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub rejected_dropped: u64,
    /// Top-level keys that were no fields of an event.
    pub unknown_keys: u64,
}

/// Events in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TailState {
    pub rows: u64,
    pub bytes: u64,
    pub bytes_max: u64,
    pub chunks: u64,
}

/// Events on disk that are not sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalState {
    pub bytes: u64,
    pub files: u64,
    pub syncs: u64,
    /// Mean time of a sync, microseconds.
    pub sync_micros_mean: u64,
    pub disk_free_bytes: u64,
    /// Why nothing is taken any more, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// One rejected event, as `GET /api/v1/rejected` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedEvent {
    pub offset: u64,
    /// RFC 3339.
    pub received_at: String,
    pub code: String,
    pub message: String,
    /// The first 64 KiB of what came in.
    pub raw: String,
}
