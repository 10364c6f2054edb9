//! Finds the server of a folder on this machine, by the `LOCK` file that a running server keeps.

use std::path::{Path, PathBuf};

use streamflow_engine::{LockHolder, read_lock};

use super::session::Session;
use super::target::{LOCAL, Protection, Target};
use crate::printer::{CommandError, ExitStatus};
use crate::settings::Settings;

/// Returns the server that runs on the folder, if one does.
pub(super) fn running(data_dir: &Path) -> Option<LockHolder> {
    read_lock(data_dir)
}

/// Returns the target for a folder of events: its running server, or where one would listen.
pub(super) fn target(session: &Session, settings: &Settings, data_dir: PathBuf) -> Target {
    let address = running(&data_dir).map(|server| server.address).filter(|address| !address.is_empty());
    Target {
        name: LOCAL.to_owned(),
        url: address.unwrap_or_else(|| default_url(settings)),
        token: session.token().or_else(|| settings.secret("server.token").cloned()),
        data_dir: Some(data_dir),
        protection: Protection::None,
        cluster: None,
    }
}

/// Returns the folder of the target, for commands that need the machine itself and not only an address.
pub(super) fn data_dir_of(target: Target, what: &str) -> Result<PathBuf, CommandError> {
    target.data_dir.ok_or_else(|| {
        CommandError::new(
            "usage",
            format!("{what} works on this machine only, and {} is elsewhere", target.name),
            ExitStatus::Usage,
        )
        .with_hint("run it there, or add --context local")
    })
}

fn default_url(settings: &Settings) -> String {
    let host = match settings.text("server.host") {
        // Not addresses one can connect to; the same machine answers on loopback.
        None | Some("0.0.0.0" | "::") => "127.0.0.1",
        Some(host) => host,
    };
    let port = settings.port("server.ports.dashboard");
    if host.contains(':') { format!("http://[{host}]:{port}") } else { format!("http://{host}:{port}") }
}
