//! Keeps a statement as a panel of the dashboard: a file in the project's `dashboards/`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use serde::Serialize;

use super::last::Last;
use crate::commands::{Session, session};
use crate::printer::CommandError;

/// A file of panels.
#[derive(Debug, Serialize)]
struct File<'a> {
    panels: [Panel<'a>; 1],
}

#[derive(Debug, Serialize)]
struct Panel<'a> {
    title: &'a str,
    sql: &'a str,
    /// As lines when the first column is a time, else as bars.
    chart: &'static str,
}

/// Writes `dashboards/NAME.yaml` with the last statement. A file that is there stays.
///
/// # Errors
/// When there is no statement or no project, or the file exists or can not be written.
pub(super) fn write(name: &str, last: Option<&Last>, session: &Session) -> Result<(), CommandError> {
    let last =
        last.ok_or_else(|| CommandError::usage("there is no statement yet to pin").with_hint("run a statement first"))?;
    let project = session.settings()?.project_dir().ok_or_else(|| {
        CommandError::usage("there is no project to keep a panel in")
            .with_hint("make one with `streamflow init`, or go to its folder")
    })?;
    let dir = project.join("dashboards");
    let path = dir.join(format!("{name}.yaml"));
    let file = File { panels: [Panel { title: name, sql: &last.typed, chart: "auto" }] };
    let text = serde_saphyr::to_string(&file)
        .map_err(|error| CommandError::bug(format!("cannot write the panel: {error}")))?;
    let written = fs::create_dir_all(&dir)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    let shown = session::shortened(&path);
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandError::usage(format!("there is a panel {shown} already"))
            .with_hint("give it another name, or remove the file"),
        _ => CommandError::usage(format!("cannot write {shown}: {error}")),
    })?;
    session.printer().talk(format_args!("pinned to {shown}"));
    Ok(())
}
