//! Starts the server as a process of its own and waits until every port serves.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value};

use super::{Plan, READY, StartArgs, shown_dir};
use crate::commands::{Session, local, session};
use crate::printer::paint::GOOD;
use crate::printer::{CommandError, ExitStatus, painted};

/// Where a detached server logs, in its data folder.
pub(crate) const LOG_FILE: &str = "streamflow.log";
/// The end of the log that is shown when the server did not start.
const LOG_SHOWN_BYTES_MAX: u64 = 8 << 10;

pub(super) fn run(args: &StartArgs, plan: &Plan, session: &Session) -> Result<ExitStatus, CommandError> {
    if let Some(server) = local::running(&plan.data_dir) {
        let message = format!("the data folder is in use by process {} at {}", server.pid, server.address);
        return Err(CommandError::new("data_in_use", message, ExitStatus::Usage)
            .with_hint("talk to that server, or stop it first with `streamflow stop`"));
    }
    let log_path = plan.data_dir.join(LOG_FILE);
    let log = open_log(&plan.data_dir, &log_path)?;
    let log_start = log.metadata().map_or(0, |metadata| metadata.len());
    let mut child = spawn(args, log)?;
    let mut line = String::new();
    let output = child.stdout.take().expect("the child's stdout is a pipe");
    BufReader::new(output).read_line(&mut line)?;
    let Ok(ready) = serde_json::from_str::<Map<String, Value>>(&line) else {
        return failed(child, &log_path, log_start, session);
    };
    let printer = session.printer();
    printer.talk(format_args!(
        "{} serving {}; log: {}",
        painted(GOOD, "●"),
        shown_dir(plan),
        session::shortened(&log_path)
    ));
    printer.record(READY.name, &ready)?;
    Ok(ExitStatus::Ok)
}

fn open_log(data_dir: &Path, path: &Path) -> Result<File, CommandError> {
    let opened = fs::create_dir_all(data_dir).and_then(|()| OpenOptions::new().create(true).append(true).open(path));
    opened.map_err(|error| {
        let message = format!("cannot write {}: {error}", session::shortened(path));
        CommandError::new("storage_unavailable", message, ExitStatus::Usage)
    })
}

/// The child's stdout is the pipe that it announces itself on, its stderr the log.
fn spawn(args: &StartArgs, log: File) -> Result<Child, CommandError> {
    let broken = |error: io::Error| CommandError::bug(format!("cannot start a process: {error}"));
    let program = std::env::current_exe().map_err(broken)?;
    let own: Vec<_> = std::env::args_os().skip(1).filter(|word| word != "--detach").collect();
    let mut command = Command::new(program);
    command.args(own).arg("--detached");
    if args.ready_fd.is_none() {
        command.arg("--ready-fd=1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(log)).spawn().map_err(broken)
}

fn failed(mut child: Child, log_path: &Path, log_start: u64, session: &Session) -> Result<ExitStatus, CommandError> {
    let status = child.wait()?;
    let said = tail_of(log_path, log_start).unwrap_or_default();
    session.printer().insist(said.trim_end());
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match code.map(ExitStatus::from_number) {
        Some(status) if status != ExitStatus::Ok => Ok(status),
        _ => Err(CommandError::bug("the server ended before it served").with_hint("its log is above")),
    }
}

fn tail_of(path: &Path, start: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(LOG_SHOWN_BYTES_MAX))))?;
    let mut bytes = Vec::new();
    file.take(LOG_SHOWN_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
