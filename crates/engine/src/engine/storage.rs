//! What an operator sees and does with history: its files, sealing, merging, removing, looking for damage.

use std::sync::atomic::Ordering;

use super::{CATALOG_FILE, Engine, EngineOptions, JOURNAL_DIR};
use crate::backup::{BackupError, BackupReport, Manifest};
use crate::catalog::{Catalog, CatalogError, DataFile, table_dir};
use crate::compactor::{CompactReport, RetentionReport};
use crate::disk::LocalDisk;
use crate::object::{Location, Nearby, open_location};
use crate::sealer::SealError;
use crate::segment::Table;
use crate::verify::{Places, VerifyError, VerifyReport, verify};

/// A file of history and its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFile {
    pub table: &'static str,
    pub file: DataFile,
}

/// What history holds and what is being done to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryStats {
    pub events: u64,
    pub files: u64,
    pub bytes: u64,
    pub rejected_events: u64,
    pub rejected_files: u64,
    pub rejected_bytes: u64,
    /// Files that were replaced or removed and are not deleted yet, and their bytes.
    pub ended_files: u64,
    pub ended_bytes: u64,
    /// Files that wait to be merged, and their bytes.
    pub files_waiting: u64,
    pub bytes_waiting: u64,
    /// Merges since the start.
    pub merges: u64,
    /// The newest snapshot of the catalog.
    pub snapshot: i64,
    /// Offset after the last sealed event.
    pub sealed_offset: u64,
    /// The store that it is in; none is the data folder.
    pub location: Option<String>,
    /// Bytes of the store that are held in the data folder.
    pub nearby_bytes: u64,
    /// First and last time of arrival, microseconds since 1970 UTC; none without events.
    pub ingested_at: Option<(i64, i64)>,
}

impl Engine {
    /// Returns the files of history, oldest offsets first.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn history_files(&self) -> Result<Vec<HistoryFile>, CatalogError> {
        let Some(catalog) = self.read_catalog()? else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        for table in [Table::Events, Table::RejectedEvents] {
            let named = |file| HistoryFile { table: table_dir(table), file };
            files.extend(catalog.files(table)?.into_iter().map(named));
        }
        Ok(files)
    }

    /// Returns what history holds and what is being done to it.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn history_stats(&self) -> Result<HistoryStats, CatalogError> {
        let Some(catalog) = self.read_catalog()? else { return Ok(HistoryStats::default()) };
        let (events, rejected) = (catalog.files(Table::Events)?, catalog.files(Table::RejectedEvents)?);
        let rows = |files: &[DataFile]| files.iter().map(|file| file.rows).sum();
        let bytes = |files: &[DataFile]| files.iter().map(|file| file.bytes).sum();
        let first = events.iter().map(|file| file.ingested_at.0).min();
        let last = events.iter().map(|file| file.ingested_at.1).max();
        let (ended_files, ended_bytes) = catalog.ended()?;
        let progress = &self.inner.compaction;
        Ok(HistoryStats {
            events: rows(&events),
            files: events.len() as u64,
            bytes: bytes(&events),
            rejected_events: rows(&rejected),
            rejected_files: rejected.len() as u64,
            rejected_bytes: bytes(&rejected),
            ended_files,
            ended_bytes,
            files_waiting: progress.files_waiting.load(Ordering::Relaxed),
            bytes_waiting: progress.bytes_waiting.load(Ordering::Relaxed),
            merges: progress.merges.load(Ordering::Relaxed),
            snapshot: catalog.snapshot_id()?,
            sealed_offset: catalog.sealed()?.next_offset,
            location: self.inner.options.location.as_ref().map(ToString::to_string),
            nearby_bytes: self.inner.object.as_ref().map_or(0, |disk| disk.nearby_bytes()),
            ingested_at: first.zip(last),
        })
    }

    /// Merges files of history until there are as few as can be, and waits for it. Blocks: call it on a blocking thread.
    ///
    /// # Errors
    /// When the folder was opened for reading only, or the disk or the catalog fails.
    pub fn compact(&self) -> Result<CompactReport, SealError> {
        self.inner.compactor.as_ref().ok_or(SealError::Stopped)?.compact()
    }

    /// Removes every sealed row that is too old, and waits for it. Blocks: call it on a blocking thread.
    ///
    /// # Errors
    /// As [`Engine::compact`].
    pub fn expire(&self) -> Result<RetentionReport, SealError> {
        self.inner.compactor.as_ref().ok_or(SealError::Stopped)?.expire()
    }

    /// Makes a backup of everything acknowledged so far, at the place that the options say or at another one. Blocks: call it
    /// on a blocking thread.
    ///
    /// # Errors
    /// When no place for backups is set, the folder was opened for reading only, a disk fails, or something is damaged.
    pub fn backup(&self, to: Option<&Location>) -> Result<BackupReport, BackupError> {
        self.inner.backups.as_ref().ok_or(BackupError::Stopped)?.create(to)
    }

    /// Returns the backups there are, oldest first; each that can't be read is an error of its own.
    ///
    /// # Errors
    /// When no place for backups is set, or it can't be read.
    pub fn backups(&self) -> Result<Vec<Result<Manifest, BackupError>>, BackupError> {
        let options = &self.inner.options;
        let location = options.backup.location.as_ref().ok_or(BackupError::NotConfigured)?;
        let nearby = Nearby { bytes_max: 0, ..options.nearby() };
        let folder = open_location(location, &options.object, &nearby);
        let folder = folder.map_err(|error| BackupError::place(location, &error))?;
        Manifest::list(&*folder.disk, &folder.path)
    }

    /// Looks whether everything on disk is what was written. Reads all of it, and blocks: call it on a blocking thread.
    ///
    /// # Errors
    /// When the catalog or the journal can't be read at all.
    pub fn verify(&self) -> Result<VerifyReport, VerifyError> {
        look(&self.inner.options, self.inner.store.journal_end())
    }

    /// Returns the catalog on a connection of its own; none before there is one.
    fn read_catalog(&self) -> Result<Option<Catalog>, CatalogError> {
        let path = self.inner.options.data_dir.join(CATALOG_FILE);
        path.exists().then(|| Catalog::open_read_only(&path)).transpose()
    }
}

/// Looks whether everything in a folder that nobody writes to is what was written, and its history wherever that is.
///
/// # Errors
/// When the catalog, the journal or a store can't be read at all.
pub fn verify_folder(options: &EngineOptions) -> Result<VerifyReport, VerifyError> {
    look(options, (0, 0))
}

fn look(options: &EngineOptions, acknowledged: (u64, u64)) -> Result<VerifyReport, VerifyError> {
    let (catalog, journal) = (options.data_dir.join(CATALOG_FILE), options.data_dir.join(JOURNAL_DIR));
    // Blocks nearby are not what is looked at.
    let bare = EngineOptions { cache_bytes_max: 0, ..options.clone() };
    let (lake, _) = super::lake(&bare)
        .map_err(|error| VerifyError::Store { path: options.data_dir.clone(), reason: error.to_string() })?;
    verify(&LocalDisk, Places { catalog: &catalog, lake: &lake, journal: &journal }, acknowledged)
}
