//! Finds the statement to run: an argument, a file, or what is piped in.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::printer::CommandError;

/// Bytes of a statement; a person writes a few hundred, a program some thousand.
const STATEMENT_BYTES_MAX: u64 = 1 << 20;

/// A statement and the name that errors call it by.
#[derive(Debug)]
pub(in crate::commands) struct Statement {
    pub(in crate::commands) name: String,
    pub(in crate::commands) text: String,
}

/// Returns the statement without the semicolon that may end it.
pub(in crate::commands) fn read(sql: Option<&str>, file: Option<&Path>) -> Result<Statement, CommandError> {
    let (name, text) = match (sql, file) {
        (_, Some(path)) => (path.display().to_string(), read_file(path)?),
        (Some("-") | None, None) => ("<stdin>".to_owned(), read_from("<stdin>", io::stdin().lock())?),
        (Some(sql), None) => ("<sql>".to_owned(), sql.to_owned()),
    };
    let text = text.trim_end().trim_end_matches(';').to_owned();
    if text.trim().is_empty() {
        return Err(CommandError::usage("the statement is empty")
            .with_hint("try streamflow query 'SELECT type, count(*) FROM events GROUP BY type'"));
    }
    Ok(Statement { name, text })
}

fn read_file(path: &Path) -> Result<String, CommandError> {
    let name = path.display().to_string();
    let file = fs::File::open(path).map_err(|error| unreadable(&name, &error))?;
    read_from(&name, file)
}

fn read_from(name: &str, source: impl Read) -> Result<String, CommandError> {
    let mut text = String::new();
    source.take(STATEMENT_BYTES_MAX).read_to_string(&mut text).map_err(|error| unreadable(name, &error))?;
    Ok(text)
}

fn unreadable(name: &str, error: &io::Error) -> CommandError {
    let error = error.to_string();
    // The number of the system tells nobody anything.
    let reason = error.split(" (os error").next().unwrap_or_default().to_lowercase();
    CommandError::usage(format!("cannot read the statement from {name}: {reason}"))
        .with_hint("check the name; `-` reads from a pipe")
}
