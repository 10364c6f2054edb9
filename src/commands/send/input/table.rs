//! Turns the rows of a CSV file into events.
//!
//! A column with the name of an event's field is that field; any other is a key of `data`, and a dot in its name goes
//! one level down.

use serde_json::{Map, Value, json};
use streamflow_core::event::{FIELD_ALIASES, FIELDS};

use super::super::batch::{Batcher, Stopped};
use super::{Input, InputError};
use crate::commands::field;

/// What an event is given when the file has no column for it.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Defaults {
    pub(in super::super) event_type: Option<String>,
    pub(in super::super) source: String,
}

pub(super) fn read(
    input: Input,
    defaults: &Defaults,
    batcher: &mut Batcher,
) -> Result<Result<(), Stopped>, InputError> {
    let name = input.name.clone();
    let malformed = |error: &csv::Error| InputError::Malformed {
        name: name.clone(),
        line: error.position().map_or(1, csv::Position::line),
        reason: reason(error),
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(input.reader);
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    for row in reader.records() {
        let row = row.map_err(|error| malformed(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let event = event(&header, &row, defaults).map_err(|reason| InputError::Malformed {
            name: name.clone(),
            line,
            reason,
        })?;
        let text = Value::Object(event).to_string();
        if let Err(stopped) = batcher.write(line, |out| out.extend_from_slice(text.as_bytes())) {
            return Ok(Err(stopped));
        }
    }
    Ok(Ok(()))
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values under {expected_len} column names")
        }
        csv::ErrorKind::Utf8 { err, .. } => err.to_string(),
        _ => error.to_string(),
    }
}

/// Builds the event of one row. An empty value is no value.
fn event(
    header: &csv::StringRecord,
    row: &csv::StringRecord,
    defaults: &Defaults,
) -> Result<Map<String, Value>, String> {
    let mut event = Map::new();
    for (column, text) in header.iter().zip(row).filter(|(_, text)| !text.is_empty()) {
        let (path, value) = place(column, text);
        field::insert(&mut event, &path, value).map_err(|error| error.to_string())?;
    }
    let absent = |event: &Map<String, Value>, names: [&str; 2]| names.iter().all(|name| !event.contains_key(*name));
    if let Some(event_type) = defaults.event_type.as_ref().filter(|_| absent(&event, ["type", "event_type"])) {
        event.insert("type".to_owned(), json!(event_type));
    }
    if absent(&event, ["source", "source"]) {
        event.insert("source".to_owned(), json!(defaults.source));
    }
    Ok(event)
}

/// Returns where in the event a column's value goes, and what it is there.
fn place(column: &str, text: &str) -> (String, Value) {
    let is_field = FIELDS.contains(&column) || FIELD_ALIASES.iter().any(|(alias, _)| *alias == column);
    match column {
        "tags" => {
            let tags: Vec<&str> = text.split([',', ';']).map(str::trim).filter(|tag| !tag.is_empty()).collect();
            (column.to_owned(), json!(tags))
        }
        "data" | "metadata" => (column.to_owned(), serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
        "timestamp" | "ts" => (column.to_owned(), field::scalar(text)),
        _ if is_field => (column.to_owned(), json!(text)),
        _ if column.starts_with("data.") || column.starts_with("metadata.") => (column.to_owned(), field::scalar(text)),
        _ => (format!("data.{column}"), field::scalar(text)),
    }
}
