//! Checks files of events against the project's schemas, without a server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use streamflow_core::schema::EventSchema;

use super::read_json;
use crate::commands::{Session, session};
use crate::printer::paint::{BAD, GOOD};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Place, Printer, Shape, painted};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.schema_check/1",
    form: Form::Listing,
    fields: &[
        Field::new("file", Kind::Text, "file of events"),
        Field::new("line", Kind::Number, "line of the event"),
        Field::new("type", Kind::Text, "type of the event"),
        Field::new("path", Kind::Text, "where in the event"),
        Field::new("message", Kind::Text, "what the schema says there"),
    ],
};

/// Prints every violation; ends with 1 if there is one.
pub(super) fn run(schemas_dir: &Path, files: &[PathBuf], session: &Session) -> Result<ExitStatus, CommandError> {
    let schemas = compiled(schemas_dir)?;
    let mut rows = Vec::new();
    let mut events = 0;
    for file in files {
        events += check_file(file, &schemas, &mut rows)?;
    }
    let violations = rows.len();
    let printer = session.printer();
    if session.annotates() {
        rows.iter().for_each(|row| annotate(row, printer));
    }
    if violations > 0 || !printer.wants_words() {
        printer.listing(&SHAPE.listing(rows))?;
    }
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let counts = [counted(schemas.len(), "schema"), counted(events, "event"), counted(violations, "violation")];
    let style = if violations > 0 { BAD } else { GOOD };
    let mark = painted(style, if violations > 0 { "failed:" } else { "ok:" });
    printer.talk(format_args!("{mark} {}", counts.join(", ")));
    Ok(if violations > 0 { ExitStatus::Negative } else { ExitStatus::Ok })
}

/// Annotates the event that violates its schema.
fn annotate(row: &[Value], printer: &Printer) {
    let [file, line, event_type, path, message] = row else { return };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = Place { line: line.as_u64().unwrap_or(1), ..Place::in_text(text(file), "", 1, 1) };
    let title = format!("streamflow schema check: {}", text(event_type));
    printer.annotate(&title, Some(&place), &format!("{}: {}", text(path), text(message)));
}

type Schemas = BTreeMap<String, EventSchema>;

/// Compiles every `<type>.json` of the folder.
fn compiled(dir: &Path) -> Result<Schemas, CommandError> {
    let unreadable = |error| CommandError::usage(format!("cannot read {}: {error}", session::shortened(dir)));
    let mut schemas = Schemas::new();
    if !dir.is_dir() {
        return Ok(schemas);
    }
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(event_type) =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let schema = EventSchema::compile(event_type, &read_json(&path)?).map_err(|error| {
            let failure = CommandError::usage(error.to_string()).with_hint(error.hint.clone());
            failure.at(place_of(&error.fault, &path))
        })?;
        schemas.insert(event_type.to_owned(), schema);
    }
    Ok(schemas)
}

/// Returns the place that a fault names by its keys, as in `at /properties/page/type: …`; the top where it is not certain.
fn place_of(fault: &str, path: &Path) -> Place {
    let (name, text) = (session::shortened(path), fs::read_to_string(path).unwrap_or_default());
    let keys = fault.split(" at /").nth(1).and_then(|rest| rest.split(": ").next());
    let key = keys.and_then(|keys| keys.rsplit('/').next()).map(|key| format!("\"{key}\""));
    // A key that stands there twice could be either.
    let found = key.as_deref().and_then(|key| match text.match_indices(key).collect::<Vec<_>>().as_slice() {
        [(at, _)] => Some((*at, key.chars().count())),
        _ => None,
    });
    let Some((at, length)) = found else { return Place::in_text(name, &text, 1, 1) };
    let before = &text[..at];
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    Place::in_text(name, &text, line, column).covering(length)
}

/// Returns how many events the file has.
fn check_file(file: &Path, schemas: &Schemas, rows: &mut Vec<Vec<Value>>) -> Result<usize, CommandError> {
    let name = session::shortened(file);
    let text = fs::read_to_string(file).map_err(|error| CommandError::usage(format!("cannot read {name}: {error}")))?;
    let lines = text.lines().zip(1_u64..).filter(|(line, _)| !line.trim().is_empty());
    let mut events = 0;
    for (line, number) in lines {
        let event: Value = serde_json::from_str(line).map_err(|error| {
            let place = Place { line: number, ..Place::in_text(&name, line, 1, error.column() as u64) };
            CommandError::usage(format!("line {number} of {name} is no JSON")).at(place)
        })?;
        events += 1;
        let event_type = event.get("type").and_then(Value::as_str).unwrap_or_default();
        let Some(schema) = schemas.get(event_type) else { continue };
        let empty = json!({});
        let violations = schema.validate(event.get("data").unwrap_or(&empty));
        rows.extend(violations.into_iter().map(|violation| {
            vec![json!(name), json!(number), json!(event_type), json!(violation.path), json!(violation.message)]
        }));
    }
    Ok(events)
}
