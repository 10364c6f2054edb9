//! Makes, lists, checks and restores backups.

mod restore;

use clap::Subcommand;
use serde_json::{Map, Value, json};
use streamflow_engine::backup::{BackupError, Manifest, verify_backups};
use streamflow_engine::disk::Folder;
use streamflow_engine::object::open_location;

use super::engine_options::{location, nothing_nearby, object_options};
use super::tree::examples;
use super::{Consent, Session, remote};
use crate::api::storage::{BackupAnswer, BackupInfo};
use crate::client::Request;
use crate::printer::paint::{BAD, GOOD};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};
use crate::server;
use crate::settings::spell_bytes_roughly;

pub(super) const SHAPES: &[&Shape] = &[&CREATE, &LIST, &VERIFY, &restore::SHAPE];

const CREATE: Shape = Shape {
    name: "streamflow.backup/1",
    form: Form::Record,
    fields: &[
        Field::new("id", Kind::Text, "name of the backup"),
        Field::new("created_at", Kind::Time, "when it was made"),
        Field::new("version", Kind::Text, "version of the program that made it"),
        Field::new("next_offset", Kind::Number, "every event below this offset is in it"),
        Field::new("next_rejected", Kind::Number, "every rejected event below this number is in it"),
        Field::new("snapshot", Kind::Number, "newest snapshot of its catalog"),
        Field::new("files", Kind::Number, "files in it"),
        Field::new("bytes", Kind::Number, "bytes of these"),
        Field::new("copied_files", Kind::Number, "files that earlier backups did not have"),
        Field::new("copied_bytes", Kind::Number, "bytes of these"),
        Field::new("removed", Kind::Number, "older backups that were removed"),
    ],
};

const LIST: Shape = Shape {
    name: "streamflow.backups/1",
    form: Form::Listing,
    fields: &[
        Field::new("id", Kind::Text, "name of the backup"),
        Field::new("created_at", Kind::Time, "when it was made"),
        Field::new("next_offset", Kind::Number, "every event below this offset is in it"),
        Field::new("files", Kind::Number, "files in it"),
        Field::new("bytes", Kind::Number, "bytes of these; backups share those that did not change"),
        Field::new("version", Kind::Text, "version of the program that made it"),
    ],
};

const VERIFY: Shape = Shape {
    name: "streamflow.backup-verify/1",
    form: Form::Record,
    fields: &[
        Field::new("sound", Kind::Bool, "whether nothing is wrong"),
        Field::new("backups", Kind::Number, "backups that were looked at"),
        Field::new("bytes", Kind::Number, "bytes that were read"),
        Field::new("faults", Kind::Json, "what is wrong: backup, path and reason"),
    ],
};

/// Make, list, check and restore backups
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow backup create",
    "streamflow backup list",
    "streamflow backup verify",
    "streamflow backup restore restored --to 10m",
))]
pub(super) struct BackupArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Back up every event so far to the folder that storage.backup_location names
    ///
    /// It may be an S3-compatible store, as --to may; storage.s3 says how it is reached.
    #[command(after_help = examples!("streamflow backup create", "streamflow backup create -o json --jq .id"))]
    Create {
        /// Store that it goes to, instead of storage.backup_location: s3://bucket/prefix
        #[arg(long, value_name = "STORE")]
        to: Option<String>,
        /// Write to a protected context without asking
        #[arg(long)]
        yes: bool,
    },
    /// List the backups, oldest first
    #[command(visible_alias = "ls", after_help = examples!("streamflow backup list"))]
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Look whether every byte of the backups is what was copied
    #[command(after_help = examples!("streamflow backup verify", "streamflow backup verify -o json --jq .faults"))]
    Verify {
        /// This backup only
        id: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    Restore(restore::RestoreArgs),
}

/// Where backups are.
#[derive(Debug, Clone, clap::Args)]
struct Place {
    /// Folder or store of the backups, instead of storage.backup_location
    #[arg(long, value_name = "DIR")]
    location: Option<String>,
}

impl Place {
    fn folder(&self, session: &Session) -> Result<Folder, CommandError> {
        let location = location(self.location.as_deref(), session)?.ok_or(BackupError::NotConfigured)?;
        let opened = open_location(&location, &object_options(session.settings()?)?, &nothing_nearby());
        opened.map_err(|error| {
            CommandError::new("storage_unavailable", format!("{location}: {error}"), ExitStatus::Usage)
        })
    }
}

pub(super) fn run(args: BackupArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.action {
        Action::Create { to, yes } => {
            create(to.as_deref(), if yes { Consent::Given } else { Consent::Wanted }, session)
        }
        Action::List { place } => list(&place, session),
        Action::Verify { id, place } => verify(id.as_deref(), &place, session),
        Action::Restore(args) => restore::run(args, session),
    }
}

fn create(to: Option<&str>, consent: Consent, session: &Session) -> Result<ExitStatus, CommandError> {
    let mut request = Request::post("/api/v1/storage/backups");
    if let Some(to) = to {
        request = request.query("to", to);
    }
    let answer: BackupAnswer = remote::ask_keeper(session, "make a backup", consent, request)?;
    if session.printer().wants_words() {
        let (backup, new) = (&answer.backup, spell_bytes_roughly(answer.copied_bytes));
        session.printer().line(format_args!(
            "{}: events below offset {} in {} files, {new} of {} copied",
            backup.id,
            backup.next_offset,
            backup.files,
            spell_bytes_roughly(backup.bytes)
        ))?;
    } else {
        session.printer().record(CREATE.name, &object(&answer))?;
    }
    Ok(ExitStatus::Ok)
}

fn object<T: serde::Serialize>(answer: &T) -> Map<String, Value> {
    match json!(answer) {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn list(place: &Place, session: &Session) -> Result<ExitStatus, CommandError> {
    let is_here = place.location.is_some() || session.target()?.data_dir.is_some();
    let backups: Vec<BackupInfo> = if is_here {
        let mut readable = Vec::new();
        let folder = place.folder(session)?;
        for backup in Manifest::list(&*folder.disk, &folder.path)? {
            match backup {
                Ok(manifest) => readable.push(server::backup_info(&manifest)),
                Err(error) => session.printer().talk(format_args!("warning: {error}")),
            }
        }
        readable
    } else {
        let client = remote::server(session)?;
        session.block_on(async {
            let response = client.send(Request::get("/api/v1/storage/backups")).await?;
            Ok(remote::data(response).await?)
        })?
    };
    let row = |backup: &BackupInfo| {
        vec![
            json!(backup.id),
            json!(backup.created_at),
            json!(backup.next_offset),
            json!(backup.files),
            json!(backup.bytes),
            json!(backup.version),
        ]
    };
    session.printer().listing(&LIST.listing(backups.iter().map(row).collect()))?;
    if backups.is_empty() {
        session.printer().talk("there is no backup yet; make one with: streamflow backup create");
    }
    Ok(ExitStatus::Ok)
}

fn verify(id: Option<&str>, place: &Place, session: &Session) -> Result<ExitStatus, CommandError> {
    let (backups, bytes, faults) = verify_backups(&place.folder(session)?, id)?;
    if session.printer().wants_words() {
        let word = if faults.is_empty() { painted(GOOD, "sound") } else { painted(BAD, "damaged") };
        session.printer().line(format_args!("{word} {backups} backups ({})", spell_bytes_roughly(bytes)))?;
        for fault in &faults {
            let path = fault.path.as_deref().unwrap_or("its manifest");
            session.printer().line(format_args!("  {} {path}: {}", fault.backup, fault.reason))?;
        }
    } else {
        let shown =
            faults.iter().map(|fault| json!({ "backup": fault.backup, "path": fault.path, "reason": fault.reason }));
        let object = Map::from_iter([
            ("sound".to_owned(), json!(faults.is_empty())),
            ("backups".to_owned(), json!(backups)),
            ("bytes".to_owned(), json!(bytes)),
            ("faults".to_owned(), shown.collect::<Vec<Value>>().into()),
        ]);
        session.printer().record(VERIFY.name, &object)?;
    }
    Ok(if faults.is_empty() { ExitStatus::Ok } else { ExitStatus::Unhealthy })
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        let (code, exit) = match error {
            BackupError::NotConfigured => ("backup_not_configured", ExitStatus::Usage),
            BackupError::NotFound { .. } | BackupError::None { .. } | BackupError::TooOld { .. } => {
                ("backup_not_found", ExitStatus::NotFound)
            }
            BackupError::TargetExists { .. } => ("target_exists", ExitStatus::Usage),
            BackupError::Damaged { .. } | BackupError::Manifest { .. } | BackupError::Unusable { .. } => {
                ("backup_damaged", ExitStatus::Unhealthy)
            }
            BackupError::Newer { .. }
            | BackupError::Io { .. }
            | BackupError::Seal(_)
            | BackupError::Catalog(_)
            | BackupError::Journal(_)
            | BackupError::Stopped => ("storage_unavailable", ExitStatus::Usage),
        };
        let hint = streamflow_core::error_code::find(code).map(|entry| entry.hint.to_owned());
        Self::new(code, message, exit).with_hint_maybe(hint)
    }
}
