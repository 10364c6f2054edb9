//! Why a catalog can not be opened, read or written.

use std::path::{Path, PathBuf};

/// Why a catalog can not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{}: {reason}", path.display())]
    Sqlite { path: PathBuf, reason: String },
    #[error("{} is a database, but no catalog of StreamFlow", path.display())]
    Foreign { path: PathBuf },
    #[error("{} has format {found}, this version reads up to {known}", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
}

impl CatalogError {
    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        Self::Sqlite { path: path.to_owned(), reason: error.to_string() }
    }
}
