//! The engine as its callers see it: open, prepare and append, query, subscribe, close.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::ingest::{Ack, AppendError, Appended, Body, BodyError, Identity, Prepared, RequestKey};
use crate::query::{Answer, Query, QueryEngine, QueryError};
use crate::tail::{Chunk, Snapshot};

/// What an engine needs to know before it opens.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Folder of `journal/`, `catalog.db` and `LOCK`.
    pub data_dir: PathBuf,
    /// Written to `LOCK`, so that other commands find the running server.
    pub address: String,
    /// Memory for the tail, bytes (`analytics.max_memory`).
    pub tail_bytes_max: usize,
    /// Below this much free space nothing is taken (`storage.min_free`).
    pub min_free_bytes: u64,
    /// How long a client's event id is remembered (`ingest.dedup_window`).
    pub dedup_window: Duration,
    /// How many ids are remembered at most.
    pub dedup_ids_max: usize,
    pub limits: streamflow_core::event::Limits,
    pub query: crate::query::QueryLimits,
}

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves this folder; its address as `LOCK` tells it.
    #[error("the data folder is in use by process {pid} at {address}")]
    Locked { pid: u32, address: String },
    #[error("{what} was written by a newer version of streamflow (format {found}, this one knows {known})")]
    Newer { what: String, found: u32, known: u32 },
    #[error("{path}: {reason}")]
    Io { path: PathBuf, reason: String },
}

/// A handle to one open data folder; clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    query: QueryEngine,
}

impl Engine {
    /// Opens `options.data_dir` for writing, replaying the journal into the tail.
    ///
    /// # Errors
    /// When the folder is locked by another process, was written by a newer version, or cannot be read or written.
    pub fn open(options: EngineOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let _ = (options, clock);
        unimplemented!()
    }

    /// Opens `options.data_dir` for reading only: no lock is taken, nothing is written.
    ///
    /// # Errors
    /// As [`Engine::open`], except that a lock does not matter.
    pub fn open_read_only(options: EngineOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let _ = (options, clock);
        unimplemented!()
    }

    /// Decodes, validates and enriches a body. Pure CPU work, about 0.3 µs an event: call it on the connection's task for
    /// bodies up to 1 MiB, on a blocking thread for larger ones.
    ///
    /// # Errors
    /// When the body as a whole is no list of events. Bad events inside a good list are in the answer of `append`.
    pub fn prepare(&self, body: Body) -> Result<Prepared, BodyError> {
        let _ = body;
        unimplemented!()
    }

    /// Stores what was prepared and waits for `ack`.
    ///
    /// # Errors
    /// When nothing of it was stored.
    pub async fn append(
        &self,
        prepared: Prepared,
        ack: Ack,
        request_key: Option<RequestKey>,
    ) -> Result<Appended, AppendError> {
        let _ = (prepared, ack, request_key);
        unimplemented!()
    }

    /// Returns every event acknowledged so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        unimplemented!()
    }

    /// Returns where the event with this client id is stored.
    #[must_use]
    pub fn find_client_id(&self, id: &str) -> Option<Identity> {
        let _ = id;
        unimplemented!()
    }

    /// Runs a read-only SQL statement over everything acknowledged before the call.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or passes a limit.
    pub async fn query(&self, query: Query) -> Result<Answer, QueryError> {
        self.inner.query.run(self.snapshot(), query).await
    }

    /// Returns the query side alone, for filters and schema listings.
    #[must_use]
    pub fn query_engine(&self) -> &QueryEngine {
        &self.inner.query
    }

    /// Returns a receiver of every chunk from now on. A receiver that falls behind misses whole chunks, which shows as a
    /// jump in `base_offset`.
    #[must_use]
    pub fn subscribe(&self) -> tokio::sync::broadcast::Receiver<Arc<Chunk>> {
        unimplemented!()
    }

    /// Returns the counters that metrics, `status` and `storage stats` show.
    #[must_use]
    pub fn stats(&self) -> Stats {
        unimplemented!()
    }

    /// Takes no more events, syncs and closes the journal.
    pub async fn close(&self) {
        unimplemented!()
    }
}

/// Counters since the engine was opened, and sizes as they are now.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Events ever stored in this folder (the next offset).
    pub next_offset: u64,
    pub events_accepted: u64,
    pub events_duplicate: u64,
    pub events_rejected: u64,
    /// Top-level keys that were not fields of an event and went to `metadata`.
    pub unknown_keys: u64,
    /// Rejected events dropped because their budget was full.
    pub rejected_dropped: u64,
    pub tail_rows: u64,
    pub tail_bytes: u64,
    pub tail_bytes_max: u64,
    pub tail_chunks: u64,
    pub journal_bytes: u64,
    pub journal_files: u64,
    pub journal_syncs: u64,
    /// Time of `fdatasync` calls, microseconds, summed.
    pub journal_sync_micros: u64,
    /// Why the journal takes nothing any more, if so.
    pub storage_failure: Option<String>,
    pub disk_free_bytes: u64,
    /// Event time of the newest event, 0 if there is none.
    pub timestamp_max: i64,
}
