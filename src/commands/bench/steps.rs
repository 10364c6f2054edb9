//! What `bench ingest`, `bench latency` and `bench echo` send, and how their runs are told.

use std::time::Duration;

use serde_json::Value;

use super::load::{LoadError, Plan};
use super::pace::Pace;
use super::query;
use super::report::{self, Row};
use super::scenario::{ECHO, Outcome, Scenario, Step};
use super::server::{Server, ServerArgs};
use super::traffic::{Ids, Shape};
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::printer::{CommandError, ExitStatus};
use crate::settings::parse_duration;

/// How long is measured, and how often.
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// Requests a second: max, a number, echo/2; several with commas
    #[arg(long, value_name = "RATE", value_delimiter = ',')]
    rate: Vec<String>,
    /// Connections that send at the same time
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
    /// How long each run is measured
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    duration: Duration,
    /// How long each run goes before it is measured
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    warm_up: Duration,
    /// End each run after so many measured events
    #[arg(long, value_name = "EVENTS")]
    count: Option<u64>,
    /// How often everything is measured; the medians are told too
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Seed of the generated events
    #[arg(long, value_name = "N", default_value_t = 1, hide_short_help = true)]
    seed: u64,
    /// Compare with the echo route even without --spawn; the server must have it
    #[arg(long, hide_short_help = true)]
    with_echo: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Send lists of events as fast as they are taken, durably
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow bench ingest --spawn",
    "streamflow bench ingest --rate 200 --batch 500 --duration 1m",
))]
pub(super) struct IngestArgs {
    /// Events of a request
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    batch: usize,
    /// Give every event an id, so that the server looks for duplicates
    #[arg(long)]
    with_ids: bool,
    #[command(flatten)]
    load: LoadArgs,
}

/// Send single events and measure how long each acknowledgement takes
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow bench latency --rate 1000,5000,10000",
    "streamflow bench latency --spawn --rate max,echo/2,echo/3",
))]
pub(super) struct LatencyArgs {
    /// Give every event an id, so that the server looks for duplicates
    #[arg(long)]
    with_ids: bool,
    #[command(flatten)]
    load: LoadArgs,
}

/// Send the same requests to a route that does nothing: the ceiling
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow bench echo --spawn"))]
pub(super) struct EchoArgs {
    #[command(flatten)]
    load: LoadArgs,
}

/// Lists need few connections: each keeps a processor busy for as long as it is read.
const LIST_CONNECTIONS: usize = 8;
const SINGLE_CONNECTIONS: usize = 64;
/// How long answers are awaited after a run.
const DRAIN: Duration = Duration::from_secs(5);

pub(super) fn ingest(args: &IngestArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    if args.batch == 0 {
        return Err(CommandError::usage("--batch 0 sends nothing").with_hint("give the number of events of a request"));
    }
    let ids = ids(args.with_ids, session);
    let batch = Shape { path: "/events", batch: Some(args.batch), ids, seed: args.load.seed };
    args.load.run("batch", batch, LIST_CONNECTIONS, &["max"], session)
}

pub(super) fn latency(args: &LatencyArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let single = Shape { path: "/events", batch: None, ids: ids(args.with_ids, session), seed: args.load.seed };
    let compared: &[&str] = if args.load.server.spawns() { &["max", "echo/2", "echo/3"] } else { &["1000"] };
    args.load.run("single", single, SINGLE_CONNECTIONS, compared, session)
}

pub(super) fn echo(args: &EchoArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let echo = Shape { path: "/echo", batch: None, ids: Ids::None, seed: args.load.seed };
    args.load.run(ECHO, echo, SINGLE_CONNECTIONS, &["max"], session)
}

/// Ids begin with the second of the start, so that a second bench on the same server sends new ones.
fn ids(with_ids: bool, session: &Session) -> Ids {
    let seconds = session.now() / 1_000_000;
    if with_ids { Ids::Run(u32::try_from(seconds & 0xffff_ffff).unwrap_or_default()) } else { Ids::None }
}

impl LoadArgs {
    fn run(
        &self,
        name: &'static str,
        shape: Shape,
        connections: usize,
        rates: &[&str],
        session: &Session,
    ) -> Result<ExitStatus, CommandError> {
        let connections = self.connections.unwrap_or(connections).max(1);
        let steps = self.steps(name, shape, connections, rates)?;
        let server = self.server.server(session)?;
        let plan = Plan {
            per_second: None,
            warm_up: self.warm_up,
            duration: self.duration,
            requests_max: None,
            drain: DRAIN,
            server: server.process,
        };
        let scenario = Scenario { steps, rounds: self.rounds.max(1), plan, events_max: self.count };
        let outcome = scenario.run(&server.ingestion, |words| session.printer().talk(words))?;
        tell(outcome, &server, session)
    }

    fn steps(
        &self,
        name: &'static str,
        shape: Shape,
        connections: usize,
        rates: &[&str],
    ) -> Result<Vec<Step>, CommandError> {
        let given: Vec<&str> = self.rate.iter().map(String::as_str).collect();
        let rates = if given.is_empty() { rates } else { &given };
        let mut steps = Vec::new();
        for rate in rates {
            let pace: Pace =
                rate.parse().map_err(|error: super::pace::BadPace| CommandError::usage(error.to_string()))?;
            steps.push(Step { name, shape, connections, pace, rate: (*rate).to_owned() });
        }
        let relates = steps.iter().any(|step| matches!(step.pace, Pace::EchoOver(_)));
        let runs_itself = steps.iter().any(|step| step.name == ECHO && step.pace == Pace::Max);
        if !runs_itself && (relates || self.with_echo || self.server.spawns()) {
            let shape = Shape { path: "/echo", ..shape };
            steps.insert(0, Step { name: ECHO, shape, connections, pace: Pace::Max, rate: "max".to_owned() });
        }
        Ok(steps)
    }
}

/// Prints the rows; what the server refused or lost makes the answer a negative one.
fn tell(outcome: Outcome, server: &Server, session: &Session) -> Result<ExitStatus, CommandError> {
    let rows: Vec<Vec<Value>> = outcome.rows.into_iter().map(Row::into_values).collect();
    session.printer().listing(&report::SHAPE.listing(rows))?;
    let mut status = ExitStatus::Ok;
    if let Some(first) = &outcome.first_refusal {
        let refused = outcome.refused;
        session.printer().insist(format_args!("{refused} requests were refused, the first with: {first}"));
        status = ExitStatus::Negative;
    }
    if !server.is_ours_alone() {
        return Ok(status);
    }
    let stored = query::count(&server.gateway)?;
    let acknowledged = outcome.acknowledged;
    if stored == acknowledged {
        session.printer().talk(format_args!("count(*) is {stored}: exactly the acknowledged events"));
        return Ok(status);
    }
    session.printer().insist(format_args!("{acknowledged} events were acknowledged, but count(*) is {stored}"));
    Ok(ExitStatus::Negative)
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        let exit = if matches!(error, LoadError::Stalled) { ExitStatus::TimedOut } else { ExitStatus::Unreachable };
        let failure = Self::new("cannot_connect", error.to_string(), exit);
        match error {
            LoadError::Connect { .. } => failure.with_hint("start a server with `streamflow start`, or add --spawn"),
            _ => failure.with_hint("the server's log says why: `streamflow logs`"),
        }
    }
}
