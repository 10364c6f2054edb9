//! History as an operator sees it: its files, what is done to them, and whether they are sound.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is stored and where it stands. Answer of `GET /api/v1/storage/stats`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StorageStats {
    /// Sealed events.
    pub events: u64,
    /// Their files.
    pub files: u64,
    pub bytes: u64,
    /// Bytes a sealed event; null without events.
    pub bytes_per_event: Option<f64>,
    pub rejected_events: u64,
    pub rejected_files: u64,
    pub rejected_bytes: u64,
    /// Files that were replaced or removed and are not deleted yet.
    pub ended_files: u64,
    pub ended_bytes: u64,
    /// Files that wait to be merged.
    pub merge_waiting_files: u64,
    pub merge_waiting_bytes: u64,
    /// Merges since the server started.
    pub merges: u64,
    /// Events in memory that are not sealed.
    pub unsealed_events: u64,
    pub unsealed_bytes: u64,
    pub journal_files: u64,
    pub journal_bytes: u64,
    /// The store that history is in; null when it is in the data folder.
    pub location: Option<String>,
    /// Bytes of that store that are held in the data folder.
    pub nearby_bytes: u64,
    /// Number of the newest snapshot, by which other engines read an earlier state.
    pub snapshot: i64,
    /// Offset after the last sealed event.
    pub sealed_offset: u64,
    /// When the first sealed event arrived, RFC 3339.
    pub first_ingested_at: Option<String>,
    /// When the last sealed event arrived, RFC 3339.
    pub last_ingested_at: Option<String>,
}

/// What a seal did. Answer of `POST /api/v1/storage/seal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealAnswer {
    pub events: u64,
    pub rejected_events: u64,
    /// New files of history.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    pub journal_files_removed: u64,
}

/// Parameters of `GET /api/v1/storage/segments`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SegmentsParams {
    /// `events` or `rejected_events`; both when absent.
    pub table: Option<String>,
    /// Files of a page, 100 when absent, 1,000 at most.
    pub limit: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A file of history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentInfo {
    /// `events` or `rejected_events`.
    pub table: String,
    /// In the folder of the table.
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    /// Earliest event time, RFC 3339.
    pub first_timestamp: String,
    /// Latest event time, RFC 3339.
    pub last_timestamp: String,
    /// First arrival, RFC 3339.
    pub first_ingested_at: String,
    /// Last arrival, RFC 3339.
    pub last_ingested_at: String,
    pub first_offset: i64,
    pub last_offset: i64,
    /// CRC-32C of the whole file, as eight hexadecimal digits.
    pub crc32c: String,
    /// The snapshot that it came with.
    pub snapshot: i64,
}

/// What merging did. Answer of `POST /api/v1/storage/compact`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompactAnswer {
    pub merges: u64,
    pub files_before: u64,
    pub files_after: u64,
    pub rows: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
}

/// What was removed. Answer of `POST /api/v1/storage/retention`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionAnswer {
    pub events: u64,
    pub rejected_events: u64,
    /// Files that went as a whole.
    pub files_removed: u64,
    /// Files of which some rows went.
    pub files_rewritten: u64,
    /// Bytes that history has less.
    pub bytes: u64,
}

/// What was looked at and what is wrong. Answer of `POST /api/v1/storage/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyAnswer {
    /// Whether nothing is wrong.
    pub sound: bool,
    /// Groups of rows of the catalog.
    pub catalog_groups: u64,
    /// Files of history.
    pub files: u64,
    pub file_bytes: u64,
    pub journal_files: u64,
    pub journal_bytes: u64,
    /// Bytes at the end of the journal that are no whole group; they were being written when the machine stopped.
    pub journal_torn_bytes: u64,
    pub faults: Vec<FaultInfo>,
}

/// Something that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultInfo {
    /// `catalog`, `segment` or `journal`.
    pub part: String,
    /// File or rows.
    pub name: String,
    pub reason: String,
    /// First offset that may be affected.
    pub first_offset: Option<u64>,
    pub last_offset: Option<u64>,
    /// First event time that may be affected, RFC 3339.
    pub first_timestamp: Option<String>,
    pub last_timestamp: Option<String>,
}

/// A backup. One of `GET /api/v1/storage/backups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupInfo {
    pub id: String,
    /// RFC 3339.
    pub created_at: String,
    /// The version of the program that made it.
    pub version: String,
    /// Every event below this offset is in it.
    pub next_offset: u64,
    /// Every rejected event below this number is in it.
    pub next_rejected: u64,
    /// The newest snapshot of its catalog.
    pub snapshot: i64,
    pub files: u64,
    /// Bytes of these; backups share those that did not change.
    pub bytes: u64,
}

/// Parameters of `POST /api/v1/storage/backups`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct BackupParams {
    /// `s3://bucket/prefix`, instead of the place that the server's settings name.
    pub to: Option<String>,
}

/// What making a backup did. Answer of `POST /api/v1/storage/backups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupAnswer {
    #[serde(flatten)]
    pub backup: BackupInfo,
    /// Files that were copied; the others were there.
    pub copied_files: u64,
    pub copied_bytes: u64,
    /// Older backups that were removed.
    pub removed: u64,
}
