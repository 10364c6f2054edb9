//! Manages the JSON Schemas of event types: on the server, and as files of the project.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::observed;
use super::tree::examples;
use super::{Consent, Session, remote, server_options, session};
use crate::api::schema::{EventTypeSchema, SchemaMode};
use crate::client::Request;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Place, Shape};

mod check;

pub(super) const SHAPES: &[&Shape] = &[&LIST, &check::SHAPE];

const LIST: Shape = Shape {
    name: "streamflow.schemas/1",
    form: Form::Listing,
    fields: &[
        Field::new("type", Kind::Text, "event type"),
        Field::new("mode", Kind::Text, "what happens to an event that does not match: off, warn or reject"),
        Field::new("title", Kind::Text, "title of the schema"),
    ],
};

const SCHEMAS: &str = "/api/v1/schemas";

/// Manage the JSON Schemas of event types
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow schema list",
    "streamflow schema show web.click",
    "streamflow schema put web.click schemas/web.click.json --mode warn",
    "streamflow schema check events/sample.ndjson",
))]
pub(super) struct SchemaArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the event types that have a schema
    #[command(visible_alias = "ls", after_help = examples!("streamflow schema list -o json"))]
    List,
    /// Print the schema of an event type
    #[command(after_help = examples!("streamflow schema show web.click"))]
    Show {
        /// Event type
        #[arg(add = observed::schema())]
        event_type: String,
    },
    /// Give an event type a schema
    #[command(after_help = examples!("streamflow schema put web.click schemas/web.click.json --mode warn"))]
    Put {
        /// Event type
        #[arg(add = observed::event_type())]
        event_type: String,
        /// File with the JSON Schema; - is stdin
        file: PathBuf,
        /// What happens to an event that does not match
        #[arg(long, value_enum, default_value = "reject")]
        mode: Mode,
        /// Write to a protected context without asking
        #[arg(long)]
        yes: bool,
    },
    /// Check files of events against the project's schemas, without a server
    #[command(after_help = examples!("streamflow schema check events/sample.ndjson", "streamflow schema check"))]
    Check {
        /// Files with one event a line; without one the schemas alone are checked
        files: Vec<PathBuf>,
    },
    /// Take the schema of an event type away
    #[command(visible_alias = "remove", after_help = examples!("streamflow schema rm web.click"))]
    Rm {
        /// Event type
        #[arg(add = observed::schema())]
        event_type: String,
        /// Write to a protected context without asking
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Mode {
    Off,
    Warn,
    Reject,
}

impl From<Mode> for SchemaMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Off => Self::Off,
            Mode::Warn => Self::Warn,
            Mode::Reject => Self::Reject,
        }
    }
}

pub(super) fn run(args: SchemaArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.action {
        Action::List => list(session),
        Action::Show { event_type } => show(&event_type, session),
        Action::Put { event_type, file, mode, yes } => put(event_type, &file, mode.into(), consent(yes), session),
        Action::Check { files } => check::run(&schemas_dir(session)?, &files, session),
        Action::Rm { event_type, yes } => remove(&event_type, consent(yes), session),
    }
}

const fn consent(yes: bool) -> Consent {
    if yes { Consent::Given } else { Consent::Wanted }
}

/// Returns the project's folder of schemas.
fn schemas_dir(session: &Session) -> Result<PathBuf, CommandError> {
    match session.settings()?.project_dir() {
        Some(dir) => Ok(dir.join(server_options::SCHEMAS_DIR)),
        None => Err(CommandError::new("project_not_found", "there is no project here", ExitStatus::Usage)
            .with_hint("go to its folder, name it with --project, or make one with `streamflow init`")),
    }
}

fn list(session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::reader(session)?;
    let schemas = session.block_on(async {
        let response = client.send(Request::get(SCHEMAS)).await?;
        Ok(remote::data::<Vec<EventTypeSchema>>(response).await?)
    })?;
    let row = |entry: &EventTypeSchema| {
        vec![json!(entry.event_type), json!(entry.mode), entry.schema.get("title").cloned().unwrap_or_default()]
    };
    session.printer().listing(&LIST.listing(schemas.iter().map(row).collect()))?;
    if schemas.is_empty() {
        session.printer().talk("no event type has a schema; give one with: streamflow schema put TYPE FILE");
    }
    Ok(ExitStatus::Ok)
}

fn show(event_type: &str, session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::reader(session)?;
    let entry: EventTypeSchema = session.block_on(async {
        let response = client.send(Request::get(SCHEMAS).segment(event_type)).await?;
        Ok(remote::data(response).await?)
    })?;
    session.printer().text(&format!("{:#}\n", entry.schema))?;
    Ok(ExitStatus::Ok)
}

fn put(
    event_type: String,
    file: &Path,
    mode: SchemaMode,
    consent: Consent,
    session: &Session,
) -> Result<ExitStatus, CommandError> {
    let schema = read_json(file)?;
    let client = remote::server_for_writing(session, &format!("change the schema of {event_type}"), consent)?;
    let entry = EventTypeSchema { event_type, mode, schema };
    session.block_on(async {
        client.send(Request::put(SCHEMAS).segment(&entry.event_type).json(&entry)).await?;
        Ok(())
    })?;
    session.printer().talk(format_args!("{} has a schema now", entry.event_type));
    Ok(ExitStatus::Ok)
}

fn remove(event_type: &str, consent: Consent, session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::server_for_writing(session, &format!("remove the schema of {event_type}"), consent)?;
    session.block_on(async {
        client.send(Request::delete(SCHEMAS).segment(event_type)).await?;
        Ok(())
    })?;
    session.printer().talk(format_args!("{event_type} has no schema any more"));
    Ok(ExitStatus::Ok)
}

/// Reads a file of JSON; a fault is shown at its place.
fn read_json(file: &Path) -> Result<Value, CommandError> {
    let name = session::shortened(file);
    let read =
        if file.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = read.map_err(|error| CommandError::usage(format!("cannot read {name}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| {
        let whole = error.to_string();
        let reason = whole.split(" at line ").next().unwrap_or_default().to_lowercase();
        // What ends too early ends behind its last line.
        let last = text.lines().count().max(1) as u64;
        let (line, column) = (error.line() as u64, error.column() as u64);
        let (line, column) = if line > last || column == 0 {
            (last, text.lines().last().unwrap_or_default().chars().count() as u64 + 1)
        } else {
            (line, column)
        };
        CommandError::usage(format!("this is no JSON: {reason}")).at(Place::in_text(&name, &text, line, column))
    })
}
