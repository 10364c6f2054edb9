//! Writes events that look like real traffic, the same ones for the same seed. Knows nothing of how they are sent.
//!
//! `send --generate` and `bench` both feed the server from here, so a generator must outrun it: everything that repeats
//! is formatted once, and an event is a handful of copies (see `tests::a_generator_outruns_the_server`).

mod api;
mod chance;
mod iot;
mod people;
mod shop;
mod template;
mod user_agent;
mod web;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::api::Api;
use self::chance::Chance;
use self::iot::Iot;
use self::people::People;
pub use self::shop::{Shop, Weather};
pub use self::template::{PLACEHOLDERS, Template, TemplateError};
pub use self::user_agent::USER_AGENTS;
use self::web::Web;

/// The kind of traffic to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// Visitors of a web shop: logins, page views, clicks, carts, orders, now and then an error
    #[default]
    Web,
    /// Services that call each other: requests, responses, errors
    Api,
    /// Sensors that report measurements
    Iot,
    /// One `web.click` after another: what the benchmark sends
    #[value(hide = true)]
    Click,
}

/// Whether events carry a client's `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ids {
    /// The server's (partition, offset) is the only identity.
    #[default]
    Server,
    /// Each event has an `id` made of seed, stream and sequence number: sending the same run twice stores it once.
    Client,
}

/// What an event says about its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// Nothing: the server takes the time of arrival.
    #[default]
    Arrival,
    /// The first event is at `start_micros` (UTC), each further one `step_nanos` later, every one of them up to
    /// `jitter_micros` late.
    Spread { start_micros: i64, step_nanos: i64, jitter_micros: u32 },
}

/// What distinguishes one run from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    pub profile: Profile,
    pub seed: u64,
    pub ids: Ids,
    pub times: Times,
}

/// An endless, reproducible source of events.
#[derive(Debug, Clone)]
pub struct Generator {
    options: Options,
    stream: u64,
    sequence: u64,
    chance: Chance,
    traffic: Traffic,
}

/// One variant a profile, and one for the user's own template.
#[derive(Debug, Clone)]
enum Traffic {
    Web(Web),
    Api(Api),
    Iot(Iot),
    Template(Template, Arc<People>),
}

impl Generator {
    /// Returns stream 0 of the run that `options` describe.
    #[must_use]
    pub fn new(options: Options) -> Self {
        // The population comes from the seed alone, so that all streams of a run show the same people and devices.
        let mut chance = Chance::new(options.seed, u64::MAX);
        let traffic = match options.profile {
            Profile::Web => {
                let people = Arc::new(People::draw(&mut chance));
                Traffic::Web(Web::visits(people, &mut chance))
            }
            Profile::Click => Traffic::Web(Web::clicks(Arc::new(People::draw(&mut chance)))),
            Profile::Api => Traffic::Api(Api::new(&mut chance)),
            Profile::Iot => Traffic::Iot(Iot::new(&mut chance)),
        };
        Self::start(options, 0, traffic)
    }

    /// Returns a run whose events are the renderings of `template`.
    #[must_use]
    pub fn from_template(options: Options, template: Template) -> Self {
        let people = Arc::new(People::draw(&mut Chance::new(options.seed, u64::MAX)));
        Self::start(options, 0, Traffic::Template(template, people))
    }

    /// Returns another stream of the same run: the same people, other events. One connection takes one stream.
    #[must_use]
    pub fn stream(&self, stream: u64) -> Self {
        Self::start(self.options, stream, self.traffic.clone())
    }

    fn start(options: Options, stream: u64, traffic: Traffic) -> Self {
        Self { options, stream, sequence: 0, chance: Chance::new(options.seed, stream), traffic }
    }

    /// Appends the next event, a JSON object on one line without the line's end.
    pub fn write_event(&mut self, out: &mut Vec<u8>) {
        let time_micros = self.time_of(self.sequence);
        let place = Place { options: &self.options, stream: self.stream, sequence: self.sequence, time_micros };
        self.sequence += 1;
        match &mut self.traffic {
            Traffic::Web(web) => web.write(&mut self.chance, &place, out),
            Traffic::Api(api) => api.write(&mut self.chance, &place, out),
            Traffic::Iot(iot) => iot.write(&mut self.chance, &place, out),
            Traffic::Template(template, people) => template.write(&mut self.chance, people, &place, out),
        }
    }

    /// Appends the next `count` events as NDJSON.
    pub fn write_lines(&mut self, count: usize, out: &mut Vec<u8>) {
        for _ in 0..count {
            self.write_event(out);
            out.push(b'\n');
        }
    }

    fn time_of(&mut self, sequence: u64) -> Option<i64> {
        let Times::Spread { start_micros, step_nanos, jitter_micros } = self.options.times else { return None };
        let passed_micros = i128::from(sequence) * i128::from(step_nanos) / 1_000;
        let late_micros = self.chance.below(jitter_micros.saturating_add(1));
        let passed_micros = i64::try_from(passed_micros).unwrap_or(i64::MAX);
        Some(start_micros.saturating_add(passed_micros).saturating_add(i64::from(late_micros)))
    }
}

/// Which event of which run is being written.
#[derive(Debug)]
struct Place<'a> {
    options: &'a Options,
    stream: u64,
    sequence: u64,
    time_micros: Option<i64>,
}

impl Place<'_> {
    /// Appends `,"id":…` and `,"timestamp":…` where the run has them.
    fn write_identity(&self, out: &mut Vec<u8>) {
        if self.options.ids == Ids::Client {
            out.extend_from_slice(b",\"id\":\"");
            self.write_id(out);
            out.push(b'"');
        }
        if let Some(micros) = self.time_micros {
            out.extend_from_slice(b",\"timestamp\":\"");
            write_time(micros, out);
            out.push(b'"');
        }
    }

    fn write_id(&self, out: &mut Vec<u8>) {
        out.push(b'g');
        write_decimal(self.options.seed, out);
        out.push(b'-');
        write_decimal(self.stream, out);
        out.push(b'-');
        write_decimal(self.sequence, out);
    }
}

/// Appends a time as RFC 3339 in UTC.
fn write_time(micros: i64, out: &mut Vec<u8>) {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(6));
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    PRINTER.print_timestamp(&time, &mut *out).expect("a vector takes every write");
}

/// Appends a whole number in decimal digits.
fn write_decimal(mut number: u64, out: &mut Vec<u8>) {
    const DIGITS_MAX: usize = 20; // of u64::MAX
    let mut digits = [0; DIGITS_MAX];
    let mut first = DIGITS_MAX;
    loop {
        first -= 1;
        digits[first] = b'0' + u8::try_from(number % 10).expect("a digit is below 10");
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}
