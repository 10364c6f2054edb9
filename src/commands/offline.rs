//! Opens a project's data for reading when no server runs: the same routes, inside this process.

use std::path::PathBuf;

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
    let engine = Engine::open_read_only(options(settings, data_dir)).map_err(|error| unopened(&error))?;
    Ok(Client::in_process(Server::in_process(engine, ServerOptions::default())))
}

/// Only what matters for reading is taken from the settings.
fn options(settings: &Settings, data_dir: PathBuf) -> EngineOptions {
    let threads = match settings.count("query.threads") {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    EngineOptions {
        query: QueryLimits {
            timeout: settings.duration("query.timeout"),
            rows_default: settings.count("query.max_rows"),
            rows_max: settings.count("query.rows_cap"),
            memory_bytes: settings.bytes_in_memory("query.memory"),
            threads,
        },
        ..EngineOptions::new(data_dir)
    }
}

fn unopened(error: &OpenError) -> CommandError {
    let (code, hint) = match error {
        OpenError::Locked { .. } => ("data_in_use", "talk to that server, or stop it first with `streamflow stop`"),
        OpenError::Journal(_) => ("storage_unavailable", "see `streamflow doctor`"),
        OpenError::Io { .. } => ("storage_unavailable", "check that the folder exists and that you may read it"),
    };
    CommandError::new(code, error.to_string(), ExitStatus::Usage).with_hint(hint)
}
