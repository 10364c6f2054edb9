//! What the settings say about the engine.

use std::path::{Path, PathBuf};

use streamflow_core::event::Limits;
use streamflow_engine::backup::BackupOptions;
use streamflow_engine::catalog::CatalogError;
use streamflow_engine::compactor::CompactorOptions;
use streamflow_engine::ingest::StoreOptions;
use streamflow_engine::query::QueryLimits;
use streamflow_engine::segment::{Codec, SegmentError, WriteOptions};
use streamflow_engine::{EngineOptions, OpenError, SealError};

mod object;
mod retention;

pub(super) use object::{location, nothing_nearby, object_options};

use super::geoip;
use crate::printer::{CommandError, ExitStatus};
use crate::settings::Settings;

/// Returns the engine's options for a data folder.
///
/// # Errors
/// When a setting has a value that the engine can not take.
pub(super) fn engine_options(
    settings: &Settings,
    data_dir: PathBuf,
    current_dir: &Path,
) -> Result<EngineOptions, CommandError> {
    Ok(EngineOptions {
        store: StoreOptions {
            tail_bytes_max: settings.bytes_in_memory("analytics.max_memory"),
            dedup_window: settings.duration("ingest.dedup_window"),
            dedup_ids_max: settings.count("ingest.dedup_ids_max"),
            rejected_bytes_max: settings.bytes_in_memory("ingest.rejected_budget"),
            seed: (rand::random(), rand::random()),
        },
        seal_interval: settings.duration("storage.seal_interval"),
        compactor: CompactorOptions {
            retention: retention::of(settings)?,
            replaced_grace: settings.duration("storage.replaced_grace"),
            write_options: write_options(settings),
        },
        location: object::history(settings)?,
        object: object_options(settings)?,
        cache_bytes_max: settings.bytes("storage.cache_size"),
        backup: BackupOptions {
            location: object::backups(settings, current_dir)?,
            interval: settings.duration("storage.backup_interval"),
            keep: settings.count("storage.backup_keep"),
        },
        min_free_bytes: settings.bytes_in_memory("storage.min_free") as u64,
        limits: Limits {
            event_bytes: settings.bytes_in_memory("ingest.limits.event"),
            nesting: settings.count("ingest.limits.nesting"),
            keys: settings.count("ingest.limits.keys"),
            tags: settings.count("ingest.limits.tags"),
        },
        query: query_limits(settings),
        geoip_database: settings.file(geoip::SETTING, current_dir),
        ..EngineOptions::new(data_dir)
    })
}

/// Returns the options of a data folder that has its history in itself, whatever the settings say of other folders.
///
/// # Errors
/// As [`engine_options`].
pub(super) fn self_contained(
    settings: &Settings,
    data_dir: PathBuf,
    current_dir: &Path,
) -> Result<EngineOptions, CommandError> {
    let backup = BackupOptions::default();
    Ok(EngineOptions { location: None, backup, ..engine_options(settings, data_dir, current_dir)? })
}

fn write_options(settings: &Settings) -> WriteOptions {
    let level = i32::try_from(settings.number("storage.zstd_level")).unwrap_or(i32::MAX);
    let codec = match settings.text("storage.compression") {
        Some("snappy") => Codec::Snappy,
        Some("gzip") => Codec::Gzip,
        Some("lz4") => Codec::Lz4,
        Some("none") => Codec::Nothing,
        _ => Codec::Zstd(level),
    };
    WriteOptions { codec, ..WriteOptions::default() }
}

fn query_limits(settings: &Settings) -> QueryLimits {
    let threads = match settings.count("query.threads") {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    QueryLimits {
        timeout: settings.duration("query.timeout"),
        export_timeout: settings.duration("query.export_timeout"),
        rows_default: settings.count("query.max_rows"),
        rows_max: settings.count("query.rows_cap"),
        memory_bytes: settings.bytes_in_memory("query.memory"),
        threads,
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        let (code, hint) = match error {
            OpenError::Locked { .. } => {
                ("data_in_use", "talk to that server, or stop it first with `streamflow stop`".to_owned())
            }
            OpenError::Geo(error) => return geoip::unusable(&error),
            OpenError::Journal(error) => ("storage_unavailable", journal_hint(&error)),
            OpenError::History(error) => ("storage_unavailable", history_hint(&error)),
            OpenError::Io { path, .. } if is_store(&path) => ("storage_unavailable", STORE_HINT.to_owned()),
            OpenError::Io { .. } => {
                ("storage_unavailable", "check that the folder exists and that you may read and write it".to_owned())
            }
        };
        Self::new(code, message, ExitStatus::Usage).with_hint(hint)
    }
}

const STORE_HINT: &str =
    "see storage.location and storage.s3 in `streamflow config view --origin`; acknowledged events are in the journal";

fn is_store(path: &Path) -> bool {
    path.starts_with("s3:")
}

fn history_hint(error: &SealError) -> String {
    match error {
        SealError::Catalog(CatalogError::Newer { .. }) | SealError::Segment(SegmentError::Newer { .. }) => {
            "use the version that wrote it, or a newer one"
        }
        SealError::Catalog(_) => "the catalog says which files hold history; bring catalog.db back from a copy",
        SealError::Io { path, .. } if is_store(path) => STORE_HINT,
        SealError::Elsewhere { lake, .. } if is_store(lake) => {
            "set storage.location to where they are, or bring them back from a backup"
        }
        SealError::Elsewhere { said, .. } if said.starts_with("s3://") => {
            "history is in a store: set storage.location to it, or restore a backup into a folder"
        }
        SealError::Foreign { .. } => {
            "give storage.location another prefix; a restored folder or a copy may not share one with the original"
        }
        SealError::Segment(_) | SealError::Io { .. } | SealError::Elsewhere { .. } => {
            "the catalog names this file of history; bring it back from a copy"
        }
        SealError::Ahead | SealError::Stopped => "start the server again",
    }
    .to_owned()
}

fn journal_hint(error: &streamflow_engine::journal::JournalError) -> String {
    use streamflow_engine::journal::JournalError;
    match error {
        JournalError::Newer { .. } => "use the version that wrote it, or a newer one",
        JournalError::Damaged(_) => {
            "bring the file back from a backup, or go on without these events: `streamflow start --skip-damaged`"
        }
        _ => "check that the folder exists and that you may read and write it",
    }
    .to_owned()
}
