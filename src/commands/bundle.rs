//! Packs a range of time with its schemas into one file, and opens such a file as a project to read from.

mod archive;
mod contents;
mod filling;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Map, Value, json};

use self::archive::BundleError;
use self::contents::Contents;
use super::range::RangeArgs;
use super::tree::examples;
use super::{Session, export, observed, offline, remote, session};
use crate::api::query::QueryRequest;
use crate::api::schema::EventTypeSchema;
use crate::client::{Client, Request};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPES: &[&Shape] = &[&EXPORTED, &OPENED];

const EXPORTED: Shape = Shape {
    name: "streamflow.bundle/1",
    form: Form::Record,
    fields: &[
        Field::new("file", Kind::Text, "path of the bundle"),
        Field::new("events", Kind::Number, "events in it"),
        Field::new("schemas", Kind::Number, "schemas in it"),
        Field::new("bytes", Kind::Number, "size of the file"),
    ],
};

const OPENED: Shape = Shape {
    name: "streamflow.bundle_opened/1",
    form: Form::Record,
    fields: &[
        Field::new("project", Kind::Text, "folder to read from with --project"),
        Field::new("events", Kind::Number, "events in it"),
        Field::new("schemas", Kind::Number, "schemas in it"),
        Field::new("since", Kind::Time, "begin of the range that was asked for"),
        Field::new("until", Kind::Time, "end of the range that was asked for"),
    ],
};

/// Share a range of time as one file that can be queried
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow bundle export incident.sfb --since 2h",
    "streamflow bundle open incident.sfb",
))]
pub(super) struct BundleArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write events of a range and all schemas into one file
    #[command(after_help = examples!(
        "streamflow bundle export incident.sfb --since 2h",
        "streamflow bundle export errors.sfb --last 24h --filter 'severity=high'",
    ))]
    Export(ExportArgs),
    /// Unpack a bundle into a project that is read from
    #[command(after_help = examples!("streamflow bundle open incident.sfb --dir incident"))]
    Open(OpenArgs),
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// File to write
    file: PathBuf,
    /// Only these events: a SQL condition, or words such as type=web.click
    #[arg(long, value_name = "FILTER", add = observed::filter())]
    filter: Option<String>,
    #[command(flatten)]
    range: RangeArgs,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct OpenArgs {
    /// File to open
    file: PathBuf,
    /// Folder to unpack into, instead of one in the user's cache; it must not exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: BundleArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.action {
        Action::Export(args) => export(&args, session),
        Action::Open(args) => open(&args, session),
    }
}

fn export(args: &ExportArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    if args.file.exists() && !args.force {
        return Err(CommandError::usage(format!("{} exists already", args.file.display()))
            .with_hint("choose another name, or replace it with --force"));
    }
    let (since, until) = args.range.bounds(session)?;
    let (sql, params) = export::events_sql(args.filter.as_deref(), since.clone(), until.clone())?;
    let client = remote::reader(session)?;
    let schemas = match session.block_on(schemas(&client))? {
        // Data that is read without a server has its schemas in the project's files.
        none if none.is_empty() => contents::schemas_of_project(session)?,
        schemas => schemas,
    };
    // Beside the bundle: on the same disk, where there is room for it.
    let work = Work::beside(&args.file)?;
    let request = QueryRequest { sql, params, ..QueryRequest::default() };
    let request = Request::post("/api/v1/export").json(&request).accept("application/x-ndjson").without_deadline();
    let progress = session.printer().progress("bundling", None);
    let events = filling::fill(&client, request, &work.0, session, &progress)?;
    let contents = Contents { events, since, until, schemas };
    let bytes = archive::pack(&args.file, &work.0, &contents).map_err(|error| unusable(&args.file, &error))?;
    drop(progress);
    let object = Map::from_iter([
        ("file".to_owned(), json!(args.file.display().to_string())),
        ("events".to_owned(), json!(events)),
        ("schemas".to_owned(), json!(contents.schemas.len())),
        ("bytes".to_owned(), json!(bytes)),
    ]);
    session.printer().record(EXPORTED.name, &object)?;
    Ok(ExitStatus::Ok)
}

/// Returns every schema that the server has.
async fn schemas(client: &Client) -> Result<Vec<EventTypeSchema>, CommandError> {
    Ok(remote::data(client.send(Request::get("/api/v1/schemas")).await?).await?)
}

/// Returns a client of what is in a bundle, which is unpacked unless that was done before. Nothing is written to it.
///
/// # Errors
/// As [`opened`], and when the data in it can not be read.
pub(super) fn reader(file: &Path, session: &Session) -> Result<Client, CommandError> {
    let dir = opened(file, session)?;
    offline::reader(session, session.settings_of(&dir)?.data_dir(&dir))
}

/// Returns the folder of a bundle's project, unpacked now or before.
///
/// # Errors
/// When the file is no bundle, or can not be unpacked.
pub(super) fn opened(file: &Path, session: &Session) -> Result<PathBuf, CommandError> {
    let contents = archive::contents(file).map_err(|error| unusable(file, &error))?;
    let dir = cached(file, session)?;
    // What was unpacked before is the same bundle: its place is named by its bytes.
    if !dir.is_dir() {
        unpack(file, &contents, &dir)?;
    }
    Ok(dir)
}

fn unpack(file: &Path, contents: &Contents, dir: &Path) -> Result<(), CommandError> {
    let draft = Work::beside(dir)?;
    archive::unpack(file, &draft.0).map_err(|error| unusable(file, &error))?;
    contents.write_project(&draft.0).map_err(|error| unwritable(&draft.0, &error))?;
    fs::rename(&draft.0, dir).map_err(|error| unwritable(dir, &error))
}

fn open(args: &OpenArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let contents = archive::contents(&args.file).map_err(|error| unusable(&args.file, &error))?;
    let dir = match &args.dir {
        None => opened(&args.file, session)?,
        Some(dir) => {
            let dir = session.current_dir()?.join(dir);
            if dir.exists() {
                return Err(CommandError::usage(format!("{} exists already", dir.display()))
                    .with_hint("name a folder that does not"));
            }
            unpack(&args.file, &contents, &dir)?;
            dir
        }
    };
    let object = Map::from_iter([
        ("project".to_owned(), json!(dir.display().to_string())),
        ("events".to_owned(), json!(contents.events)),
        ("schemas".to_owned(), json!(contents.schemas.len())),
        ("since".to_owned(), contents.since.clone().map_or(Value::Null, Value::from)),
        ("until".to_owned(), contents.until.clone().map_or(Value::Null, Value::from)),
    ]);
    session.printer().record(OPENED.name, &object)?;
    session.printer().talk(format_args!(
        "read it with: streamflow query --project {} 'SELECT type, count(*) FROM events GROUP BY type'",
        session::shortened(&dir)
    ));
    session.printer().talk(format_args!("look into it with: streamflow tui {}", args.file.display()));
    Ok(ExitStatus::Ok)
}

/// Returns the folder for this very bundle below the user's cache.
fn cached(file: &Path, session: &Session) -> Result<PathBuf, CommandError> {
    let environment = session.environment();
    let base = environment.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let base = base.ok_or_else(|| {
        CommandError::usage("there is no cache folder to unpack into").with_hint("name a folder with --dir")
    })?;
    let name = archive::fingerprint(file).map_err(|error| unusable(file, &error))?;
    Ok(base.join("streamflow/bundles").join(name))
}

/// A folder that is removed when it has served.
struct Work(PathBuf);

impl Work {
    fn beside(path: &Path) -> Result<Self, CommandError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let dir = path.with_file_name(format!(".{name}.{}", std::process::id()));
        fs::create_dir_all(&dir).map_err(|error| unwritable(&dir, &error))?;
        Ok(Self(dir))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // It was renamed, or it is of no use to anybody.
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot write {}: {error}", path.display()))
        .with_hint("name a place that you may write to and that has room")
}

fn unusable(path: &Path, error: &BundleError) -> CommandError {
    CommandError::usage(format!("cannot use {}: {error}", path.display())).with_hint(error.hint())
}
