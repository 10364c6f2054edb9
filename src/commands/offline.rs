//! Opens a project's data when no server runs: the same routes, inside this process.

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
    let options = engine_options(session.settings()?, data_dir, &session.current_dir()?)?;
    let engine = Engine::open_read_only(options, session.clock())?;
    Ok(Client::in_process(Server::in_process(engine, ServerOptions::default())))
}

/// A folder that this process may write to, until it is closed.
pub(super) struct Opened {
    engine: Engine,
    pub(super) client: Client,
}

impl Opened {
    /// Seals what the journal holds and gives the folder back.
    pub(super) fn close(self) {
        self.engine.close();
    }
}

/// Opens the data in a folder for writing; its lock is taken.
///
/// # Errors
/// When the settings are wrong, another process has the folder, or it can not be read.
pub(super) fn writer(session: &Session, data_dir: PathBuf) -> Result<Opened, CommandError> {
    let options = engine_options(session.settings()?, data_dir, &session.current_dir()?)?;
    let engine = Engine::open(options, session.clock())?;
    let client = Client::in_process(Server::in_process(engine.clone(), ServerOptions::default()));
    Ok(Opened { engine, client })
}
