//! Makes a data folder again from a backup, whole or as it was at a moment.

use std::path::PathBuf;

use serde_json::{Map, json};
use streamflow_engine::backup::restore;
use streamflow_engine::compactor::Until;

use super::super::tree::examples;
use super::super::{Session, range, session};
use super::Place;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings::spell_bytes_roughly;

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.backup-restore/1",
    form: Form::Record,
    fields: &[
        Field::new("backup", Kind::Text, "name of the backup"),
        Field::new("folder", Kind::Text, "the new folder"),
        Field::new("files", Kind::Number, "files that were copied"),
        Field::new("bytes", Kind::Number, "bytes of these"),
        Field::new("cut_events", Kind::Number, "events that came after the moment asked for"),
        Field::new("cut_rejected_events", Kind::Number, "rejected events that did"),
    ],
};

/// Make a new folder of events from a backup, and look whether it is sound
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow backup restore restored",
    "streamflow backup restore restored --to 10m",
    "streamflow backup restore restored --offset 100",
))]
pub(super) struct RestoreArgs {
    /// The new folder; point storage.path to it, or put it in the place of the old one
    folder: PathBuf,
    /// This backup, instead of the newest one or the first that reaches the moment asked for
    #[arg(long, value_name = "ID")]
    backup: Option<String>,
    /// Only what had arrived by then
    #[arg(long, value_name = "TIME", conflicts_with = "offset")]
    to: Option<String>,
    /// Only events below this offset
    #[arg(long, value_name = "N")]
    offset: Option<u64>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: RestoreArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let until = match (range::moment(args.to.as_deref(), session)?, args.offset) {
        (Some(time), _) => Some(Until::Time(time.as_microsecond())),
        (None, Some(offset)) => Some(Until::Offset(offset)),
        (None, None) => None,
    };
    let location = args.place.folder(session)?;
    let folder = session.current_dir()?.join(&args.folder);
    let report = restore(&location, args.backup.as_deref(), until, &folder, &session.clock())?;
    let shown = session::shortened(&folder);
    if session.printer().wants_words() {
        session.printer().line(format_args!(
            "{shown}: {} files, {} of backup {}; sound{}",
            report.files,
            spell_bytes_roughly(report.bytes),
            report.backup.id,
            match report.cut_events {
                0 => String::new(),
                cut => format!(", {cut} later events left out"),
            }
        ))?;
        return Ok(ExitStatus::Ok);
    }
    let object = Map::from_iter([
        ("backup".to_owned(), json!(report.backup.id)),
        ("folder".to_owned(), json!(folder.display().to_string())),
        ("files".to_owned(), json!(report.files)),
        ("bytes".to_owned(), json!(report.bytes)),
        ("cut_events".to_owned(), json!(report.cut_events)),
        ("cut_rejected_events".to_owned(), json!(report.cut_rejected_events)),
    ]);
    session.printer().record(SHAPE.name, &object)?;
    Ok(ExitStatus::Ok)
}
