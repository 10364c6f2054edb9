//! Says what the server does and what it holds; without a server, what the folder holds.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::tree::examples;
use super::{Session, Target, local, remote, session};
use crate::api::Success;
use crate::api::state::{ProcessState, QueriesState, Status};
use crate::client::Request;
use crate::printer::paint::{BAD, FAINT, GOOD, HEADING, WARNING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};
use crate::settings::{spell_bytes_roughly, spell_duration};

pub(super) const SHAPES: &[&Shape] = &[&SHAPE];

const SHAPE: Shape = Shape {
    name: "streamflow.status/1",
    form: Form::Record,
    fields: &[
        Field::new("state", Kind::Text, "running, unhealthy, or stopped"),
        Field::new("version", Kind::Text, "version of the server"),
        Field::new("pid", Kind::Number, "process of the server, null when stopped"),
        Field::new("url", Kind::Text, "address that commands talk to, null when stopped"),
        Field::new("data", Kind::Text, "folder of the events, null for a server elsewhere"),
        Field::new("uptime_seconds", Kind::Number, "time since the start, null when stopped"),
        Field::new("ports", Kind::Json, "address of each role"),
        Field::new("events", Kind::Json, "counters of events"),
        Field::new("tail", Kind::Json, "events in memory"),
        Field::new("journal", Kind::Json, "events on disk that are not sealed"),
        Field::new(
            "queries",
            Kind::Json,
            "statements that run, and counts of those since the start; null when stopped",
        ),
        Field::new("process", Kind::Json, "processor time, memory, threads and files of the server; null when stopped"),
        Field::new("connections", Kind::Number, "open connections"),
        Field::new("live_subscribers", Kind::Number, "live subscribers"),
    ],
};

/// How long a server may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// Show what the server does and holds
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow status", "streamflow status -o json --jq .events.stored"))]
pub(super) struct StatusArgs {}

/// Whether a server gave the answer, or this process looked into the folder itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Server,
    Folder,
}

pub(super) fn run(StatusArgs {}: StatusArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let target = session.target()?;
    let source = source(&target);
    if source == Source::Folder && !target.data_dir.as_ref().is_some_and(|dir| dir.is_dir()) {
        return nothing_there(session, &target);
    }
    let client = remote::reader(session)?;
    let status = session.block_on(async {
        let response = client.send(Request::get("/api/v1/status").within(PATIENCE)).await?;
        Ok(response.json::<Success<Status>>().await?.data)
    })?;
    if session.printer().wants_words() {
        session.printer().text(&page(&target, source, &status))?;
    } else {
        session.printer().record(SHAPE.name, &object(&target, source, &status))?;
    }
    Ok(ExitStatus::Ok)
}

fn source(target: &Target) -> Source {
    match &target.data_dir {
        Some(dir) if local::running(dir).is_none() => Source::Folder,
        _ => Source::Server,
    }
}

fn nothing_there(session: &Session, target: &Target) -> Result<ExitStatus, CommandError> {
    let dir = target.data_dir.as_deref().map(session::shortened).unwrap_or_default();
    if session.printer().wants_words() {
        session.printer().line(format_args!("{} no server, and no events in {dir}", painted(FAINT, "○")))?;
        session.printer().talk("start one with: streamflow start");
        return Ok(ExitStatus::Ok);
    }
    let mut object: Map<String, Value> =
        SHAPE.fields.iter().map(|field| (field.name.to_owned(), Value::Null)).collect();
    object.insert("state".to_owned(), json!("stopped"));
    object.insert("data".to_owned(), json!(dir));
    session.printer().record(SHAPE.name, &object)?;
    Ok(ExitStatus::Ok)
}

fn state(source: Source, status: &Status) -> &'static str {
    match (source, status.status.as_str()) {
        (Source::Folder, _) => "stopped",
        (Source::Server, "healthy") => "running",
        (Source::Server, _) => "unhealthy",
    }
}

fn object(target: &Target, source: Source, status: &Status) -> Map<String, Value> {
    let running = |value: Value| if source == Source::Server { value } else { Value::Null };
    let ports: Map<String, Value> =
        status.ports.iter().map(|port| (port.role.clone(), json!(format!("http://{}", port.address)))).collect();
    Map::from_iter([
        ("state".to_owned(), json!(state(source, status))),
        ("version".to_owned(), json!(status.version)),
        ("pid".to_owned(), running(json!(status.pid))),
        ("url".to_owned(), running(json!(target.url))),
        ("data".to_owned(), json!(target.data_dir.as_ref().map(|dir| dir.display().to_string()))),
        ("uptime_seconds".to_owned(), running(json!(status.uptime_seconds))),
        ("ports".to_owned(), running(Value::Object(ports))),
        ("events".to_owned(), json!(status.events)),
        ("tail".to_owned(), json!(status.tail)),
        ("journal".to_owned(), json!(status.journal)),
        ("queries".to_owned(), running(json!(status.queries))),
        ("process".to_owned(), running(json!(status.process))),
        ("connections".to_owned(), running(json!(status.connections))),
        ("live_subscribers".to_owned(), running(json!(status.live_subscribers))),
    ])
}

fn page(target: &Target, source: Source, status: &Status) -> String {
    let state = state(source, status);
    let dir = target.data_dir.as_deref().map(session::shortened);
    let mut lines = vec![match (source, state) {
        (Source::Folder, _) => {
            format!("{} no server on {}; it holds:", painted(FAINT, "○ stopped"), dir.unwrap_or_default())
        }
        (Source::Server, "running") => headline(&painted(GOOD, "● running"), target, status),
        (Source::Server, _) => headline(&painted(BAD, "● unhealthy"), target, status),
    }];
    let mut line =
        |name: &str, text: String| lines.push(format!("  {} {text}", painted(HEADING, format_args!("{name:<11}"))));
    let events = &status.events;
    line("events", format!("{} stored", events.stored));
    if source == Source::Server {
        line(
            "since start",
            format!("{} accepted, {} duplicates, {} rejected", events.accepted, events.duplicates, events.rejected),
        );
    }
    let tail = &status.tail;
    let (used, room) = (spell_bytes_roughly(tail.bytes), spell_bytes_roughly(tail.bytes_max));
    line("memory", format!("{} events, {used} of {room}", tail.rows));
    let journal = &status.journal;
    line("journal", format!("{} in {} files", spell_bytes_roughly(journal.bytes), journal.files));
    // The engine learns how much is free when it first writes.
    if (1..u64::MAX).contains(&journal.disk_free_bytes) {
        line("disk", format!("{} free", spell_bytes_roughly(journal.disk_free_bytes)));
    }
    if let Some(failure) = &journal.failure {
        line("failure", painted(WARNING, failure));
    }
    if source == Source::Server {
        line("ports", ports(status));
        line("queries", queries(&status.queries));
        if let Some(process) = process(&status.process) {
            line("process", process);
        }
        line("connections", format!("{}, {} live", status.connections, status.live_subscribers));
    }
    lines.join("\n") + "\n"
}

fn queries(queries: &QueriesState) -> String {
    let QueriesState { running, answered, failed, cancelled, .. } = queries;
    let mut text = format!("{} running, {answered} answered, {failed} failed, {cancelled} cancelled", running.len());
    if answered + failed + cancelled > 0 {
        write!(text, ", {:.1} ms each", queries.elapsed_ms_mean).unwrap_or_default();
    }
    text
}

/// Returns what the process takes of its machine; nothing where the system does not tell.
fn process(process: &ProcessState) -> Option<String> {
    let ProcessState { cpu_seconds, memory_bytes, threads, open_files, open_files_max } = *process;
    let cpu = spell_duration(Duration::from_secs(cpu_seconds? as u64));
    let memory = spell_bytes_roughly(memory_bytes?);
    Some(format!(
        "{memory} of memory, {cpu} of processor time, {} threads, {} of {} files",
        threads?, open_files?, open_files_max?
    ))
}

/// Returns the roles that are served, each with its port.
fn ports(status: &Status) -> String {
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    let ports = status.ports.iter().map(|state| format!("{} {}", state.role, port(&state.address)));
    ports.collect::<Vec<_>>().join(", ")
}

fn headline(state: &str, target: &Target, status: &Status) -> String {
    let uptime = spell_duration(Duration::from_secs(status.uptime_seconds));
    format!("{state} {} (version {}, process {}, up {uptime})", target.url, status.version, status.pid)
}
