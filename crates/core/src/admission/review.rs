//! Reads an AdmissionReview and writes the answer. Every review that can be answered is allowed: a fault of ours, or an object
//! that is not understood, must not stop a deployment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::injection::Injection;
use super::mutation::{Change, Subject, mutate};
use super::patch::Patch;
use super::skip::{self, Skip};

/// Kubernetes sends a UUID; anything much longer is not from it.
const UID_BYTES_MAX: usize = 256;
/// A warning longer than this may be cut by the API server.
const WARNING_CHARS_MAX: usize = 200;
/// Names and namespaces in Kubernetes are at most this long; what is longer is cut before it is logged.
const NAME_CHARS_MAX: usize = 253;

/// What happens to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
    /// DELETE, CONNECT, and what a later Kubernetes may bring.
    Other,
}

impl Operation {
    /// Returns the operation as a label of a metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Other => "other",
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Patched(Patch),
    /// The object has everything that it may get.
    Complete,
    Skipped(Skip),
    /// The object is not formed as Kubernetes forms it; the text says where.
    Unreadable(String),
}

impl Outcome {
    /// Returns the outcome as a label of a metric.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Patched(_) => "patched",
            Self::Complete => "complete",
            Self::Skipped(_) => "skipped",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// What a review was about, for logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub uid: String,
    /// None: a kind that is left alone.
    pub subject: Option<Subject>,
    pub operation: Operation,
    pub namespace: String,
    /// The name, or `prefix-*` when the API server will make one up.
    pub name: String,
    pub dry_run: bool,
}

/// A review with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    pub summary: Summary,
    pub outcome: Outcome,
    /// The answer: an AdmissionReview in the version that was asked in.
    pub answer: Vec<u8>,
}

/// A body that cannot be answered: HTTP status 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    #[error("the body is not an AdmissionReview")]
    NotReview,
    #[error("apiVersion {0:?} is neither admission.k8s.io/v1 nor admission.k8s.io/v1beta1")]
    UnknownVersion(String),
    #[error("the AdmissionReview has no request")]
    NoRequest,
    #[error("the request has no uid")]
    NoUid,
}

/// Returns the answer to a review.
///
/// # Errors
/// When the body is not a review in a version that is known.
pub fn review(body: &[u8], injection: &Injection, now: Timestamp) -> Result<Reviewed, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|error| Refusal::NotJson(error.to_string()))?;
    if body.get("kind").and_then(Value::as_str) != Some("AdmissionReview") {
        return Err(Refusal::NotReview);
    }
    let version = match body.get("apiVersion").and_then(Value::as_str).unwrap_or_default() {
        version @ ("admission.k8s.io/v1" | "admission.k8s.io/v1beta1") => version,
        other => return Err(Refusal::UnknownVersion(cut(other, NAME_CHARS_MAX))),
    };
    let request = body.get("request").and_then(Value::as_object).ok_or(Refusal::NoRequest)?;
    let summary = summary(request)?;
    let outcome = decide(request, &summary, injection, now);
    let answer = answer(version, &summary.uid, &outcome);
    Ok(Reviewed { summary, outcome, answer })
}

fn summary(request: &Map<String, Value>) -> Result<Summary, Refusal> {
    let uid = text(request, "uid");
    if uid.is_empty() || uid.len() > UID_BYTES_MAX {
        return Err(Refusal::NoUid);
    }
    Ok(Summary {
        uid: uid.to_owned(),
        subject: subject(request),
        operation: match text(request, "operation") {
            "CREATE" => Operation::Create,
            "UPDATE" => Operation::Update,
            _ => Operation::Other,
        },
        namespace: cut(text(request, "namespace"), NAME_CHARS_MAX),
        name: cut(&name(request), NAME_CHARS_MAX),
        dry_run: request.get("dryRun").and_then(Value::as_bool) == Some(true),
    })
}

fn subject(request: &Map<String, Value>) -> Option<Subject> {
    let kind = request.get("kind")?.as_object()?;
    match (text(kind, "group"), text(kind, "kind")) {
        ("apps", "Deployment") => Some(Subject::Deployment),
        ("", "Service") => Some(Subject::Service),
        _ => None,
    }
}

fn name(request: &Map<String, Value>) -> String {
    let name = text(request, "name");
    if !name.is_empty() {
        return name.to_owned();
    }
    let metadata = request.get("object").and_then(|object| object.get("metadata")).and_then(Value::as_object);
    let of = |key| metadata.map(|metadata| text(metadata, key)).unwrap_or_default();
    match (of("name"), of("generateName")) {
        ("", "") => String::new(),
        ("", prefix) => format!("{prefix}*"),
        (name, _) => name.to_owned(),
    }
}

fn decide(request: &Map<String, Value>, summary: &Summary, injection: &Injection, now: Timestamp) -> Outcome {
    let Some(subject) = summary.subject else { return Outcome::Skipped(Skip::OtherKind) };
    let subresource = text(request, "subResource");
    if let Some(skip) = skip::of_request(summary.operation, subresource, &summary.namespace, injection) {
        return Outcome::Skipped(skip);
    }
    let Some(object) = request.get("object").filter(|object| !object.is_null()) else {
        return Outcome::Skipped(Skip::NoObject);
    };
    if let Some(skip) = skip::of_object(object) {
        return Outcome::Skipped(skip);
    }
    // Without the old object nobody knows whether a change of the template would be the first, so `null` is unreadable.
    let old = match summary.operation {
        Operation::Update => Some(request.get("oldObject").unwrap_or(&Value::Null)),
        Operation::Create | Operation::Other => None,
    };
    match mutate(&Change { subject, object, old }, injection, now) {
        Ok(patch) if patch.is_empty() => Outcome::Complete,
        Ok(patch) => Outcome::Patched(patch),
        Err(unreadable) => Outcome::Unreadable(unreadable.to_string()),
    }
}

fn answer(version: &str, uid: &str, outcome: &Outcome) -> Vec<u8> {
    let mut audit = json!({ "outcome": outcome.name() });
    let mut response = json!({ "uid": uid, "allowed": true });
    match outcome {
        Outcome::Patched(patch) => {
            response["patchType"] = json!("JSONPatch");
            // Kubernetes reads bytes as base64 text.
            response["patch"] = json!(STANDARD.encode(patch.to_json().to_string()));
            audit["additions"] = json!(patch.additions().len().to_string());
        }
        Outcome::Complete => {}
        Outcome::Skipped(skip) => audit["reason"] = json!(skip.name()),
        Outcome::Unreadable(fault) => {
            let warning = format!("streamflow added no monitoring: {fault}");
            response["warnings"] = json!([cut(&warning, WARNING_CHARS_MAX)]);
        }
    }
    response["auditAnnotations"] = audit;
    json!({ "apiVersion": version, "kind": "AdmissionReview", "response": response }).to_string().into_bytes()
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}
