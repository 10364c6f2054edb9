//! Sends a file's objects through the mutation, without a cluster.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};
use streamflow_core::admission::{self, Injection, Outcome, Reviewed};

use super::{InjectionArgs, document};
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook-test/1",
    form: Form::Listing,
    fields: &[
        Field::new("kind", Kind::Text, "kind of the object"),
        Field::new("name", Kind::Text, "name of the object"),
        Field::new("outcome", Kind::Text, "patched, complete, skipped or unreadable"),
        Field::new("path", Kind::Text, "what is added, as a JSON pointer; or why nothing is"),
        Field::new("value", Kind::Json, "its value; null when nothing is added"),
    ],
};

/// Show what the webhook would add to the objects of a file
///
/// Works without a cluster. The objects are taken as created, or with --old as updated.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook test deployment.yaml",
    "streamflow webhook test new.yaml --old old.yaml",
    "streamflow webhook test deployment.yaml -o json",
))]
pub(super) struct TestArgs {
    /// YAML or JSON file; - for stdin
    file: PathBuf,
    /// The objects as they are now, in the same order
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    #[command(flatten)]
    injection: InjectionArgs,
}

pub(super) fn run(args: &TestArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let injection = args.injection.injection()?;
    let objects = document::read(&args.file)?;
    let olds = args.old.as_deref().map(document::read).transpose()?;
    if let Some(olds) = &olds
        && olds.len() != objects.len()
    {
        let message = format!("--old has {} objects, and the file {}", olds.len(), objects.len());
        return Err(CommandError::usage(message).with_hint("give the same objects in the same order"));
    }
    let now = Timestamp::from_microsecond(session.now())
        .map_err(|error| CommandError::bug(format!("the clock is out of range: {error}")))?;
    let mut rows = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let old = olds.as_ref().and_then(|olds| olds.get(index));
        let reviewed = reviewed(object, old, &injection, now)?;
        rows.extend(rows_of(object, &reviewed));
    }
    session.printer().listing(&SHAPE.listing(rows))?;
    Ok(ExitStatus::Ok)
}

/// Has the object reviewed as an API server would ask for it.
pub(super) fn reviewed(
    object: &Value,
    old: Option<&Value>,
    injection: &Injection,
    now: Timestamp,
) -> Result<Reviewed, CommandError> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let api_version = text("/apiVersion").unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "test",
            "kind": { "group": group, "version": version, "kind": text("/kind") },
            "name": text("/metadata/name"),
            "namespace": text("/metadata/namespace").unwrap_or("default"),
            "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
            "object": object,
            "oldObject": old,
        },
    });
    admission::review(review.to_string().as_bytes(), injection, now)
        .map_err(|refusal| CommandError::bug(format!("our own review was refused: {refusal}")))
}

fn rows_of(object: &Value, reviewed: &Reviewed) -> Vec<Vec<Value>> {
    let kind = object.get("kind").cloned().unwrap_or_default();
    let row = |path: Value, value: Value| {
        vec![kind.clone(), json!(reviewed.summary.name), json!(reviewed.outcome.name()), path, value]
    };
    match &reviewed.outcome {
        Outcome::Patched(patch) => {
            patch.additions().iter().map(|add| row(json!(add.path), add.value.clone())).collect()
        }
        Outcome::Complete => vec![row(json!(null), json!(null))],
        Outcome::Skipped(skip) => vec![row(json!(skip.name()), json!(null))],
        Outcome::Unreadable(fault) => vec![row(json!(fault), json!(null))],
    }
}
