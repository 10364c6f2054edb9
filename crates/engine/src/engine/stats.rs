//! Counters for metrics, `status` and the operator.

use std::sync::atomic::Ordering::Relaxed;

use crate::compactor::Progress;
use crate::ingest::Store;

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
    /// Events that broke a schema in mode `warn` and were accepted.
    pub schema_warnings: u64,
    /// Rejected events dropped because their budget was full.
    pub rejected_dropped: u64,
    pub tail_rows: u64,
    pub tail_bytes: u64,
    pub tail_bytes_max: u64,
    pub tail_chunks: u64,
    /// Events in files of history.
    pub sealed_rows: u64,
    pub sealed_files: u64,
    /// Bytes of the files of history.
    pub sealed_bytes: u64,
    /// Files of history that wait to be merged, their bytes, and merges since the start.
    pub merge_waiting_files: u64,
    pub merge_waiting_bytes: u64,
    pub merges: u64,
    /// Files of the journal that are not given back yet, and what they take on the disk.
    pub journal_files: u64,
    pub journal_bytes: u64,
    pub journal_syncs: u64,
    /// Time of `fdatasync` calls, microseconds, summed.
    pub journal_sync_micros: u64,
    /// Why the journal takes nothing any more, if so.
    pub storage_failure: Option<String>,
    /// Free space when the journal last looked; `u64::MAX` before its first write.
    pub disk_free_bytes: u64,
    /// Event time of the newest event, microseconds since 1970 UTC; none if there is no event.
    pub timestamp_max: Option<i64>,
}

impl Stats {
    pub(super) fn of(store: &Store, compaction: &Progress, (journal_files, journal_bytes): (u64, u64)) -> Self {
        let journal = store.journal.lock().clone();
        let counters = &store.counters;
        store.settle();
        let (chunks, _) = store.tail.chunks();
        let sealed = store.sealed().events;
        Self {
            next_offset: counters.next_offset.load(Relaxed),
            events_accepted: counters.accepted.load(Relaxed),
            events_duplicate: counters.duplicates.load(Relaxed),
            events_rejected: counters.rejected.load(Relaxed),
            unknown_keys: counters.unknown_keys.load(Relaxed),
            schema_warnings: store.schemas.warnings(),
            rejected_dropped: store.rejected.lock().dropped,
            tail_rows: chunks.iter().map(|chunk| chunk.batch.num_rows() as u64).sum(),
            tail_bytes: store.tail.bytes() as u64,
            tail_bytes_max: store.options.tail_bytes_max as u64,
            tail_chunks: chunks.len() as u64,
            sealed_rows: sealed.iter().map(|file| file.rows() as u64).sum(),
            sealed_files: sealed.len() as u64,
            sealed_bytes: sealed.iter().map(|file| file.bytes()).sum(),
            merge_waiting_files: compaction.files_waiting.load(Relaxed),
            merge_waiting_bytes: compaction.bytes_waiting.load(Relaxed),
            merges: compaction.merges.load(Relaxed),
            journal_files,
            journal_bytes,
            journal_syncs: journal.stats.syncs,
            journal_sync_micros: u64::try_from(journal.stats.sync_time.as_micros()).unwrap_or(u64::MAX),
            storage_failure: journal.failure,
            disk_free_bytes: journal.free_bytes,
            timestamp_max: chunks
                .iter()
                .map(|chunk| chunk.timestamp_max)
                .chain(sealed.iter().filter_map(|file| file.timestamp_max()))
                .max(),
        }
    }
}
