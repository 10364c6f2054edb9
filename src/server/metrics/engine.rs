//! The engine's counters, and what its process takes, as metrics, read when somebody asks.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use streamflow_engine::Engine;

use crate::telemetry::process::Process;

/// Reads [`Engine::stats`] on each scrape.
#[derive(Debug)]
pub(super) struct EngineCollector(Engine);

impl EngineCollector {
    pub(super) const fn new(engine: Engine) -> Self {
        Self(engine)
    }
}

impl Collector for EngineCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let stats = self.0.stats();
        let queries = self.0.query_engine().activity();
        let usage = Process::Own.usage();
        let mut counter = |name: &str, help: &str, unit: Option<&Unit>, value: u64| {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, unit, metric.metric_type())?)
        };
        counter("ingest_events_accepted", "Events stored", None, stats.events_accepted)?;
        counter("ingest_events_duplicate", "Events whose id was seen before", None, stats.events_duplicate)?;
        counter("ingest_events_rejected", "Events that were not taken", None, stats.events_rejected)?;
        counter("ingest_rejected_dropped", "Rejected events dropped at their budget", None, stats.rejected_dropped)?;
        counter("ingest_unknown_keys", "Top-level keys kept as metadata", None, stats.unknown_keys)?;
        counter("ingest_schema_warnings", "Events accepted against their type's schema", None, stats.schema_warnings)?;
        counter("history_merges", "Merges of files of history", None, stats.merges)?;
        counter("journal_syncs", "Calls of fdatasync", None, stats.journal_syncs)?;
        counter("query_answered", "Statements answered", None, queries.answered)?;
        counter("query_failed", "Statements that were wrong or passed a limit", None, queries.failed)?;
        counter("query_cancelled", "Statements whose asker went away", None, queries.cancelled)?;
        let mut seconds = |name: &str, help: &str, value: f64| {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, Some(&Unit::Seconds), metric.metric_type())?)
        };
        seconds("journal_sync", "Time spent in fdatasync", stats.journal_sync_micros as f64 / 1e6)?;
        if let Some(usage) = usage {
            seconds("process_cpu", "Processor time of all threads", usage.cpu.as_secs_f64())?;
        }

        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: u64| {
            let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            metric.encode(encoder.encode_descriptor(name, help, unit, metric.metric_type())?)
        };
        gauge("tail_events", "Events in memory", None, stats.tail_rows)?;
        gauge("tail_chunks", "Pieces of the tail", None, stats.tail_chunks)?;
        gauge("tail_memory", "Memory of the tail", Some(&Unit::Bytes), stats.tail_bytes)?;
        gauge("tail_memory_limit", "Budget of the tail", Some(&Unit::Bytes), stats.tail_bytes_max)?;
        gauge("history_events", "Events in files of history", None, stats.sealed_rows)?;
        gauge("history_files", "Files of history", None, stats.sealed_files)?;
        gauge("history_size", "Size of the files of history", Some(&Unit::Bytes), stats.sealed_bytes)?;
        gauge(
            "history_merge_waiting_files",
            "Files of history that wait to be merged",
            None,
            stats.merge_waiting_files,
        )?;
        let waiting = stats.merge_waiting_bytes;
        gauge("history_merge_waiting_size", "Bytes of these", Some(&Unit::Bytes), waiting)?;
        gauge("journal_size", "Size of the journal", Some(&Unit::Bytes), stats.journal_bytes)?;
        gauge("journal_files", "Files of the journal", None, stats.journal_files)?;
        gauge("query_running", "Statements under way", None, queries.running.len() as u64)?;
        gauge("query_memory", "Memory of running statements", Some(&Unit::Bytes), queries.memory_bytes as u64)?;
        let limit = queries.memory_bytes_max as u64;
        gauge("query_memory_limit", "Budget of running statements", Some(&Unit::Bytes), limit)?;
        if let Some(usage) = usage {
            gauge("process_resident_memory", "Resident memory", Some(&Unit::Bytes), usage.memory_bytes)?;
            gauge("process_threads", "Threads", None, usage.threads)?;
            gauge("process_open_files", "Open files, connections included", None, usage.open_files)?;
            gauge("process_open_files_limit", "Files that may be open", None, usage.open_files_max)?;
        }
        // Not known before the first write.
        if stats.disk_free_bytes != u64::MAX {
            gauge("storage_free", "Free space of the data folder", Some(&Unit::Bytes), stats.disk_free_bytes)?;
        }
        gauge("storage_failed", "1 when events can not be stored", None, u64::from(stats.storage_failure.is_some()))
    }
}
