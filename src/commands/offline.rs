//! Opens a project's data for reading when no server runs: the same routes, inside this process.

use std::path::PathBuf;

use streamflow_engine::Engine;

use super::Session;
use super::engine_options::engine_options;
use crate::client::Client;
use crate::printer::CommandError;
use crate::server::{Server, ServerOptions};

/// Returns a client of the data in a folder. Nothing is written, no lock is taken.
///
/// # Errors
/// When the settings are wrong or the folder can not be read.
pub(super) fn reader(session: &Session, data_dir: PathBuf) -> Result<Client, CommandError> {
    let options = engine_options(session.settings()?, data_dir, &session.current_dir()?);
    let engine = Engine::open_read_only(options, session.clock())?;
    Ok(Client::in_process(Server::in_process(engine, ServerOptions::default())))
}
