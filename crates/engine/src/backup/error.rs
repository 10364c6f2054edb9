//! Why a backup can not be made, read or restored.

use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::CatalogError;
use crate::journal::JournalError;
use crate::object::Location;
use crate::sealer::SealError;

/// Why a backup can not be made, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("no folder of backups is set")]
    NotConfigured,
    #[error("there is no backup {id}")]
    NotFound { id: String },
    #[error("there is no backup in {}", location.display())]
    None { location: PathBuf },
    #[error("the newest backup, {id}, was made before that")]
    TooOld { id: String },
    #[error("{} is there already", path.display())]
    TargetExists { path: PathBuf },
    #[error("{} is no manifest of a backup: {reason}", path.display())]
    Manifest { path: PathBuf, reason: String },
    #[error("{} has format {found}, this version reads up to {known}", path.display())]
    Newer { path: PathBuf, found: u64, known: u64 },
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{}: {reason}", path.display())]
    Io { path: PathBuf, reason: String },
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the restored folder does not open: {reason}")]
    Unusable { reason: String },
    #[error("the engine is being closed")]
    Stopped,
}

impl BackupError {
    pub(crate) fn place(location: &Location, error: &io::Error) -> Self {
        Self::Io { path: PathBuf::from(location.to_string()), reason: error.to_string() }
    }

    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}
