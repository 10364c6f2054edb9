//! From the engine's reports to the wire.

use jiff::Timestamp;
use streamflow_engine::backup::{BackupReport, Manifest};
use streamflow_engine::compactor::{CompactReport, RetentionReport};
use streamflow_engine::verify::{Fault, Part, VerifyReport};
use streamflow_engine::{HistoryFile, HistoryStats, SealReport, Stats};

use crate::api::storage::{
    BackupAnswer, BackupInfo, CompactAnswer, FaultInfo, RetentionAnswer, SealAnswer, SegmentInfo, StorageStats,
    VerifyAnswer,
};

pub(super) fn stats(history: &HistoryStats, engine: &Stats) -> StorageStats {
    StorageStats {
        events: history.events,
        files: history.files,
        bytes: history.bytes,
        bytes_per_event: (history.events > 0)
            .then(|| (history.bytes as f64 * 100.0 / history.events as f64).round() / 100.0),
        rejected_events: history.rejected_events,
        rejected_files: history.rejected_files,
        rejected_bytes: history.rejected_bytes,
        ended_files: history.ended_files,
        ended_bytes: history.ended_bytes,
        merge_waiting_files: history.files_waiting,
        merge_waiting_bytes: history.bytes_waiting,
        merges: history.merges,
        unsealed_events: engine.tail_rows,
        unsealed_bytes: engine.tail_bytes,
        journal_files: engine.journal_files,
        journal_bytes: engine.journal_bytes,
        location: history.location.clone(),
        nearby_bytes: history.nearby_bytes,
        snapshot: history.snapshot,
        sealed_offset: history.sealed_offset,
        first_ingested_at: history.ingested_at.map(|(first, _)| time(first)),
        last_ingested_at: history.ingested_at.map(|(_, last)| time(last)),
    }
}

pub(super) fn sealed(report: SealReport) -> SealAnswer {
    SealAnswer {
        events: report.events,
        rejected_events: report.rejected_events,
        files: report.files,
        bytes: report.bytes,
        journal_files_removed: report.journal_files_removed,
    }
}

pub(super) fn segment(HistoryFile { table, file }: HistoryFile) -> SegmentInfo {
    SegmentInfo {
        table: table.to_owned(),
        rows: file.rows,
        bytes: file.bytes,
        first_timestamp: time(file.timestamp.0),
        last_timestamp: time(file.timestamp.1),
        first_ingested_at: time(file.ingested_at.0),
        last_ingested_at: time(file.ingested_at.1),
        first_offset: file.offset.0,
        last_offset: file.offset.1,
        crc32c: format!("{:08x}", file.crc32c),
        snapshot: file.snapshot,
        name: file.name,
    }
}

pub(super) fn merged(report: CompactReport) -> CompactAnswer {
    CompactAnswer {
        merges: report.merges,
        files_before: report.files_before,
        files_after: report.files_after,
        rows: report.rows,
        bytes_before: report.bytes_before,
        bytes_after: report.bytes_after,
    }
}

pub(super) fn removed(report: RetentionReport) -> RetentionAnswer {
    RetentionAnswer {
        events: report.events,
        rejected_events: report.rejected_events,
        files_removed: report.files_removed,
        files_rewritten: report.files_rewritten,
        bytes: report.bytes,
    }
}

pub(super) fn verified(report: &VerifyReport) -> VerifyAnswer {
    VerifyAnswer {
        sound: report.faults.is_empty(),
        catalog_groups: report.catalog_groups,
        files: report.files,
        file_bytes: report.file_bytes,
        journal_files: report.journal_files,
        journal_bytes: report.journal_bytes,
        journal_torn_bytes: report.journal_torn_bytes,
        faults: report.faults.iter().map(fault).collect(),
    }
}

fn fault(fault: &Fault) -> FaultInfo {
    let part = match fault.part {
        Part::Catalog => "catalog",
        Part::Segment => "segment",
        Part::Journal => "journal",
    };
    FaultInfo {
        part: part.to_owned(),
        name: fault.name.clone(),
        reason: fault.reason.clone(),
        first_offset: fault.offsets.map(|(first, _)| first),
        last_offset: fault.offsets.map(|(_, last)| last),
        first_timestamp: fault.times.map(|(first, _)| time(first)),
        last_timestamp: fault.times.map(|(_, last)| time(last)),
    }
}

pub(super) fn backup(manifest: &Manifest) -> BackupInfo {
    BackupInfo {
        id: manifest.id.clone(),
        created_at: time(manifest.created_at),
        version: manifest.version.clone(),
        next_offset: manifest.next_offset,
        next_rejected: manifest.next_rejected,
        snapshot: manifest.snapshot,
        files: manifest.files.len() as u64,
        bytes: manifest.bytes(),
    }
}

pub(super) fn backed_up(report: &BackupReport) -> BackupAnswer {
    BackupAnswer {
        backup: backup(&report.manifest),
        copied_files: report.copied_files,
        copied_bytes: report.copied_bytes,
        removed: report.removed,
    }
}

fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
}
