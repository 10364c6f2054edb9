//! What every admission review is answered, case by case.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

mod cases;
mod properties;
mod reviews;

const NOW: &str = "2030-01-02T03:04:05.678Z";
const NOW_TEXT: &str = "2030-01-02T03:04:05Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn later() -> Timestamp {
    "2031-01-01T00:00:00Z".parse().unwrap()
}

fn injection() -> Injection {
    Injection::new(Values::default(), "streamflow-webhook").unwrap()
}

fn annotations() -> Value {
    json!({
        "streamflow.io/monitoring": "enabled",
        "streamflow.io/metrics-path": "/metrics",
        "streamflow.io/metrics-port": "8080",
        "streamflow.io/health-path": "/health",
        "streamflow.io/version": "1.0.0",
        "streamflow.io/injected-at": NOW_TEXT,
    })
}

fn labels() -> Value {
    json!({"streamflow.io/managed": "true", "streamflow.io/component": "microservice"})
}

/// Returns a Deployment with this metadata on itself and on its template.
fn deployment(metadata: Value, template_metadata: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {"metadata": template_metadata, "spec": {"containers": [{"name": "shop", "image": "shop:1"}]}},
        },
    })
}

/// Returns a Deployment that has everything.
fn injected() -> Value {
    let mut template_labels = labels();
    template_labels["app"] = json!("shop");
    deployment(
        json!({"name": "shop", "annotations": annotations(), "labels": labels()}),
        json!({"annotations": annotations(), "labels": template_labels}),
    )
}

fn created(subject: Subject, object: &Value) -> Patch {
    mutate(&Change { subject, object, old: None }, &injection(), now()).unwrap()
}

fn updated(old: &Value, object: &Value, at: Timestamp) -> Patch {
    mutate(&Change { subject: Subject::Deployment, object, old: Some(old) }, &injection(), at).unwrap()
}

fn applied(patch: &Patch, object: &Value) -> Value {
    let patch: json_patch::Patch = serde_json::from_value(patch.to_json()).unwrap();
    let mut after = object.clone();
    json_patch::patch(&mut after, &patch).unwrap();
    after
}

fn paths(patch: &Patch) -> Vec<&str> {
    patch.additions().iter().map(|add| &*add.path).collect()
}
