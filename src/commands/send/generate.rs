//! Turns the arguments of `--generate` into a source of events.

use std::time::{Duration, SystemTime};

use super::batch::{BATCH_EVENTS_MAX, Batcher, Stopped};
use super::bulk::Feed;
use crate::generator::{Generator, Ids, Options, PLACEHOLDERS, Profile, Template, TemplateError, Times};
use crate::printer::{CommandError, Printer};
use crate::settings::parse_duration;

/// At a given rate, so many requests a second, so that the events do not come in bursts.
const REQUESTS_PER_SECOND: f64 = 20.0;

/// Printed events are written in pieces of this size.
const PRINTED_BYTES: usize = 64 << 10;

/// How events are made up.
#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    /// Make up so many events, the same ones for the same --seed; 0 goes on until Ctrl-C
    #[arg(id = "generate", long = "generate", value_name = "N", conflicts_with = "event_type")]
    pub(super) count: Option<u64>,
    /// Which run of events to make up
    #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "generate")]
    seed: u64,
    /// Kind of traffic to make up
    #[arg(long, value_enum, value_name = "PROFILE", default_value_t, requires = "generate")]
    profile: Profile,
    /// Event to make up, with placeholders such as {{seq}}, {{user}}, {{int 1 100}}, {{pick a b}}
    #[arg(long, value_name = "JSON", requires = "generate", conflicts_with = "profile")]
    body_template: Option<String>,
    /// Spread the events' times over the past, such as 24h; they are sent at once all the same
    #[arg(long, value_name = "TIME", requires = "generate", value_parser = parse_duration)]
    over: Option<Duration>,
    /// Give each event an id of its own, so that sending the same run twice stores it once
    #[arg(long, requires = "generate")]
    with_ids: bool,
    /// Print the events, one a line, instead of sending them
    #[arg(long, requires = "generate")]
    pub(super) print: bool,
}

/// A generator and how many events it is to make.
#[derive(Debug)]
pub(super) struct Run {
    generator: Generator,
    count: u64,
    pub(super) batch_events_max: usize,
}

impl GenerateArgs {
    /// Returns what to send: `count` events, or without end for 0.
    pub(super) fn feed(&self, count: u64, rate: Option<f64>) -> Result<Feed, CommandError> {
        Ok(Feed::Generated(Box::new(self.events(count, rate)?)))
    }

    /// Returns the events to make up: `count`, or without end for 0.
    pub(super) fn events(&self, count: u64, rate: Option<f64>) -> Result<Run, CommandError> {
        let count = if count == 0 { u64::MAX } else { count };
        let options = Options {
            profile: self.profile,
            seed: self.seed,
            ids: if self.with_ids { Ids::Client } else { Ids::Server },
            times: self.times(count)?,
        };
        let generator = match &self.body_template {
            None => Generator::new(options),
            Some(text) => Generator::from_template(options, Template::parse(text).map_err(|error| wrong(&error))?),
        };
        let batch_events_max =
            rate.map_or(BATCH_EVENTS_MAX, |rate| ((rate / REQUESTS_PER_SECOND).ceil() as usize).min(BATCH_EVENTS_MAX));
        Ok(Run { generator, count, batch_events_max })
    }

    fn times(&self, count: u64) -> Result<Times, CommandError> {
        let Some(over) = self.over else { return Ok(Times::Arrival) };
        if count == u64::MAX {
            return Err(CommandError::usage("--over needs a number of events to spread")
                .with_hint("say how many: --generate 10000 --over 24h"));
        }
        let now = now_micros();
        let over_nanos = i64::try_from(over.as_nanos()).unwrap_or(i64::MAX);
        let step_nanos = over_nanos / i64::try_from(count).unwrap_or(i64::MAX).max(1);
        let jitter_micros = u32::try_from(step_nanos / 1_000).unwrap_or(u32::MAX);
        Ok(Times::Spread { start_micros: now - over_nanos / 1_000, step_nanos, jitter_micros })
    }
}

fn now_micros() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

fn wrong(error: &TemplateError) -> CommandError {
    let hint = match error {
        TemplateError::Unknown(_) => format!("placeholders are {}", PLACEHOLDERS.join(", ")),
        _ => "write it like '{\"type\":\"till\",\"source\":\"{{pick a b}}\",\"data\":{\"n\":{{seq}}}}'".to_owned(),
    };
    CommandError::usage(error.to_string()).with_hint(hint)
}

impl Run {
    /// Makes up every event.
    pub(super) fn write(mut self, batcher: &mut Batcher) -> Result<(), Stopped> {
        for _ in 0..self.count {
            batcher.write_unplaced(|out| self.generator.write_event(out))?;
        }
        batcher.flush()
    }

    /// Makes up every event and prints it on a line of its own.
    pub(super) fn print(mut self, printer: &Printer) -> Result<(), CommandError> {
        let mut lines = Vec::with_capacity(2 * PRINTED_BYTES);
        for _ in 0..self.count {
            self.generator.write_event(&mut lines);
            lines.push(b'\n');
            if lines.len() >= PRINTED_BYTES {
                printer.bytes(&lines)?;
                lines.clear();
            }
        }
        printer.bytes(&lines)
    }

    /// Returns how many events there will be, if there is an end.
    pub(super) fn total(&self) -> Option<u64> {
        (self.count < u64::MAX).then_some(self.count)
    }
}
