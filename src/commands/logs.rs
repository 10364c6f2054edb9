//! Prints the log of a detached server, and follows it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::start::LOG_FILE;
use super::tree::examples;
use super::{Session, local, session};
use crate::printer::{CommandError, ExitStatus};

/// Between two looks at the file while following.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Print the log of a detached server
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow logs", "streamflow logs -n 20", "streamflow logs --follow"))]
pub(super) struct LogsArgs {
    /// Go on with lines as they are written
    #[arg(short, long)]
    follow: bool,
    /// Lines to begin with
    #[arg(short = 'n', long, value_name = "LINES", default_value_t = 100)]
    lines: usize,
}

pub(super) fn run(args: LogsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let path = local::data_dir_of(session.target()?, "logs")?.join(LOG_FILE);
    let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
    let mut reader = BufReader::new(file);
    let mut last = VecDeque::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if last.len() == args.lines {
            last.pop_front();
        }
        last.push_back(std::mem::take(&mut line));
    }
    // With -n 0 the queue holds the line that was pushed last.
    let skipped = last.len().saturating_sub(args.lines);
    let text: Vec<u8> = last.into_iter().skip(skipped).flatten().collect();
    session.printer().bytes(&text)?;
    if args.follow {
        session.block_on(follow(session, &path, reader))?;
    }
    Ok(ExitStatus::Ok)
}

async fn follow(session: &Session, path: &Path, mut reader: BufReader<File>) -> Result<(), CommandError> {
    let mut position = reader.stream_position()?;
    loop {
        let length = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(position);
        if length < position {
            // Emptied or replaced, as log rotation does: begin anew.
            reader = BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?);
            position = 0;
        }
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(position))?;
        reader.read_to_end(&mut bytes)?;
        position += bytes.len() as u64;
        session.printer().bytes(&bytes)?;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let shown = session::shortened(path);
    if error.kind() == ErrorKind::NotFound {
        return CommandError::new("usage", format!("there is no log {shown}"), ExitStatus::NotFound)
            .with_hint("`streamflow start --detach` writes it; a server in the foreground logs to its terminal");
    }
    CommandError::new("storage_unavailable", format!("cannot read {shown}: {error}"), ExitStatus::Usage)
}
