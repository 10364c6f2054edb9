//! What an engine needs to know before it opens, and why it may not open.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use streamflow_core::event::Limits;

use crate::backup::BackupOptions;
use crate::compactor::CompactorOptions;
use crate::geoip::GeoError;
use crate::ingest::StoreOptions;
use crate::journal::{JournalError, OnDamage};
use crate::object::{Nearby, ObjectOptions, StoreAddress};
use crate::query::QueryLimits;
use crate::sealer::SealError;

/// Folder of what is held of a store.
const CACHE_DIR: &str = "cache";

/// What an engine needs to know before it opens.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Folder of `journal/`, `catalog.db` and `LOCK`.
    pub data_dir: PathBuf,
    /// Written to `LOCK`, so that other commands find the running server.
    pub address: String,
    pub store: StoreOptions,
    /// Longest time that an event stays unsealed (`storage.seal_interval`).
    pub seal_interval: Duration,
    /// Where files of history are; none is the folder `lake` in `data_dir` (`storage.location`).
    pub location: Option<StoreAddress>,
    /// How stores are reached, for history and for backups (`storage.s3`).
    pub object: ObjectOptions,
    /// Bytes of blocks of a store that are kept in `data_dir` (`storage.cache_size`).
    pub cache_bytes_max: u64,
    pub compactor: CompactorOptions,
    pub backup: BackupOptions,
    /// Below this much free space nothing is taken (`storage.min_free`).
    pub min_free_bytes: u64,
    pub limits: Limits,
    pub query: QueryLimits,
    pub on_damage: OnDamage,
    /// File that says where addresses are (`enrichment.geoip_database`).
    pub geoip_database: Option<PathBuf>,
}

impl EngineOptions {
    /// Returns the defaults for a folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            address: String::new(),
            store: StoreOptions::default(),
            seal_interval: Duration::from_secs(60),
            location: None,
            object: ObjectOptions::default(),
            cache_bytes_max: 4 << 30,
            compactor: CompactorOptions::default(),
            backup: BackupOptions::default(),
            min_free_bytes: 256 << 20,
            limits: Limits::default(),
            query: QueryLimits::default(),
            on_damage: OnDamage::default(),
            geoip_database: None,
        }
    }
}

impl EngineOptions {
    /// Returns what of a store is held in the data folder.
    #[must_use]
    pub fn nearby(&self) -> Nearby {
        Nearby {
            dir: self.data_dir.join(CACHE_DIR),
            bytes_max: self.cache_bytes_max,
            // Twice what events need: they are refused below that, blocks are only fetched again.
            free_bytes_min: self.min_free_bytes.saturating_mul(2),
        }
    }
}

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves this folder; its address as `LOCK` tells it.
    #[error("the data folder is in use by process {pid} at {address}")]
    Locked { pid: u32, address: String },
    #[error(transparent)]
    Geo(#[from] GeoError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    History(#[from] SealError),
    #[error("{}: {reason}", path.display())]
    Io { path: PathBuf, reason: String },
}

impl OpenError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}
