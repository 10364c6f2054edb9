//! Asks the server for the names it knows, and keeps its answer for the time when it does not answer at once.

use std::ffi::OsString;
use std::fs;
use std::hash::Hasher;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use siphasher::sip::SipHasher13;

use crate::api::query::{QueryAnswer, QueryRequest, QuerySchema};
use crate::api::schema::EventTypeSchema;
use crate::client::{Client, ClientError, Request};
use crate::commands::{GlobalArgs, Session, remote};
use crate::printer::{CommandError, OutputArgs, Printer};
use crate::settings::Environment;
use crate::telemetry::task;

/// Time until the answer has to be there, whatever holds it up: TAB must answer within 200 ms, and the program needs some of
/// them to start.
const PATIENCE: Duration = Duration::from_millis(150);
/// Time that it has when nobody waits.
const PATIENCE_UNSEEN: Duration = Duration::from_secs(10);
/// Set for the process that nobody waits for: what it asks for.
const UNSEEN_VARIABLE: &str = "_STREAMFLOW_COMPLETE_UNSEEN";
/// Names of one kind that are offered.
const NAMES_MAX: u64 = 500;
/// Bytes of a kept answer that are read.
const KEPT_BYTES_MAX: u64 = 1 << 20;
/// A kept answer says what is in somebody's events.
const KEPT_MODE: u32 = 0o600;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    EventTypes,
    Sources,
    Schemas,
    Columns,
    /// Columns and tables: what stands in a statement.
    Words,
}

/// A name and what is said beside it.
pub(super) type Name = (String, String);

impl Kind {
    const ALL: [Self; 5] = [Self::EventTypes, Self::Sources, Self::Schemas, Self::Columns, Self::Words];

    const fn file_name(self) -> &'static str {
        match self {
            Self::EventTypes => "types.json",
            Self::Sources => "sources.json",
            Self::Schemas => "schemas.json",
            Self::Columns => "columns.json",
            Self::Words => "words.json",
        }
    }
}

/// Returns the names of a kind: from the server if it answers at once, else those it named the last time. There is nobody
/// to tell of an error: a shell shows what is completed and nothing else.
pub(super) fn names(kind: Kind) -> Vec<Name> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let session = session(&words);
    let Ok(target) = session.target() else { return Vec::new() };
    let kept = kept_at(session.environment(), &target.url, kind);
    // The way into a cluster takes longer than TAB may, and a plugin for its credentials may ask the person at the terminal;
    // whom nobody sees has no terminal.
    let answer = if target.cluster.is_some() { None } else { asked(&words, kind, PATIENCE) };
    match (answer, kept) {
        (Some(Ok(names)), kept) => {
            if let Some(path) = kept {
                keep(&path, &names);
            }
            names
        }
        (answer, Some(path)) => {
            if answer.is_none() && begins_asking(&path) {
                ask_unseen(&words, kind);
            }
            read(&path).unwrap_or_default()
        }
        (_, None) => Vec::new(),
    }
}

/// Asks the server and keeps its answer, if this is the process that nobody waits for; returns whether it is.
pub(super) fn was_asked_unseen() -> bool {
    let Some(name) = std::env::var_os(UNSEEN_VARIABLE) else { return false };
    let words: Vec<OsString> = std::env::args_os().collect();
    let session = session(&words);
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| name == kind.file_name())
        && let Ok(target) = session.target()
        && let Some(path) = kept_at(session.environment(), &target.url, kind)
        && let Some(Ok(names)) = asked(&words, kind, PATIENCE_UNSEEN)
    {
        keep(&path, &names);
    }
    true
}

fn session(words: &[OsString]) -> Session {
    Session::new(global(words), Printer::new(OutputArgs { quiet: true, ..OutputArgs::default() }))
}

/// Returns the server's answer; None when it is not there in time. It is waited for beside the thread that asks: looking up a
/// name, a file of authorities or a kubeconfig's plugin hold up a thread, and no timer on it would fire.
fn asked(words: &[OsString], kind: Kind, patience: Duration) -> Option<Result<Vec<Name>, CommandError>> {
    let (tell, told) = mpsc::sync_channel(1);
    let words = words.to_vec();
    let asking = task::thread("asking", move || {
        let session = session(&words);
        let answer = session.target().and_then(|target| {
            let client = remote::connect(&target, &session)?;
            session.block_on(async { Ok(ask(&client, kind).await?) })
        });
        // Nobody listens any more when it comes late.
        drop(tell.send(answer));
    });
    asking.ok()?;
    told.recv_timeout(patience).ok()
}

/// Notes that the server is asked on, and returns whether nobody does so already: TAB is often pressed again while an answer
/// is late, and each question would make the server slower still.
fn begins_asking(kept: &Path) -> bool {
    let note = kept.with_extension("asking");
    let old = fs::metadata(&note).and_then(|known| known.modified()).ok().and_then(|at| at.elapsed().ok());
    if old.is_some_and(|age| age < PATIENCE_UNSEEN) {
        return false;
    }
    let made = note.parent().map_or(Ok(()), fs::create_dir_all);
    // Where nothing can be written, nothing would be kept either.
    made.and_then(|()| fs::write(&note, "")).is_ok()
}

/// Asks the same again in a process that nobody waits for, so that the next TAB has the answer of a slow server. It is told by a
/// variable of its own what to ask: that of completion is gone by now, and without it these words would be a wrong command.
fn ask_unseen(words: &[OsString], kind: Kind) {
    let Ok(program) = std::env::current_exe() else { return };
    let spawned = Command::new(program)
        .args(words.get(1..).unwrap_or_default())
        .env(UNSEEN_VARIABLE, kind.file_name())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    // Without it, the next TAB waits for the server as this one did.
    drop(spawned);
}

async fn ask(client: &Client, kind: Kind) -> Result<Vec<Name>, ClientError> {
    match kind {
        Kind::EventTypes => observed(client, "type").await,
        Kind::Sources => observed(client, "source").await,
        Kind::Schemas => {
            let answer = client.send(Request::get("/api/v1/schemas")).await?;
            let schemas: Vec<EventTypeSchema> = remote::data(answer).await?;
            Ok(schemas.into_iter().map(|schema| (schema.event_type, String::new())).collect())
        }
        Kind::Columns => Ok(columns(schema(client).await?)),
        Kind::Words => {
            let schema = schema(client).await?;
            let tables: Vec<Name> =
                schema.tables.iter().map(|table| (table.name.clone(), "table".to_owned())).collect();
            Ok([columns(schema), tables].concat())
        }
    }
}

/// Returns what the table of events has, with the paths inside `data`.
fn columns(schema: QuerySchema) -> Vec<Name> {
    let events = schema.tables.into_iter().find(|table| table.name == "events");
    let columns = events.into_iter().flat_map(|table| table.columns.into_iter().chain(table.paths));
    columns.map(|column| (column.name, column.kind)).collect()
}

async fn schema(client: &Client) -> Result<QuerySchema, ClientError> {
    remote::data(client.send(Request::get("/api/v1/query/schema")).await?).await
}

async fn observed(client: &Client, column: &str) -> Result<Vec<Name>, ClientError> {
    let sql = format!("SELECT {column}, count(*) AS events FROM events GROUP BY {column} ORDER BY events DESC");
    let request = QueryRequest { sql, max_rows: Some(NAMES_MAX), ..QueryRequest::default() };
    let answer: QueryAnswer = client.send(Request::post("/api/v1/query").json(&request)).await?.json().await?;
    let name = |row: Vec<Value>| {
        let count = row.get(1)?.as_u64()?;
        let events = if count == 1 { "event" } else { "events" };
        Some((row.first()?.as_str()?.to_owned(), format!("{count} {events}")))
    };
    Ok(answer.rows.into_iter().filter_map(name).collect())
}

/// The command line is not whole yet, so its flags are looked for by hand.
fn global(words: &[OsString]) -> GlobalArgs {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let value = |flag: &str| {
        let joined = format!("{flag}=");
        let alone = words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1).copied());
        alone.or_else(|| words.iter().find_map(|word| word.strip_prefix(&joined))).map(str::to_owned)
    };
    GlobalArgs {
        printing: OutputArgs::default(),
        context: value("--context"),
        server: value("--server"),
        token: value("--token"),
        project: value("--project").map(PathBuf::from),
        verbose: 0,
    }
}

/// Returns where the answer of this server is kept.
fn kept_at(environment: &Environment, url: &str, kind: Kind) -> Option<PathBuf> {
    let base = environment.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    let mut hasher = SipHasher13::new();
    hasher.write(url.as_bytes());
    Some(base.join(format!("streamflow/completion/{:016x}/{}", hasher.finish(), kind.file_name())))
}

fn read(path: &Path) -> Option<Vec<Name>> {
    let small = fs::metadata(path).ok()?.len() <= KEPT_BYTES_MAX;
    serde_json::from_slice(&fs::read(path).ok().filter(|_| small)?).ok()
}

/// Nothing depends on it: without a kept answer there is nothing to offer while the server is away.
fn keep(path: &Path, names: &[Name]) {
    let Ok(bytes) = serde_json::to_vec(names) else { return };
    let Some(dir) = path.parent() else { return };
    let draft = path.with_extension(std::process::id().to_string());
    let written = fs::create_dir_all(dir)
        .and_then(|()| fs::OpenOptions::new().write(true).create(true).truncate(true).mode(KEPT_MODE).open(&draft))
        .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        fs::remove_file(&draft).unwrap_or_default();
    }
    // There is none when the answer was there at once.
    fs::remove_file(path.with_extension("asking")).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_found_in_a_command_line_that_is_not_whole() {
        let words = ["streamflow", "--", "streamflow", "top", "--server", "http://a:1", "--context=prod", "--by", "t"];
        let found = global(&words.map(OsString::from));
        assert_eq!(found.server.as_deref(), Some("http://a:1"));
        assert_eq!(found.context.as_deref(), Some("prod"));
        assert_eq!(global(&["streamflow", "--server"].map(OsString::from)).server, None);
    }
}
