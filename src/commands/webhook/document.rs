//! Reads the objects of a YAML or JSON file, as kubectl would apply them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use crate::printer::{CommandError, ExitStatus, Place};

/// Larger files are no manifests.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Returns the objects of a file, `-` being stdin; a List is taken apart.
pub(super) fn read(path: &Path) -> Result<Vec<Value>, CommandError> {
    let text = text(path)?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| broken(path, &text, &error))?;
    let objects: Vec<Value> =
        documents.into_iter().filter(|document| !document.is_null()).flat_map(taken_apart).collect();
    match objects.iter().find(|object| !object.is_object()) {
        Some(_) => Err(CommandError::usage(format!("{} has a document that is no object", path.display()))
            .with_hint("each document is a Kubernetes object, with apiVersion and kind")),
        None => Ok(objects),
    }
}

fn text(path: &Path) -> Result<String, CommandError> {
    let failed = |error: io::Error| {
        CommandError::new("usage", format!("cannot read {}: {error}", path.display()), ExitStatus::Usage)
            .with_hint("give a YAML or JSON file, or - for stdin")
    };
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(failed)?) };
    let mut text = String::new();
    source.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(CommandError::usage(format!("{} is larger than 16 MiB", path.display()))
            .with_hint("split it into smaller files"));
    }
    Ok(text)
}

fn taken_apart(document: Value) -> Vec<Value> {
    match document {
        Value::Object(mut list) if list.get("kind").and_then(Value::as_str) == Some("List") => {
            match list.remove("items") {
                Some(Value::Array(items)) => items,
                Some(_) | None => Vec::new(),
            }
        }
        other => vec![other],
    }
}

fn broken(path: &Path, text: &str, error: &serde_saphyr::Error) -> CommandError {
    let failure = CommandError::usage(format!("{} is not YAML: {}", path.display(), error.without_snippet()))
        .with_hint("`kubectl apply --dry-run=client -f FILE` says what Kubernetes makes of it");
    match error.location() {
        Some(at) => failure.at(Place::in_text(path.display().to_string(), text, at.line(), at.column())),
        None => failure,
    }
}
