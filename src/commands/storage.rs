//! Looks after history: what it holds, sealing, merging, removing what is too old, looking for damage.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};
use streamflow_engine::EngineOptions;

use super::engine_options::engine_options;
use super::tree::examples;
use super::{Consent, Session, local, remote};
use crate::api::Page;
use crate::api::storage::{
    CompactAnswer, FaultInfo, RetentionAnswer, SealAnswer, SegmentInfo, StorageStats, VerifyAnswer,
};
use crate::client::Request;
use crate::printer::paint::{BAD, GOOD, HEADING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};
use crate::server;
use crate::settings::spell_bytes_roughly;

pub(super) const SHAPES: &[&Shape] = &[&STATS, &SEAL, &SEGMENTS, &COMPACT, &RETENTION, &VERIFY];

const STATS: Shape = Shape {
    name: "streamflow.storage-stats/1",
    form: Form::Record,
    fields: &[
        Field::new("events", Kind::Number, "sealed events"),
        Field::new("files", Kind::Number, "their files"),
        Field::new("bytes", Kind::Number, "bytes of these"),
        Field::new("bytes_per_event", Kind::Number, "bytes a sealed event, null without events"),
        Field::new("rejected_events", Kind::Number, "sealed rejected events"),
        Field::new("rejected_files", Kind::Number, "their files"),
        Field::new("rejected_bytes", Kind::Number, "bytes of these"),
        Field::new("ended_files", Kind::Number, "files that were replaced or removed and are not deleted yet"),
        Field::new("ended_bytes", Kind::Number, "bytes of these"),
        Field::new("merge_waiting_files", Kind::Number, "files that wait to be merged"),
        Field::new("merge_waiting_bytes", Kind::Number, "bytes of these"),
        Field::new("merges", Kind::Number, "merges since the server started"),
        Field::new("unsealed_events", Kind::Number, "events in memory that are not sealed"),
        Field::new("unsealed_bytes", Kind::Number, "memory of these"),
        Field::new("journal_files", Kind::Number, "files of the journal"),
        Field::new("journal_bytes", Kind::Number, "bytes of these"),
        Field::new("location", Kind::Text, "the store that history is in, null in storage.path"),
        Field::new("nearby_bytes", Kind::Number, "bytes of that store that are held in storage.path"),
        Field::new("snapshot", Kind::Number, "number of the newest snapshot"),
        Field::new("sealed_offset", Kind::Number, "offset after the last sealed event"),
        Field::new("first_ingested_at", Kind::Time, "when the first sealed event arrived, null without events"),
        Field::new("last_ingested_at", Kind::Time, "when the last sealed event arrived, null without events"),
    ],
};

const SEAL: Shape = Shape {
    name: "streamflow.storage-seal/1",
    form: Form::Record,
    fields: &[
        Field::new("events", Kind::Number, "events that were sealed"),
        Field::new("rejected_events", Kind::Number, "rejected events that were sealed"),
        Field::new("files", Kind::Number, "new files of history"),
        Field::new("bytes", Kind::Number, "bytes of these"),
        Field::new("journal_files_removed", Kind::Number, "files of the journal that went"),
    ],
};

const SEGMENTS: Shape = Shape {
    name: "streamflow.storage-segments/1",
    form: Form::Listing,
    fields: &[
        Field::new("table", Kind::Text, "events or rejected_events"),
        Field::new("name", Kind::Text, "file in the folder of the table"),
        Field::new("rows", Kind::Number, "rows in it"),
        Field::new("bytes", Kind::Number, "its size"),
        Field::new("first_timestamp", Kind::Time, "earliest event time"),
        Field::new("last_timestamp", Kind::Time, "latest event time"),
        Field::new("first_ingested_at", Kind::Time, "first arrival"),
        Field::new("last_ingested_at", Kind::Time, "last arrival"),
        Field::new("first_offset", Kind::Number, "smallest offset"),
        Field::new("last_offset", Kind::Number, "largest offset"),
        Field::new("crc32c", Kind::Text, "checksum of the whole file"),
        Field::new("snapshot", Kind::Number, "the snapshot that it came with"),
    ],
};

const COMPACT: Shape = Shape {
    name: "streamflow.storage-compact/1",
    form: Form::Record,
    fields: &[
        Field::new("merges", Kind::Number, "files that were made of others"),
        Field::new("files_before", Kind::Number, "files that were merged"),
        Field::new("files_after", Kind::Number, "files that they became"),
        Field::new("rows", Kind::Number, "rows in these"),
        Field::new("bytes_before", Kind::Number, "bytes before"),
        Field::new("bytes_after", Kind::Number, "bytes after"),
    ],
};

const RETENTION: Shape = Shape {
    name: "streamflow.storage-retention/1",
    form: Form::Record,
    fields: &[
        Field::new("events", Kind::Number, "events that were removed"),
        Field::new("rejected_events", Kind::Number, "rejected events that were removed"),
        Field::new("files_removed", Kind::Number, "files that went as a whole"),
        Field::new("files_rewritten", Kind::Number, "files of which some rows went"),
        Field::new("bytes", Kind::Number, "bytes that history has less"),
    ],
};

const VERIFY: Shape = Shape {
    name: "streamflow.storage-verify/1",
    form: Form::Record,
    fields: &[
        Field::new("sound", Kind::Bool, "whether nothing is wrong"),
        Field::new("catalog_groups", Kind::Number, "groups of rows of the catalog that were looked at"),
        Field::new("files", Kind::Number, "files of history that were looked at"),
        Field::new("file_bytes", Kind::Number, "bytes of these"),
        Field::new("journal_files", Kind::Number, "files of the journal that were looked at"),
        Field::new("journal_bytes", Kind::Number, "bytes of these"),
        Field::new(
            "journal_torn_bytes",
            Kind::Number,
            "bytes of a group that was being written when the machine stopped",
        ),
        Field::new("faults", Kind::Json, "what is wrong: part, name, reason, and the offsets and times affected"),
    ],
};

/// Files that are asked for at a time.
const PAGE_FILES: usize = 1_000;

/// Look after history: sizes, sealing, merging, checking
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow storage stats",
    "streamflow storage segments --limit 10",
    "streamflow storage compact",
    "streamflow storage verify",
))]
pub(super) struct StorageArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show how much is stored and where it stands
    #[command(after_help = examples!("streamflow storage stats", "streamflow storage stats -o json --jq .bytes_per_event"))]
    Stats,
    /// Seal every event so far into history, so that other engines see it
    #[command(after_help = examples!("streamflow storage seal"))]
    Seal(Write),
    /// List the files of history
    #[command(after_help = examples!(
        "streamflow storage segments",
        "streamflow storage segments --table rejected_events -o csv",
    ))]
    Segments {
        /// Files of this table only: events or rejected_events
        #[arg(long, value_name = "TABLE")]
        table: Option<String>,
    },
    /// Merge files of history until there are as few as can be
    #[command(after_help = examples!("streamflow storage compact"))]
    Compact(Write),
    /// Remove what is too old by the settings, without waiting for the hour
    #[command(after_help = examples!("streamflow storage retention"))]
    Retention(Write),
    /// Look whether every byte on disk is what was written
    #[command(after_help = examples!("streamflow storage verify", "streamflow storage verify -o json --jq .faults"))]
    Verify,
}

#[derive(Debug, clap::Args)]
struct Write {
    /// Write to a protected context without asking
    #[arg(long)]
    yes: bool,
}

impl Write {
    const fn consent(&self) -> Consent {
        if self.yes { Consent::Given } else { Consent::Wanted }
    }
}

pub(super) fn run(args: StorageArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.action {
        Action::Stats => stats(session),
        Action::Seal(write) => {
            let request = Request::post("/api/v1/storage/seal");
            let answer: SealAnswer = remote::ask_keeper(session, "seal", write.consent(), request)?;
            let words = format!("{} in {}", counted(answer.events, "event"), counted(answer.files, "new file"));
            report(&SEAL, &answer, &words, session)
        }
        Action::Segments { table } => segments(table.as_deref(), session),
        Action::Compact(write) => {
            let request = Request::post("/api/v1/storage/compact");
            let answer: CompactAnswer = remote::ask_keeper(session, "merge files", write.consent(), request)?;
            let (before, after) = (spell_bytes_roughly(answer.bytes_before), spell_bytes_roughly(answer.bytes_after));
            let words =
                format!("{} ({before}) became {} ({after})", counted(answer.files_before, "file"), answer.files_after);
            report(&COMPACT, &answer, &words, session)
        }
        Action::Retention(write) => {
            let request = Request::post("/api/v1/storage/retention");
            let answer: RetentionAnswer =
                remote::ask_keeper(session, "remove what is too old", write.consent(), request)?;
            let words =
                format!("{} removed, {} less", counted(answer.events, "event"), spell_bytes_roughly(answer.bytes));
            report(&RETENTION, &answer, &words, session)
        }
        Action::Verify => verify(session),
    }
}

/// Says what was done: to a person in words, to a program as a record.
fn report<T: serde::Serialize>(
    shape: &Shape,
    answer: &T,
    words: &str,
    session: &Session,
) -> Result<ExitStatus, CommandError> {
    if session.printer().wants_words() {
        session.printer().line(words)?;
    } else {
        session.printer().record(shape.name, &object(answer))?;
    }
    Ok(ExitStatus::Ok)
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn object<T: serde::Serialize>(answer: &T) -> Map<String, Value> {
    match json!(answer) {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn stats(session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::reader(session)?;
    let stats: StorageStats = session.block_on(async {
        let response = client.send(Request::get("/api/v1/storage/stats")).await?;
        Ok(remote::data(response).await?)
    })?;
    if !session.printer().wants_words() {
        session.printer().record(STATS.name, &object(&stats))?;
        return Ok(ExitStatus::Ok);
    }
    let mut page = String::new();
    let mut line = |name: &str, text: String| {
        page.push_str(&format!("  {} {text}\n", painted(HEADING, format_args!("{name:<10}"))));
    };
    let files = |count: u64, bytes: u64| format!("{}, {}", counted(count, "file"), spell_bytes_roughly(bytes));
    let each = stats.bytes_per_event.map(|bytes| format!(", {bytes} bytes an event")).unwrap_or_default();
    line("history", format!("{} in {}{each}", counted(stats.events, "event"), files(stats.files, stats.bytes)));
    if let (Some(first), Some(last)) = (&stats.first_ingested_at, &stats.last_ingested_at) {
        line("arrived", format!("{first} to {last}"));
    }
    line(
        "rejected",
        format!("{} in {}", counted(stats.rejected_events, "event"), files(stats.rejected_files, stats.rejected_bytes)),
    );
    let memory = spell_bytes_roughly(stats.unsealed_bytes);
    line("unsealed", format!("{}, {memory} of memory", counted(stats.unsealed_events, "event")));
    line("journal", files(stats.journal_files, stats.journal_bytes));
    line(
        "merging",
        format!("{} wait, {} merges", files(stats.merge_waiting_files, stats.merge_waiting_bytes), stats.merges),
    );
    line("replaced", format!("{}, deleted after storage.replaced_grace", files(stats.ended_files, stats.ended_bytes)));
    if let Some(location) = &stats.location {
        line("store", format!("{location}, {} of it held here", spell_bytes_roughly(stats.nearby_bytes)));
    }
    line("snapshot", format!("{}, sealed up to offset {}", stats.snapshot, stats.sealed_offset));
    session.printer().text(&page)?;
    Ok(ExitStatus::Ok)
}

fn segments(table: Option<&str>, session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::reader(session)?;
    let limit = session.printer().limit().unwrap_or(usize::MAX);
    let (files, truncated) = session.block_on(async {
        let (mut files, mut cursor): (Vec<SegmentInfo>, Option<String>) = (Vec::new(), None);
        loop {
            let wanted = PAGE_FILES.min(limit.saturating_sub(files.len())).to_string();
            let request = Request::get("/api/v1/storage/segments").query("limit", &wanted).query_opt("table", table);
            let response = client.send(request.query_opt("cursor", cursor.as_deref())).await?;
            let page: Page<SegmentInfo> = response.json().await?;
            files.extend(page.data);
            cursor = page.next_cursor;
            if cursor.is_none() || files.len() >= limit {
                return Ok((files, cursor.is_some()));
            }
        }
    })?;
    let order = |file: &SegmentInfo| -> Vec<Value> {
        let mut object = object(file);
        SEGMENTS.fields.iter().map(|field| object.remove(field.name).unwrap_or_default()).collect()
    };
    let mut listing = SEGMENTS.listing(files.iter().map(order).collect());
    listing.truncated = truncated;
    session.printer().listing(&listing)?;
    if files.is_empty() {
        session.printer().talk("nothing is sealed yet; `streamflow storage seal` seals what there is");
    }
    Ok(ExitStatus::Ok)
}

fn verify(session: &Session) -> Result<ExitStatus, CommandError> {
    let target = session.target()?;
    let answer: VerifyAnswer = match target.data_dir.clone().filter(|dir| dir.is_dir()) {
        // Without opening the data as a server does: what is damaged can not be opened.
        Some(dir) if local::running(&dir).is_none() => {
            server::verify_folder(&options(session, dir)?).map_err(|reason| {
                CommandError::new(
                    "server_unhealthy",
                    format!("the data can not be looked at: {reason}"),
                    ExitStatus::Unhealthy,
                )
                .with_hint("bring it back with `streamflow backup restore`")
            })?
        }
        _ => {
            let client = remote::connect(&target, session)?;
            session.block_on(async {
                let response = client.send(Request::post("/api/v1/storage/verify").without_deadline()).await?;
                Ok(remote::data(response).await?)
            })?
        }
    };
    if session.printer().wants_words() {
        session.printer().text(&verify_page(&answer))?;
    } else {
        session.printer().record(VERIFY.name, &object(&answer))?;
    }
    Ok(if answer.sound { ExitStatus::Ok } else { ExitStatus::Unhealthy })
}

fn options(session: &Session, dir: PathBuf) -> Result<EngineOptions, CommandError> {
    engine_options(session.settings()?, dir, &session.current_dir()?)
}

fn verify_page(answer: &VerifyAnswer) -> String {
    let mut page = format!(
        "{} {} ({}), {} ({}), {} of rows of the catalog\n",
        if answer.sound { painted(GOOD, "sound") } else { painted(BAD, "damaged") },
        counted(answer.files, "file"),
        spell_bytes_roughly(answer.file_bytes),
        counted(answer.journal_files, "journal file"),
        spell_bytes_roughly(answer.journal_bytes),
        counted(answer.catalog_groups, "group"),
    );
    for fault in &answer.faults {
        page.push_str(&format!("  {} {}: {}{}\n", fault.part, fault.name, fault.reason, affected(fault)));
    }
    page
}

fn affected(fault: &FaultInfo) -> String {
    let offsets = match (fault.first_offset, fault.last_offset) {
        (Some(first), Some(last)) => format!("; offsets {first} to {last}"),
        _ => String::new(),
    };
    match (&fault.first_timestamp, &fault.last_timestamp) {
        (Some(first), Some(last)) => format!("{offsets}; times {first} to {last}"),
        _ => offsets,
    }
}
