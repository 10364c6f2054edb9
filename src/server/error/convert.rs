//! Turns the engine's errors into answers. Nothing internal passes: a disk's own words stay in the log.

use streamflow_engine::SealError;
use streamflow_engine::backup::BackupError;
use streamflow_engine::catalog::CatalogError;
use streamflow_engine::ingest::{AppendError, BodyError};
use streamflow_engine::query::QueryError;
use streamflow_engine::verify::VerifyError;

use super::ApiError;

/// Seconds after which a query that found no place is worth another try.
const QUERY_RETRY_SECONDS: u32 = 1;

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        Self::new(error.code, error.message)
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full { retry_after_seconds } => {
                Self::new("tail_full", error.to_string()).retry_after(retry_after_seconds)
            }
            AppendError::Storage { reason } => {
                tracing::error!(reason, "events can not be stored");
                Self::plain("storage_unavailable")
            }
            AppendError::Closed => Self::plain("shutting_down"),
        }
    }
}

/// What an operator does about a store.
const STORE_HINT: &str = "it is tried again; acknowledged events are in the journal until the store has them, and \
                          storage.s3 says how it is reached";

impl From<SealError> for ApiError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Stopped => Self::plain("shutting_down"),
            error if error.is_of_store() => {
                tracing::error!(%error, "history was not changed");
                Self::new("storage_unavailable", error.to_string()).hint(STORE_HINT)
            }
            _ => {
                tracing::error!(%error, "history was not changed");
                Self::plain("storage_unavailable")
            }
        }
    }
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NotConfigured => Self::plain("backup_not_configured"),
            BackupError::Stopped => Self::plain("shutting_down"),
            BackupError::Seal(error) => error.into(),
            BackupError::Io { ref path, .. } if path.starts_with("s3:") => {
                tracing::error!(%error, "a backup failed");
                Self::new("backup_failed", error.to_string()).hint(STORE_HINT)
            }
            _ => {
                tracing::error!(%error, "a backup failed");
                Self::plain("backup_failed")
            }
        }
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        tracing::error!(%error, "the catalog can not be read");
        Self::plain("storage_unavailable")
    }
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        tracing::error!(%error, "nothing can be looked at");
        match error {
            VerifyError::Store { .. } => Self::new("storage_unavailable", error.to_string()).hint(STORE_HINT),
            _ => Self::plain("storage_unavailable"),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let mut converted = Self::new(error.code, error.message);
        if let Some(hint) = error.hint {
            converted = converted.hint(hint);
        }
        if let Some((line, column)) = error.place {
            converted = converted.details(serde_json::json!({ "line": line, "column": column }));
        }
        if error.code == "query_busy" {
            converted = converted.retry_after(QUERY_RETRY_SECONDS);
        }
        converted
    }
}
