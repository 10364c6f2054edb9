//! The server under load: one that runs already, or one that is started for the bench in a folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::target::{Reach, Target, TargetError};
use crate::commands::{Session, local};
use crate::printer::{CommandError, ExitStatus};
use crate::settings::Secret;
use crate::telemetry::process::Process;

/// Which server to measure.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// Start a server of its own, and remove its events afterwards
    #[arg(long)]
    spawn: bool,
    /// Folder in which --spawn makes its own; the disk under it is what is measured
    #[arg(long, value_name = "DIR", default_value = ".", requires = "spawn", hide_short_help = true)]
    dir: PathBuf,
    /// Memory for events of the server that --spawn starts
    #[arg(long, value_name = "SIZE", default_value = "8GB", requires = "spawn", hide_short_help = true)]
    max_memory: String,
    /// Process of the server, to measure its processor time; found by itself for a server of this folder
    #[arg(long, value_name = "PID", conflicts_with = "spawn", hide_short_help = true)]
    server_pid: Option<u32>,
    /// Put a server on another machine under load
    #[arg(long, hide_short_help = true)]
    allow_remote: bool,
}

/// The server under load. One that was started for it ends, and its folder goes, when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// Takes events.
    pub(super) ingestion: Target,
    /// Has every route.
    pub(super) gateway: Target,
    pub(super) process: Option<Process>,
    spawned: Option<Spawned>,
}

#[derive(Debug)]
struct Spawned {
    child: Child,
    folder: PathBuf,
}

impl ServerArgs {
    pub(super) fn spawns(&self) -> bool {
        self.spawn
    }

    /// Returns the server, starting it if that was asked for.
    pub(super) fn server(&self, session: &Session) -> Result<Server, CommandError> {
        if self.spawn {
            return self.start(session);
        }
        let chosen = session.target()?;
        let reach = if self.allow_remote { Reach::Anywhere } else { Reach::Loopback };
        let token = chosen.token.as_ref().map(Secret::reveal).map(str::to_owned);
        let target = Target::parse(&chosen.url, token, reach)?;
        let found = chosen.data_dir.as_deref().and_then(local::running).map(|holder| holder.pid);
        let process = self.server_pid.or(found).map(Process::Pid);
        Ok(Server { ingestion: target.clone(), gateway: target, process, spawned: None })
    }

    fn start(&self, session: &Session) -> Result<Server, CommandError> {
        let dir = session.current_dir()?.join(&self.dir);
        let folder = dir.join(format!("streamflow-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| cannot_start(&format!("{}: {error}", folder.display())))?;
        session.printer().talk(format_args!("starting a server in {}", folder.display()));
        let spawned = Spawned::start(folder, &self.max_memory)?;
        spawned.into_server()
    }
}

impl Spawned {
    fn start(folder: PathBuf, max_memory: &str) -> Result<Self, CommandError> {
        let program = std::env::current_exe().map_err(|error| cannot_start(&error.to_string()))?;
        let log = File::create(folder.join("server.log")).map_err(|error| cannot_start(&error.to_string()))?;
        let child = Command::new(program)
            .args(["start", "--port-base", "0", "--echo", "--ready-fd", "1", "--data"])
            .arg(folder.join("data"))
            .arg("--project")
            .arg(&folder)
            .env("STREAMFLOW_ANALYTICS_MAX_MEMORY", max_memory)
            .env("STREAMFLOW_LOGGING_LEVEL", "warn")
            .env_remove("STREAMFLOW_SERVER_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn();
        match child {
            Ok(child) => Ok(Self { child, folder }),
            Err(error) => Err(cannot_start(&error.to_string())),
        }
    }

    fn into_server(mut self) -> Result<Server, CommandError> {
        let stdout = self.child.stdout.take().ok_or_else(|| cannot_start("it has no stdout"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(|error| cannot_start(&error.to_string()))?;
        let ready: Value = serde_json::from_str(&line).map_err(|_| cannot_start(&last_words(&self.folder)))?;
        let target = |role: &str| -> Result<Target, CommandError> {
            let url = ready[role].as_str().unwrap_or_default();
            Ok(Target::parse(url, None, Reach::Loopback)?)
        };
        let (ingestion, gateway) = (target("ingestion")?, target("gateway")?);
        let process = Some(Process::Pid(self.child.id()));
        Ok(Server { ingestion, gateway, process, spawned: Some(self) })
    }
}

impl Drop for Spawned {
    /// The folder goes with the server, so there is nothing to close neatly.
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).unwrap_or_default();
        fs::remove_dir_all(&self.folder).unwrap_or_default();
    }
}

impl Server {
    /// Returns whether nobody else sends events to it.
    pub(super) fn is_ours_alone(&self) -> bool {
        self.spawned.is_some()
    }
}

fn last_words(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    log.lines().last().unwrap_or("it ended before it served").to_owned()
}

fn cannot_start(reason: &str) -> CommandError {
    CommandError::new(
        "server_unhealthy",
        format!("the server for the bench does not start: {reason}"),
        ExitStatus::Unhealthy,
    )
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        let failure = Self::usage(error.to_string());
        match error {
            TargetError::Remote(_) => failure.with_hint("add --allow-remote if it is yours to put under load"),
            _ => failure.with_hint("give the address as --server http://127.0.0.1:8005"),
        }
    }
}
