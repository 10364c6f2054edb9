//! Backups: copies of a data folder from which it can be made again, as it was at a moment.
//!
//! # The folder, or the place in an object store
//!
//! ```text
//! objects/<crc32c>-<bytes>-<name>   the bytes of a file, under a name made of its checksum, its length and its own name
//! <id>.json                         a manifest: what the backup is of, and the object of each file
//! ```
//!
//! In a store these are names of objects. Files of history never change, so a backup copies those that are new; the catalog and the rest of the journal are copied
//! each time. A backup is there once its manifest is, which is renamed into place last. Objects that no manifest names are
//! removed when an old backup is.
//!
//! # Under load
//!
//! Everything acknowledged before is sealed first. Then the journal is copied, then the catalog at one moment, then the files
//! that this copy names. What is sealed meanwhile is missing in the journal's copy and named by the catalog's, so that the
//! two make up every event acknowledged before the backup began, and more of those that came while it ran; never a later one
//! without an earlier one.

mod create;
mod error;
mod manifest;
mod objects;
mod restore;
mod schedule;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;

pub use error::BackupError;
pub use manifest::{Entry, Manifest};
pub use restore::{RestoreReport, restore, verify_backups};
pub(crate) use schedule::BackupThread;

use crate::clock::Clock;
use crate::disk::{Disk, Folder};
use crate::ingest::Store;
use crate::object::{Location, Nearby, ObjectOptions};
use crate::sealer::Sealer;

/// Where backups are kept, and how often one is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupOptions {
    /// None makes none (`storage.backup_location`).
    pub location: Option<Location>,
    /// Zero makes none by itself (`storage.backup_interval`).
    pub interval: Duration,
    /// How many are kept; zero keeps all (`storage.backup_keep`).
    pub keep: usize,
}

/// What making a backup did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    pub manifest: Manifest,
    /// Files that were copied; the others were there.
    pub copied_files: u64,
    pub copied_bytes: u64,
    /// Older backups that were removed.
    pub removed: u64,
}

/// What is wrong with a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFault {
    /// Id of the backup.
    pub backup: String,
    /// Path in the data folder; none for the manifest itself.
    pub path: Option<String>,
    pub reason: String,
}

/// What makes backups of an open folder.
#[derive(Debug, Clone)]
pub(crate) struct Backups {
    pub(crate) options: BackupOptions,
    pub(crate) source: Source,
    pub(crate) sealer: Arc<Sealer>,
    /// How stores are reached.
    pub(crate) object: ObjectOptions,
    pub(crate) nearby: Nearby,
}

/// What is backed up.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) store: Arc<Store>,
    /// Of the journal.
    pub(crate) disk: Arc<dyn Disk>,
    /// Folder of the journal.
    pub(crate) journal: PathBuf,
    /// In this machine's own file system.
    pub(crate) catalog: PathBuf,
    /// Where files of history are.
    pub(crate) lake: Folder,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held while files of history are copied: none is deleted meanwhile.
    pub(crate) copying: Arc<Mutex<()>>,
    pub(crate) stopping: Arc<AtomicBool>,
}
