//! Explains error codes without a network.

use serde_json::{Map, json};
use streamflow_core::error_code::{self, ErrorCode};
use streamflow_core::suggest;

use super::Session;
use super::tree::examples;
use crate::printer::paint::{FAINT, HEADING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};

pub(super) const SHAPES: &[&Shape] = &[&LIST, &ONE];

const LIST: Shape = Shape {
    name: "streamflow.errors/1",
    form: Form::Listing,
    fields: &[
        Field::new("code", Kind::Text, "the stable name"),
        Field::new("status", Kind::Number, "HTTP status, 0 if it never travels over HTTP"),
        Field::new("exit", Kind::Number, "exit code of a command that ends with it"),
        Field::new("summary", Kind::Text, "what went wrong"),
    ],
};

const ONE: Shape = Shape {
    name: "streamflow.error/1",
    form: Form::Record,
    fields: &[
        Field::new("code", Kind::Text, "the stable name"),
        Field::new("status", Kind::Number, "HTTP status, 0 if it never travels over HTTP"),
        Field::new("exit", Kind::Number, "exit code of a command that ends with it"),
        Field::new("summary", Kind::Text, "what went wrong"),
        Field::new("explanation", Kind::Text, "what happened and why"),
        Field::new("hint", Kind::Text, "the next step"),
    ],
};

/// Explain an error code, or list them all
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow errors", "streamflow errors invalid_json"))]
pub(super) struct ErrorsArgs {
    /// Code, as it stands in an answer or in `rejected_events`
    code: Option<String>,
}

pub(super) fn run(args: ErrorsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let Some(code) = args.code else {
        let rows = error_code::ALL.iter();
        let rows =
            rows.map(|entry| vec![json!(entry.code), json!(entry.status), json!(entry.exit), json!(entry.summary)]);
        session.printer().listing(&LIST.listing(rows.collect()))?;
        return Ok(ExitStatus::Ok);
    };
    let entry = error_code::find(&code).ok_or_else(|| unknown(&code))?;
    let printer = session.printer();
    if printer.wants_words() {
        printer.text(&page(entry))?;
    } else {
        printer.record(ONE.name, &object(entry))?;
    }
    Ok(ExitStatus::Ok)
}

fn unknown(code: &str) -> CommandError {
    let nearest = suggest::nearest(code, error_code::ALL.iter().map(|entry| entry.code));
    CommandError::new("usage", format!("no error code {code:?}"), ExitStatus::NotFound).with_hint(match nearest {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None => "`streamflow errors` lists them".to_owned(),
    })
}

fn page(entry: &ErrorCode) -> String {
    let status = if entry.status == 0 { String::new() } else { format!("HTTP {} · ", entry.status) };
    format!(
        "{}  {}\n\n{}\n\n{}\n\n{} {}\n",
        painted(HEADING, entry.code),
        painted(FAINT, format!("{status}exit code {}", entry.exit)),
        entry.summary,
        entry.explanation,
        painted(HEADING, "Next:"),
        entry.hint
    )
}

fn object(entry: &ErrorCode) -> Map<String, serde_json::Value> {
    Map::from_iter([
        ("code".to_owned(), json!(entry.code)),
        ("status".to_owned(), json!(entry.status)),
        ("exit".to_owned(), json!(entry.exit)),
        ("summary".to_owned(), json!(entry.summary)),
        ("explanation".to_owned(), json!(entry.explanation)),
        ("hint".to_owned(), json!(entry.hint)),
    ])
}
