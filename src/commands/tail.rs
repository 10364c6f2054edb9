//! Shows events as they come in, after those of the past that were asked for, without a hole between.

mod history;
mod line;
mod live;
mod screen;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use self::history::{History, Past};
use self::live::{Stream, Wanted};
use self::screen::{Screen, State};
use super::emptiness::{self, Words};
use super::observed;
use super::tree::examples;
use super::{Session, bare_word, range, remote};
use crate::api::live::LiveFrame;
use crate::client::{ClientError, SseEvents};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings::parse_duration;

pub(super) const SHAPES: &[&Shape] = &[&EVENT];

/// Live frames that are kept while the past is printed; beyond them the server keeps some, and then tells of a gap.
const LIVE_FRAMES_MAX: usize = 10_000;

pub(super) const EVENT: Shape = Shape {
    name: "streamflow.event/1",
    form: Form::Listing,
    fields: &[
        Field::new("timestamp", Kind::Time, "when it happened"),
        Field::new("type", Kind::Text, "dotted name of the type"),
        Field::new("source", Kind::Text, "service or system that sent it"),
        Field::new("severity", Kind::Text, "low, medium, high or critical"),
        Field::new("user_id", Kind::Text, "id of the user"),
        Field::new("session_id", Kind::Text, "id of the session"),
        Field::new("correlation_id", Kind::Text, "ties events of one request together"),
        Field::new("data", Kind::Json, "what the sender said about it"),
        Field::new("metadata", Kind::Json, "keys that are no fields of an event"),
        Field::new("tags", Kind::Json, "list of tags"),
        Field::new("id", Kind::Text, "the sender's own id"),
        Field::new("device_type", Kind::Text, "desktop, mobile, tablet, bot, tv or unknown"),
        Field::new("os", Kind::Text, "operating system, from the user agent"),
        Field::new("browser", Kind::Text, "browser, from the user agent"),
        Field::new("country", Kind::Text, "country, from the address"),
        Field::new("region", Kind::Text, "region, from the address"),
        Field::new("city", Kind::Text, "city, from the address"),
        Field::new("ingested_at", Kind::Time, "when the server took it"),
        Field::new("tenant", Kind::Text, "whose event it is"),
        Field::new("_partition", Kind::Number, "partition in which it is stored"),
        Field::new("_offset", Kind::Number, "its place in the partition"),
    ],
};

/// Show events as they come in
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow tail",
    "streamflow tail severity=high source=web-app",
    "streamflow tail \"data.latency_ms > 500\" --since 10m",
    "streamflow tail type=order.paid --count 1 --timeout 30s -o ndjson",
))]
pub(super) struct TailArgs {
    /// Only these: a SQL condition, or words such as type=web.click
    #[arg(value_name = "FILTER", add = observed::filter())]
    filter: Vec<String>,
    /// Begin with the events since then: 2h, yesterday 9am, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// End at this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// A quarter of an hour to either side of this moment
    #[arg(long, value_name = "TIME", conflicts_with_all = ["since", "until", "last"], hide_short_help = true)]
    around: Option<String>,
    /// Begin with the last so many events
    #[arg(long, value_name = "EVENTS", conflicts_with = "since")]
    last: Option<u64>,
    /// End after so many events
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Give up after this long; exit code 124 if --count was not reached
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Show at most so many events a second, evenly picked
    #[arg(long, value_name = "EVENTS", hide_short_help = true)]
    max_rate: Option<u64>,
    /// How long to look for a server that went, to go on where it was; 0s gives up at once
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration, hide_short_help = true)]
    retry_for: Duration,
}

pub(super) fn run(args: TailArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let plan = Plan::new(&args, session)?;
    let client = if plan.live.is_some() { remote::server(session)? } else { remote::reader(session)? };
    let mut screen = Screen::new(session, args.count)?;
    let history = plan.past.map(|past| History::new(client.clone(), past, plan.filter.clone()));
    let words = Words::of_filter(plan.filter.as_deref().unwrap_or_default());
    let watching = async {
        let Some(live) = plan.live else {
            if let Some(history) = history {
                print_past(history, &mut screen).await?;
            }
            if screen.is_empty() {
                emptiness::explain(&client, &words, None, session.printer()).await;
            }
            return Ok(());
        };
        let (filter, max_rate, retry_for) = (plan.filter, args.max_rate, args.retry_for);
        let wanted = Wanted { session, filter, max_rate, retry_for };
        let stream = wanted.open(client.clone()).await?;
        emptiness::warn_of_names(&client, &words, session.printer()).await;
        let ended = follow(&wanted, stream, history, &mut screen);
        match live.ends_in {
            None => ended.await,
            Some(time) => tokio::time::timeout_at(Instant::now() + time, ended).await.unwrap_or(Ok(())),
        }
    };
    session.block_on(watching)?;
    let is_short = screen.is_short_of_count();
    screen.finish()?;
    if is_short && plan.times_out {
        return Err(CommandError::new("timed_out", "fewer events came than --count asked for", ExitStatus::TimedOut));
    }
    Ok(ExitStatus::Ok)
}

/// What is shown, and until when.
struct Plan {
    filter: Option<String>,
    past: Option<Past>,
    live: Option<Live>,
    /// Whether the end of the time is a failure.
    times_out: bool,
}

struct Live {
    ends_in: Option<Duration>,
}

impl Plan {
    fn new(args: &TailArgs, session: &Session) -> Result<Self, CommandError> {
        let filter = bare_word::expanded(&args.filter.join(" "), session);
        let filter = Some(filter).filter(|filter| !filter.trim().is_empty());
        let around = args.around.as_deref().map(|text| range::around(text, session)).transpose()?;
        let since = around.map(|(since, _)| since).or(range::moment(args.since.as_deref(), session)?);
        let until = around.map(|(_, until)| until).or(range::moment(args.until.as_deref(), session)?);
        // Read last, so that `--until now` is over.
        let now = range::now(session);
        if let Some(since) = since {
            let end = until.map_or_else(|| "now and on".to_owned(), |until| until.to_string());
            session.printer().talk(format_args!("from {since} to {end}"));
        }
        let past = match (since, args.last) {
            (None, None) => {
                until.filter(|until| *until <= now).map(|until| Past::Between { since: Timestamp::MIN, until })
            }
            (None, Some(events)) => Some(Past::Newest { events, until: until.unwrap_or(Timestamp::MAX) }),
            (Some(since), _) => Some(Past::Between { since, until: until.unwrap_or(Timestamp::MAX) }),
        };
        let left = until.map(|until| until.duration_since(now));
        let live = match left {
            Some(left) if !left.is_positive() => None,
            left => Some(Live { ends_in: left.map(|left| left.unsigned_abs()).into_iter().chain(args.timeout).min() }),
        };
        Ok(Self { filter, past, live, times_out: args.timeout.is_some() })
    }
}

async fn print_past(mut history: History, screen: &mut Screen<'_>) -> Result<(), CommandError> {
    while let Some(event) = history.next().await? {
        if let State::Full = screen.event(event)? {
            return note_rest(&mut history, screen).await;
        }
    }
    Ok(())
}

/// Finds out whether `--limit` left out events of the past; those to come nobody knows.
async fn note_rest(history: &mut History, screen: &mut Screen<'_>) -> Result<(), CommandError> {
    if screen.is_at_limit() && history.next().await?.is_some() {
        screen.cut();
    }
    Ok(())
}

/// Shows what comes until there is enough, also over a restart of the server.
async fn follow(
    wanted: &Wanted<'_>,
    mut stream: Stream,
    mut history: Option<History>,
    screen: &mut Screen<'_>,
) -> Result<(), CommandError> {
    loop {
        let Ending::Lost(error) = watch(&mut stream.frames, history, screen).await? else { return Ok(()) };
        let (again, missed) = wanted.resume(&stream, error, screen).await?;
        (stream, history) = (again, Some(missed));
    }
}

/// Why watching ended.
enum Ending {
    /// As many events were printed as were asked for.
    Full,
    /// The server went.
    Lost(ClientError),
}

/// Prints the past, then what came in meanwhile and was not part of it, then what comes.
async fn watch(
    frames: &mut SseEvents,
    history: Option<History>,
    screen: &mut Screen<'_>,
) -> Result<Ending, CommandError> {
    let mut waiting = VecDeque::new();
    if let Some(mut history) = history {
        loop {
            tokio::select! {
                event = history.next() => match event? {
                    None => break,
                    Some(event) => if let State::Full = screen.event(event)? {
                        note_rest(&mut history, screen).await?;
                        return Ok(Ending::Full);
                    },
                },
                frame = frames.next(), if waiting.len() < LIVE_FRAMES_MAX => waiting.push_back(required(frame?)?),
            }
        }
    }
    loop {
        let frame = match waiting.pop_front() {
            Some(frame) => frame,
            None => match frames.next().await.and_then(required) {
                Ok(frame) => frame,
                Err(error) if error.is_transient() => return Ok(Ending::Lost(error)),
                Err(error) => return Err(error.into()),
            },
        };
        if let State::Full = show(&frame, screen)? {
            return Ok(Ending::Full);
        }
    }
}

/// A live stream has no end of its own: the server went.
fn required(frame: Option<Bytes>) -> Result<Bytes, ClientError> {
    frame.ok_or_else(|| ClientError::Broken { url: "the server".to_owned(), reason: "it ended the stream".to_owned() })
}

fn show(frame: &Bytes, screen: &mut Screen<'_>) -> Result<State, CommandError> {
    let frame: LiveFrame = serde_json::from_slice(frame)
        .map_err(|error| ClientError::Foreign { url: "the server".to_owned(), reason: error.to_string() })?;
    match frame {
        LiveFrame::Event { event: serde_json::Value::Object(event) } => screen.event(event),
        LiveFrame::Event { .. } => Ok(State::Open),
        LiveFrame::Gap { missed } => {
            screen.gap(missed);
            Ok(State::Open)
        }
        LiveFrame::Counters { matched, sent } => {
            screen.sampled(matched, sent);
            Ok(State::Open)
        }
    }
}
