//! Brings files of rows into a server as events: NDJSON, CSV and Parquet, of our own or of others.
//!
//! Every request's key is made of its content and its place, so that the same file sent again stores nothing twice.

mod mapping;
mod reading;
mod report;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes as Body;
use streamflow_core::event::Limits;
use streamflow_engine::ingest::{self, Framing, Store};
use tokio::sync::mpsc;

use self::mapping::Mapping;
use self::reading::{End, Read, Reading};
use self::report::Outcome;
use self::source::{Bytes, Layout, Source};
use super::engine_options::engine_options;
use super::send::batch::{Batch, Batcher, WAITING_BATCHES_MAX};
use super::send::delivery::{Ack, Backoff, Delivery, Keys, Rejection};
use super::send::flow::{self, REJECTIONS_SHOWN_MAX, Speed, Totals};
use super::send::input::InputError;
use super::tree::examples;
use super::{Consent, Session, remote};
use crate::printer::{CommandError, ExitStatus, Progress, Shape};
use crate::settings::parse_duration;
use crate::telemetry::task;

pub(super) const SHAPES: &[&Shape] = &[&report::TOTALS];

/// Events of one request. It is part of what a request's key is made of: with another number, what was imported by an
/// older version would be stored again.
const BATCH_EVENTS: usize = 5_000;

/// Bring files of NDJSON, CSV or Parquet in as events
///
/// A column with the name of an event's field is that field; any other becomes a key of data, and in tables a dot in its
/// name goes one level down. Sending the same file again stores nothing twice for as long as the server remembers requests
/// (ingest.dedup_window), so that an import that was interrupted is simply run again.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow import events.parquet",
    "streamflow import access.csv --map time=timestamp --map status=data.status --type web.request --source nginx",
    "streamflow import january.ndjson.gz february.ndjson.gz",
    "streamflow import orders.csv --type order --map password= --dry-run",
    "zcat old.csv.gz | streamflow import - --type old",
))]
pub(super) struct ImportArgs {
    /// Files of NDJSON, CSV or Parquet, the first two also packed with gzip or zstd; `-` reads a pipe
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Put a column into a field (ts=timestamp), into data (x=data.y), or leave it out (x=)
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Type of events whose row has none
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Source of events whose row has none
    #[arg(long, value_name = "NAME", default_value = "import")]
    source: String,
    /// Read and check everything, send nothing
    #[arg(long)]
    dry_run: bool,
    /// How the rows are laid out; found out by itself unless given
    #[arg(long, value_enum, value_name = "LAYOUT", hide_short_help = true)]
    layout: Option<Layout>,
    /// Name of this import: the same file under another name is stored once more
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, hide_short_help = true)]
    key: String,
    /// How long a request is tried again while the server is busy or gone
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration, hide_short_help = true)]
    retry_for: Duration,
    /// Import into a protected context without being asked
    #[arg(long, hide_short_help = true)]
    yes: bool,
}

pub(super) fn run(args: ImportArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let mapping = args.mapping()?;
    let bytes = Bytes::of(args.files.iter().map(PathBuf::as_path));
    let first = args.files.first().map(|path| Source::open(path, args.layout, &bytes)).transpose()?;
    let delivery = if args.dry_run { None } else { Some(args.delivery(session)?) };
    let progress = Arc::new(session.printer().progress("importing", None));
    let (to, batches) = mpsc::channel(WAITING_BATCHES_MAX);
    let reading = Reading::new(mapping, Batcher::new(to, BATCH_EVENTS), bytes.clone(), Arc::clone(&progress));
    let files = Files { first, rest: args.files.iter().skip(1).cloned().collect(), layout: args.layout, bytes };
    let reader = task::thread("read rows", move || files.read(reading))
        .map_err(|error| CommandError::bug(format!("cannot start a thread: {error}")))?;
    let started = Instant::now();
    let mut totals = Totals::default();
    let sent = match &delivery {
        Some(delivery) => {
            let sending = flow::run(delivery, batches, flow::IN_FLIGHT_MAX, Speed::Full, &progress, &mut totals);
            session.block_on(async { Ok(sending.await?) })
        }
        None => check_all(batches, session, &progress, &mut totals),
    };
    // Nobody writes to a pipe any more, perhaps: whoever pressed Ctrl-C is not kept waiting for it.
    let is_stuck = sent.is_err() && args.reads_pipe() && !reader.is_finished();
    let read =
        if is_stuck { None } else { Some(reader.join().map_err(|_| CommandError::bug("reading the rows failed"))?) };
    drop(progress);
    let (read, failed) = read.unwrap_or_default();
    let outcome = Outcome { totals, read, elapsed: started.elapsed(), is_dry: args.dry_run };
    outcome.report(sent.is_err() || failed.is_some(), session.printer())?;
    sent?;
    match failed {
        Some(error) => Err(error.into()),
        None if outcome.refused() > 0 => Ok(ExitStatus::Negative),
        None => Ok(ExitStatus::Ok),
    }
}

impl ImportArgs {
    fn mapping(&self) -> Result<Mapping, CommandError> {
        let mapping = Mapping::parse(&self.map)
            .map_err(|reason| CommandError::usage(reason).with_hint("write it like --map ts=timestamp"))?;
        Ok(mapping.with_defaults(self.event_type.clone(), self.source.clone()))
    }

    fn delivery(&self, session: &Session) -> Result<Delivery, CommandError> {
        let consent = if self.yes { Consent::Given } else { Consent::Wanted };
        Ok(Delivery {
            client: remote::server_for_writing(session, "import events", consent)?,
            ack: Ack::Disk,
            keys: Keys::Content(self.key.clone()),
            retry_for: self.retry_for,
            backoff: Backoff::default(),
        })
    }

    fn reads_pipe(&self) -> bool {
        self.files.iter().any(|path| path == Path::new("-"))
    }
}

/// The files of one import. The first is open already, so that a wrong name is told before anything is sent.
struct Files {
    first: Option<Source>,
    rest: Vec<PathBuf>,
    layout: Option<Layout>,
    bytes: Bytes,
}

impl Files {
    /// Reads every file. What was read before an error counts.
    fn read(self, mut reading: Reading) -> (Read, Option<InputError>) {
        let rest = self.rest.iter().map(|path| Source::open(path, self.layout, &self.bytes));
        for source in self.first.map(Ok).into_iter().chain(rest) {
            match source.and_then(|source| reading.read(source)) {
                Ok(End::Complete) => {}
                Ok(End::Stopped) => break,
                Err(error) => return (reading.read, Some(error)),
            }
        }
        (reading.read, None)
    }
}

/// Checks events as a server with this project's settings does, and stores nothing. What a schema says is not asked.
fn check_all(
    mut batches: mpsc::Receiver<Batch>,
    session: &Session,
    progress: &Progress,
    totals: &mut Totals,
) -> Result<(), CommandError> {
    let options = engine_options(session.settings()?, PathBuf::new(), &session.current_dir()?)?;
    let (store, limits): (Store, Limits) = (Store::new(options.store), options.limits);
    while let Some(batch) = batches.blocking_recv() {
        let body = ingest::Body { bytes: Body::from(batch.body), framing: Framing::Lines };
        totals.bytes += body.bytes.len() as u64;
        totals.sent += batch.events as u64;
        let prepared = ingest::prepare(body, &store, limits)
            .map_err(|error| CommandError::bug(format!("the rows can not be checked: {error}")))?;
        totals.accepted += prepared.rows() as u64;
        for rejection in prepared.rejections() {
            totals.rejected += 1;
            if totals.rejections.len() < REJECTIONS_SHOWN_MAX {
                let line = batch.lines.get(rejection.index).copied().unwrap_or_default();
                let place = format!("{}:{line}", batch.origin);
                let message = super::send::delivery::without_line(&rejection.message).to_owned();
                totals.rejections.push(Rejection { place, code: rejection.code.to_owned(), message });
            }
        }
        progress.set(totals.answered());
    }
    Ok(())
}
