//! The words that the server and the engine use about one ingestion request.

use bytes::Bytes;

use crate::clock::Micros;

/// How events are laid out in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One JSON object is one event; one JSON array is many; `{"events":[…]}` is not known here.
    Json,
    /// `{"events":[…]}`
    Batch,
    /// One JSON object a line; empty lines are passed over.
    Lines,
}

/// The decompressed bytes of a request.
#[derive(Debug, Clone)]
pub struct Body {
    pub bytes: Bytes,
    pub framing: Framing,
}

/// A body that holds no list of events at all. Nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BodyError {
    /// One of the codes of `streamflow_core::error_code`: `invalid_json`, `invalid_utf8`, …
    pub code: &'static str,
    /// Lowercase, one line, names the place (`line 3, column 7`) where there is one.
    pub message: String,
}

/// One event of a request that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Position in the request, from 0; lines without content are not counted.
    pub index: usize,
    /// One of the codes of `streamflow_core::error_code`.
    pub code: &'static str,
    /// Lowercase, one line, names the field.
    pub message: String,
}

/// Where an event is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub partition: u32,
    pub offset: u64,
}

/// An event whose client id was seen before; nothing new was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Position in the request, from 0.
    pub index: usize,
    /// Where the first event with this id is stored.
    pub first: Identity,
}

/// What the sender wants to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ack {
    /// The answer comes after the events are on disk and visible to SQL.
    #[default]
    Disk,
    /// The answer comes when the journal thread has the events in memory; a crash may lose them.
    Memory,
}

/// The client's `Idempotency-Key` for a whole request, 1 to 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey(pub String);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appended {
    /// Offset of the first event that was stored, when one was. Stored events have neighbouring offsets.
    pub first_offset: Option<u64>,
    /// Events stored by this request.
    pub accepted: usize,
    pub duplicates: Vec<Duplicate>,
    pub rejections: Vec<Rejection>,
    /// Client id of the only event of the request, if it sent one and is the only one.
    pub client_id: Option<String>,
    /// Append time of the stored events.
    pub ingested_at: Micros,
    /// Whether an earlier request with the same `Idempotency-Key` was answered again.
    pub replayed: bool,
}

/// Why nothing of a request was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// 429: the tail is at its memory budget, or the queue to the journal is full.
    #[error("the server holds as many unsealed events as its memory budget allows")]
    Full { retry_after_seconds: u32 },
    /// 503: the disk is full, read-only or failing.
    #[error("the journal can not be written: {reason}")]
    Storage { reason: String },
    /// 503: the engine is stopping.
    #[error("the server is shutting down")]
    Closed,
}
