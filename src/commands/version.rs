//! Says which program this is. The plain question is answered before the command tree is built, within 10 ms.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::{Map, json};

use super::{Session, tree::examples};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPES: &[&Shape] = &[&Shape {
    name: "streamflow.version/1",
    form: Form::Record,
    fields: &[
        Field::new("version", Kind::Text, "version of the program"),
        Field::new("commit", Kind::Text, "commit it was built from, null for a development build"),
        Field::new("os", Kind::Text, "operating system it was built for"),
        Field::new("arch", Kind::Text, "processor it was built for"),
    ],
}];

/// Print the version and the commit it was built from
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow version", "streamflow version -o json"))]
pub(super) struct VersionArgs {}

/// Returns whether the call asks for nothing but the version.
pub(super) fn is_all_that_is_asked(words: &[OsString]) -> bool {
    words.len() == 2 && ["--version", "-V", "version"].iter().any(|word| words[1] == *word)
}

/// Prints the version without building anything. The printer needs options that are not parsed yet.
pub(super) fn answer_at_once() -> ExitCode {
    match writeln!(io::stdout(), "{}", line()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitStatus::Bug.into(),
        _ => ExitCode::SUCCESS,
    }
}

pub(super) fn run(VersionArgs {}: VersionArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let printer = session.printer();
    if printer.wants_words() {
        printer.line(line())?;
        return Ok(ExitStatus::Ok);
    }
    let object = Map::from_iter([
        ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ("commit".to_owned(), json!(option_env!("STREAMFLOW_COMMIT"))),
        ("os".to_owned(), json!(std::env::consts::OS)),
        ("arch".to_owned(), json!(std::env::consts::ARCH)),
    ]);
    printer.record(SHAPES[0].name, &object)?;
    Ok(ExitStatus::Ok)
}

fn line() -> String {
    let commit = option_env!("STREAMFLOW_COMMIT").unwrap_or("development build");
    format!("streamflow {} ({commit})", env!("CARGO_PKG_VERSION"))
}
