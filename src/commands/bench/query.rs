//! Asks a set of questions over and over and tells how long each takes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::load::Plan;
use super::pace::Pace;
use super::questions::{self, Question};
use super::report::{median, rounded};
use super::response::ResponseReader;
use super::scenario::{Scenario, Step};
use super::server::{Server, ServerArgs};
use super::target::Target;
use super::traffic;
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

/// What `bench query` prints.
pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.bench-query/1",
    form: Form::Listing,
    fields: &[
        Field::new("question", Kind::Text, "name of the question"),
        Field::new("runs", Kind::Number, "how often it was asked"),
        Field::new("first_ms", Kind::Number, "the first time, before anything was warm"),
        Field::new("median_ms", Kind::Number, "median of all times, the whole answer received"),
        Field::new("max_ms", Kind::Number, "longest time"),
        Field::new("rows", Kind::Number, "rows of the answer"),
        Field::new("events", Kind::Number, "events in the table when it was asked"),
        Field::new("sql", Kind::Text, "the question itself"),
    ],
};

/// Ask a set of questions over and over
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow bench query --spawn --events 5000000",
    "streamflow bench query --runs 20 --only count,pages",
))]
pub(super) struct QueryArgs {
    /// How often each question is asked
    #[arg(long, value_name = "N", default_value_t = 10)]
    runs: usize,
    /// Ask these only, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Events that are sent to the server that --spawn starts
    #[arg(long, value_name = "N", default_value_t = 1_000_000, requires = "spawn")]
    events: u64,
    /// Seed of those events
    #[arg(long, value_name = "N", default_value_t = 1, hide_short_help = true)]
    seed: u64,
    #[command(flatten)]
    server: ServerArgs,
}

/// A query that takes longer is given up; the server's own limit is half of it.
const PATIENCE: Duration = Duration::from_secs(60);
const BATCH: usize = 1_000;
const FILL_CONNECTIONS: usize = 8;

pub(super) fn run(args: &QueryArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let asked = chosen(&args.only)?;
    let server = args.server.server(session)?;
    if server.is_ours_alone() {
        args.fill(&server, session)?;
    }
    let events = count(&server.gateway)?;
    let mut rows = Vec::with_capacity(asked.len());
    for question in asked {
        session.printer().talk(format_args!("asking {} {} times", question.name, args.runs));
        rows.push(time(&question, args.runs.max(1), events, &server.gateway)?);
    }
    session.printer().listing(&SHAPE.listing(rows))?;
    Ok(ExitStatus::Ok)
}

fn chosen(names: &[String]) -> Result<Vec<Question>, CommandError> {
    if names.is_empty() {
        return Ok(questions::ALL.to_vec());
    }
    let find = |name: &String| {
        questions::ALL.iter().copied().find(|question| question.name == name).ok_or_else(|| {
            let known: Vec<&str> = questions::ALL.iter().map(|question| question.name).collect();
            CommandError::usage(format!("no question {name:?}"))
                .with_hint(format!("the questions are: {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

impl QueryArgs {
    fn fill(&self, server: &Server, session: &Session) -> Result<(), CommandError> {
        let shape = traffic::Shape { path: "/events", batch: Some(BATCH), ids: traffic::Ids::None, seed: self.seed };
        let step =
            Step { name: "batch", shape, connections: FILL_CONNECTIONS, pace: Pace::Max, rate: "max".to_owned() };
        let plan = Plan {
            per_second: None,
            warm_up: Duration::ZERO,
            // The number of events ends it.
            duration: Duration::from_secs(3_600),
            requests_max: None,
            drain: PATIENCE,
            server: None,
        };
        let scenario = Scenario { steps: vec![step], rounds: 1, plan, events_max: Some(self.events) };
        let outcome = scenario.run(&server.ingestion, |words| session.printer().talk(words))?;
        match outcome.first_refusal {
            None => Ok(()),
            Some(refusal) => Err(CommandError::new("server_unhealthy", refusal, ExitStatus::Unhealthy)
                .with_hint("give the server more memory with --max-memory, or send fewer --events")),
        }
    }
}

fn time(question: &Question, runs: usize, events: u64, gateway: &Target) -> Result<Vec<Value>, CommandError> {
    let mut asker = Asker::connect(gateway)?;
    let mut times_ms = Vec::with_capacity(runs);
    let mut rows = 0;
    for _ in 0..runs {
        let (took, answer) = asker.ask(question.sql)?;
        times_ms.push(took.as_secs_f64() * 1e3);
        rows = answer["rows"].as_array().map_or(0, Vec::len);
    }
    let first = times_ms.first().copied().map_or(Value::Null, rounded);
    let longest = times_ms.iter().copied().reduce(f64::max).map_or(Value::Null, rounded);
    let middle = median(times_ms).map_or(Value::Null, rounded);
    Ok(vec![json!(question.name), json!(runs), first, middle, longest, json!(rows), json!(events), json!(question.sql)])
}

/// Returns how many events SQL sees.
pub(super) fn count(gateway: &Target) -> Result<u64, CommandError> {
    let (_, answer) = Asker::connect(gateway)?.ask("SELECT count(*) FROM events")?;
    answer["rows"][0][0].as_u64().ok_or_else(|| CommandError::bug("count(*) is no number"))
}

/// Asks one question after the other over one connection.
struct Asker<'a> {
    stream: TcpStream,
    reader: ResponseReader,
    gateway: &'a Target,
}

impl<'a> Asker<'a> {
    fn connect(gateway: &'a Target) -> Result<Self, CommandError> {
        let stream = TcpStream::connect(gateway.address).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let stream = stream.map_err(|error| unreachable(&error.to_string()))?;
        Ok(Self { stream, reader: ResponseReader::default(), gateway })
    }

    /// Returns the answer and how long it took from the first byte sent to the last one received.
    fn ask(&mut self, sql: &str) -> Result<(Duration, Value), CommandError> {
        let mut request = Vec::new();
        let body = json!({ "sql": sql }).to_string();
        self.gateway.write_post("/api/v1/query", "application/json", body.as_bytes(), &mut request);
        let started = Instant::now();
        self.stream.write_all(&request).map_err(|error| unreachable(&error.to_string()))?;
        loop {
            let read = self.stream.read(self.reader.space()).map_err(|error| unreachable(&error.to_string()))?;
            if read == 0 {
                return Err(unreachable("the server closed the connection"));
            }
            self.reader.filled(read);
            let response = self.reader.response().map_err(|error| unreachable(&error.to_string()))?;
            let Some(response) = response else { continue };
            let took = started.elapsed();
            let answer: Value = serde_json::from_slice(response.body).unwrap_or_default();
            let refused = (!response.is_success()).then(|| refusal(&answer, response.status));
            self.reader.clear();
            return refused.map_or(Ok((took, answer)), Err);
        }
    }
}

fn unreachable(reason: &str) -> CommandError {
    CommandError::new("cannot_connect", format!("the server can not be asked: {reason}"), ExitStatus::Unreachable)
        .with_hint("start a server with `streamflow start`, or add --spawn")
}

fn refusal(answer: &Value, status: u16) -> CommandError {
    let error = &answer["error"];
    let code = error["code"].as_str().unwrap_or("query_failed");
    let message = error["message"].as_str().map_or_else(|| format!("the server answered {status}"), str::to_owned);
    CommandError::new(code, message, ExitStatus::Unhealthy).with_hint_maybe(error["hint"].as_str())
}
