//! Stops the server of this project and waits until it is gone.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, json};
use streamflow_engine::LockHolder;

use super::tree::examples;
use super::{Session, local, session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings;

pub(super) const SHAPES: &[&Shape] = &[&SHAPE];

const SHAPE: Shape = Shape {
    name: "streamflow.stop/1",
    form: Form::Record,
    fields: &[
        Field::new("pid", Kind::Number, "process that was stopped, null if none ran"),
        Field::new("data", Kind::Text, "folder of its events"),
    ],
};

/// Between two looks whether the server is gone; short, for people wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Stop the server of this project
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow stop", "streamflow stop --timeout 1m"))]
pub(super) struct StopArgs {
    /// How long to wait until it is gone
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = settings::parse_duration)]
    timeout: Duration,
    /// Kill it when it is not gone in time; nothing that was acknowledged is lost
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: StopArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let data_dir = local::data_dir_of(session.target()?, "stop")?;
    let Some(server) = local::running(&data_dir) else {
        session.printer().talk(format_args!("no server runs on {}", session::shortened(&data_dir)));
        return report(session, &data_dir, None);
    };
    signal(&server, Signal::TERM)?;
    if !is_gone(&data_dir, &server, args.timeout) {
        if !args.force {
            let message =
                format!("process {} is still there after {}", server.pid, settings::spell_duration(args.timeout));
            return Err(CommandError::new("timed_out", message, ExitStatus::TimedOut)
                .with_hint("wait longer with --timeout, or kill it with --force"));
        }
        signal(&server, Signal::KILL)?;
        is_gone(&data_dir, &server, args.timeout);
    }
    session.printer().talk(format_args!("stopped process {}", server.pid));
    report(session, &data_dir, Some(server.pid))
}

fn report(session: &Session, data_dir: &Path, pid: Option<u32>) -> Result<ExitStatus, CommandError> {
    let object =
        Map::from_iter([("pid".to_owned(), json!(pid)), ("data".to_owned(), json!(data_dir.display().to_string()))]);
    // A person was told in words.
    if !session.printer().wants_words() {
        session.printer().record(SHAPE.name, &object)?;
    }
    Ok(ExitStatus::Ok)
}

fn signal(server: &LockHolder, signal: Signal) -> Result<(), CommandError> {
    let pid = i32::try_from(server.pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| CommandError::usage("the lock file names no process"))?;
    match kill_process(pid, signal) {
        // It ended by itself in between.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(CommandError::usage(format!("cannot stop process {}: {error}", server.pid))
            .with_hint("stop it as the user who started it")),
    }
}

/// A server is gone when nobody, or somebody else, holds the folder.
fn is_gone(data_dir: &Path, server: &LockHolder, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if local::running(data_dir).is_none_or(|now| now.pid != server.pid) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(LOOK_EVERY);
    }
}
