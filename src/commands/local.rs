//! Finds the server of a folder on this machine, by the `LOCK` file that a running server keeps.

use std::fs;
use std::path::{Path, PathBuf};

use super::session::Session;
use super::target::{LOCAL, Protection, Target};
use crate::settings::Settings;

/// A server that runs on a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    /// Address of the gateway, `host:port`.
    pub(super) address: String,
}

/// Returns the server that runs on the folder. A `LOCK` file that no process holds locked is a leftover, no server.
pub(super) fn running(data_dir: &Path) -> Option<Running> {
    use rustix::fs::{FlockOperation, flock};
    let path = data_dir.join("LOCK");
    let file = fs::File::open(&path).ok()?;
    if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    parsed(&fs::read_to_string(&path).ok()?)
}

/// The file holds the process id and the address, separated by white space.
fn parsed(text: &str) -> Option<Running> {
    let mut words = text.split_whitespace();
    let pid = words.next()?.parse().ok()?;
    Some(Running { pid, address: words.next().unwrap_or_default().to_owned() })
}

/// Returns the target for a folder of events: its running server, or where one would listen.
pub(super) fn target(session: &Session, settings: &Settings, data_dir: PathBuf) -> Target {
    let address = running(&data_dir).map(|server| server.address).filter(|address| !address.is_empty());
    let url = address.map_or_else(|| default_url(settings), |address| format!("http://{address}"));
    Target {
        name: LOCAL.to_owned(),
        url,
        token: session.token().or_else(|| settings.secret("server.token").cloned()),
        data_dir: Some(data_dir),
        protection: Protection::None,
    }
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
