//! Sends many events and says at the end what became of them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use serde_json::{Map, json};
use tokio::sync::mpsc;

use super::batch::{BATCH_EVENTS_MAX, Batcher, WAITING_BATCHES_MAX};
use super::delivery::{Backoff, Delivery, Keys};
use super::flow::{self, Speed, Totals};
use super::generate::Run;
use super::input::{Defaults, End, Input, InputError};
use super::{SendArgs, count, record};
use crate::commands::{Session, remote};
use crate::printer::{CommandError, ExitStatus, Printer, Shape};
use crate::telemetry::task;

pub(super) const TOTALS: Shape = record(
    "streamflow.send/1",
    &[
        count("accepted", "events stored by this call"),
        count("duplicates", "events whose id was stored before"),
        count("rejected", "events that the server did not take; `events rejected` shows them"),
        count("unanswered", "events under way when the call ended early; they may be stored or not"),
        count("requests", "requests that were answered"),
        count("retries", "requests sent again because the server was busy or gone"),
        count("bytes", "bytes of events before compression"),
        count("seconds", "time from the first request to the last answer"),
        count("events_per_second", "answered events by that time"),
    ],
);

/// Where many events come from.
pub(super) enum Feed {
    Inputs(Vec<Input>, Defaults),
    Generated(Box<Run>),
}

impl Feed {
    /// Opens the files or the pipe that the arguments name.
    pub(super) fn inputs(args: &SendArgs) -> Result<Self, CommandError> {
        if let Some(name) = args.event.first_given() {
            return Err(CommandError::usage(format!("{name} describes one event, but the input has many"))
                .with_hint("leave it out; the events in the input say everything themselves"));
        }
        let event_type = args.event_type.clone().filter(|event_type| event_type != "-");
        let defaults = Defaults { event_type, source: args.event.source.clone() };
        let inputs = if args.file.is_empty() {
            vec![Input::stdin(args.layout)?]
        } else {
            args.file.iter().map(|path| open(path, args)).collect::<Result<_, _>>()?
        };
        Ok(Self::Inputs(inputs, defaults))
    }

    /// Hands every event to `batcher`.
    fn write(self, batcher: &mut Batcher) -> Result<(), InputError> {
        match self {
            Self::Inputs(inputs, defaults) => {
                for input in inputs {
                    if let End::Stopped = input.read(&defaults, batcher)? {
                        break;
                    }
                }
            }
            // Nobody takes events any more: the sending side knows why.
            Self::Generated(run) => drop(run.write(batcher)),
        }
        Ok(())
    }

    fn total(&self) -> Option<u64> {
        match self {
            Self::Inputs(..) => None,
            Self::Generated(run) => run.total(),
        }
    }

    fn in_flight_max(&self) -> usize {
        match self {
            Self::Inputs(inputs, _) if inputs.iter().any(Input::is_live) => flow::IN_FLIGHT_ORDERED,
            _ => flow::IN_FLIGHT_MAX,
        }
    }

    fn batch_events_max(&self) -> usize {
        match self {
            Self::Inputs(..) => BATCH_EVENTS_MAX,
            Self::Generated(run) => run.batch_events_max,
        }
    }
}

fn open(path: &std::path::Path, args: &SendArgs) -> Result<Input, InputError> {
    if path.as_os_str() == "-" { Input::stdin(args.layout) } else { Input::open(path, args.layout) }
}

impl From<InputError> for CommandError {
    fn from(error: InputError) -> Self {
        let hint = match &error {
            InputError::Open { .. } => Some("check the name; `-` reads from a pipe"),
            InputError::Packed { .. } => Some("unpack it first, and pipe it in: … | streamflow send -"),
            InputError::TooLong { .. } => Some("the input must have one event a line, or be a JSON array"),
            InputError::Malformed { .. } | InputError::Read { .. } => None,
        };
        Self::usage(error.to_string()).with_hint_maybe(hint)
    }
}

pub(super) fn run(feed: Feed, args: &SendArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let printer = session.printer();
    let delivery = Delivery {
        client: remote::server_for_writing(session, "send events", args.consent())?,
        ack: args.ack,
        keys: Keys::Run(run_key()),
        retry_for: args.retry_for,
        backoff: Backoff::default(),
    };
    let speed = args.rate.map_or(Speed::Full, Speed::PerSecond);
    let progress = printer.progress("sending", feed.total());
    let (to, batches) = mpsc::channel(WAITING_BATCHES_MAX);
    let in_flight_max = feed.in_flight_max();
    let mut batcher = Batcher::new(to, feed.batch_events_max());
    let reader = task::thread("read events", move || feed.write(&mut batcher))
        .map_err(|error| CommandError::bug(format!("cannot start a thread: {error}")))?;
    let started = Instant::now();
    let mut totals = Totals::default();
    let sending = flow::run(&delivery, batches, in_flight_max, speed, &progress, &mut totals);
    let outcome = session.block_on(async { Ok(sending.await?) });
    drop(progress);
    if totals.requests > 0 || outcome.is_ok() {
        report(&totals, started.elapsed(), printer)?;
    }
    outcome?;
    // The channel is closed, so that the reader has ended: what it has to say is at hand.
    match reader.join() {
        Ok(read) => read?,
        Err(_) => return Err(CommandError::bug("reading the events failed")),
    }
    Ok(if totals.rejected > 0 { ExitStatus::Negative } else { ExitStatus::Ok })
}

fn report(totals: &Totals, elapsed: Duration, printer: &Printer) -> Result<(), CommandError> {
    for rejection in &totals.rejections {
        printer.insist(format_args!("{}: {} ({})", rejection.place, rejection.message, rejection.code));
    }
    let unseen = totals.rejected.saturating_sub(totals.rejections.len() as u64);
    if unseen > 0 {
        printer.insist(format_args!("and {unseen} more were rejected"));
    }
    if totals.rejected > 0 {
        printer.talk("the server keeps what it rejected: streamflow events rejected");
    }
    if totals.unanswered() > 0 {
        printer.insist(format_args!("{} events were under way and may be stored or not", totals.unanswered()));
    }
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { (totals.answered() as f64 / seconds).round() } else { 0.0 };
    let object = Map::from_iter([
        ("accepted".to_owned(), json!(totals.accepted)),
        ("duplicates".to_owned(), json!(totals.duplicates)),
        ("rejected".to_owned(), json!(totals.rejected)),
        ("unanswered".to_owned(), json!(totals.unanswered())),
        ("requests".to_owned(), json!(totals.requests)),
        ("retries".to_owned(), json!(totals.retries)),
        ("bytes".to_owned(), json!(totals.bytes)),
        ("seconds".to_owned(), json!((seconds * 1_000.0).round() / 1_000.0)),
        ("events_per_second".to_owned(), json!(rate as u64)),
    ]);
    printer.record(TOTALS.name, &object)
}

/// Returns a name for this run that no other run has: the hasher is seeded by the operating system.
fn run_key() -> String {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    let first = hasher.finish();
    format!("send-{first:016x}{:016x}", RandomState::new().build_hasher().finish())
}
