//! Opens a project's data for reading when no server runs: the same routes, inside this process.

use std::path::PathBuf;

use streamflow_core::event::Limits;
use streamflow_engine::query::QueryLimits;
use streamflow_engine::{Engine, EngineOptions, OpenError};

use super::Session;
use crate::client::Client;
use crate::printer::{CommandError, ExitStatus};
use crate::server::{Server, ServerOptions};
use crate::settings::Settings;

/// Returns a client of the data in a folder. Nothing is written, no lock is taken.
///
/// # Errors
/// When the settings are wrong or the folder can not be read.
pub(super) fn reader(session: &Session, data_dir: PathBuf) -> Result<Client, CommandError> {
    let settings = session.settings()?;
    let engine = Engine::open_read_only(options(settings, data_dir), session.clock())?;
    Ok(Client::in_process(Server::in_process(engine, ServerOptions::default())))
}

/// Only what matters for reading is taken from the settings.
fn options(settings: &Settings, data_dir: PathBuf) -> EngineOptions {
    let threads = match settings.count("query.threads") {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    EngineOptions {
        data_dir,
        address: String::new(),
        tail_bytes_max: settings.bytes_in_memory("analytics.max_memory"),
        min_free_bytes: 0,
        dedup_window: settings.duration("ingest.dedup_window"),
        dedup_ids_max: settings.count("ingest.dedup_ids_max"),
        limits: Limits::default(),
        query: QueryLimits {
            timeout: settings.duration("query.timeout"),
            rows_default: settings.count("query.max_rows"),
            rows_max: settings.count("query.rows_cap"),
            memory_bytes: settings.bytes_in_memory("query.memory"),
            threads,
        },
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        match error {
            OpenError::Locked { .. } => Self::new("data_in_use", message, ExitStatus::Usage)
                .with_hint("talk to that server, or stop it first with `streamflow stop`"),
            OpenError::Newer { .. } => Self::new("storage_unavailable", message, ExitStatus::Usage)
                .with_hint("use the version that wrote it, or a newer one"),
            OpenError::Io { .. } => Self::new("storage_unavailable", message, ExitStatus::Usage)
                .with_hint("check that the folder exists and that you may read it"),
        }
    }
}
