//! Sends events: one by hand, those of files, of a pipe, or generated ones.

pub(super) mod batch;
mod bulk;
pub(super) mod delivery;
pub(super) mod flow;
mod generate;
pub(super) mod input;
mod single;

use std::path::PathBuf;
use std::time::Duration;

use super::observed;
use super::tree::examples;
use super::{Consent, Session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings::parse_duration;

pub(super) const SHAPES: &[&Shape] = &[&single::ANSWER, &bulk::TOTALS];

/// Send events: one by hand, a file of them, a pipe, or generated ones
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow send web.click -d page=/cart -d latency_ms=12 --user user_7",
    "streamflow send order.paid -d total:=19.5 -d 'items:=[\"kettle\"]' --severity low",
    "streamflow send -f events/sample.ndjson",
    "zcat old.ndjson.gz | streamflow send -",
    "streamflow send --generate 10000 --profile web --over 24h",
))]
pub(super) struct SendArgs {
    /// Type of the event, such as web.click; `-` reads events from a pipe
    #[arg(value_name = "TYPE", add = observed::event_type(), required_unless_present_any = ["file", "generate"])]
    event_type: Option<String>,
    #[command(flatten)]
    event: single::EventArgs,
    /// Send the events of a file: NDJSON, a JSON array or CSV, also packed with gzip or zstd
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["generate", "data"])]
    file: Vec<PathBuf>,
    /// How the events of files and pipes are laid out; found out by itself unless given
    #[arg(long, value_enum, value_name = "LAYOUT", hide_short_help = true)]
    layout: Option<input::Layout>,
    #[command(flatten)]
    generate: generate::GenerateArgs,
    /// Events a second; as fast as the server takes them unless given
    #[arg(long, value_name = "EVENTS", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Answer after the events are on disk, or as soon as they are in memory
    #[arg(long, value_enum, value_name = "WHERE", default_value_t, hide_short_help = true)]
    ack: delivery::Ack,
    /// How long a request is tried again while the server is busy or gone
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration, hide_short_help = true)]
    retry_for: Duration,
    /// Send to a protected context without being asked
    #[arg(long, hide_short_help = true)]
    yes: bool,
}

impl SendArgs {
    fn consent(&self) -> Consent {
        if self.yes { Consent::Given } else { Consent::Wanted }
    }
}

const fn count(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number, doc)
}

const fn record(name: &'static str, fields: &'static [Field]) -> Shape {
    Shape { name, form: Form::Record, fields }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.replace('_', "").parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("a number of events a second, above 0".to_owned()),
    }
}

pub(super) fn run(args: SendArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let reads_pipe = args.event_type.as_deref() == Some("-");
    if let (Some(count), true) = (args.generate.count, args.generate.print) {
        args.generate.events(count, args.rate)?.print(session.printer())?;
        return Ok(ExitStatus::Ok);
    }
    if let Some(count) = args.generate.count {
        let feed = args.generate.feed(count, args.rate)?;
        return bulk::run(feed, &args, session);
    }
    if reads_pipe || !args.file.is_empty() {
        let feed = bulk::Feed::inputs(&args)?;
        return bulk::run(feed, &args, session);
    }
    single::run(&args, session)
}
