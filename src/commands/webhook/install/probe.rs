//! Asks an API server whether it asks the webhook: makes a Deployment in a dry run, and looks whether it comes back with keys.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::kube::{Cluster, KubeError, Persist};
use crate::printer::CommandError;

/// An API server learns of a new configuration within a second or two.
const EVERY: Duration = Duration::from_millis(500);
const NAME: &str = "streamflow-webhook-try";

/// What an API server did with a new Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands::webhook) enum Probe {
    Injected,
    /// It let it through without keys.
    Untouched,
    /// It refused, in its words.
    Failed(String),
}

/// Asks once.
///
/// # Errors
/// When the API server cannot be asked, or the question is not allowed.
pub(in crate::commands::webhook) async fn ask(cluster: &Cluster, namespace: &str) -> Result<Probe, KubeError> {
    let labels = json!({ "app": NAME });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": NAME, "namespace": namespace },
        "spec": {
            "replicas": 0,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": NAME, "image": NAME }] },
            },
        },
    });
    match cluster.create(&deployment, Persist::DryRun).await {
        Ok(made) => {
            let labels = made.pointer("/metadata/labels").and_then(Value::as_object);
            let injected = labels.is_some_and(|labels| labels.contains_key("streamflow.io/managed"));
            Ok(if injected { Probe::Injected } else { Probe::Untouched })
        }
        // With the failure policy Fail, a webhook that does not answer is the server's own fault to it.
        Err(KubeError::Refused { status: 500.., message, .. }) => Ok(Probe::Failed(message)),
        Err(error) => Err(error),
    }
}

/// Asks until the webhook was asked, or the time is over; returns the last answer.
pub(super) async fn until_injected(
    cluster: &Cluster,
    namespace: &str,
    deadline: Instant,
) -> Result<Probe, CommandError> {
    loop {
        let probe = ask(cluster, namespace).await?;
        if probe == Probe::Injected || Instant::now() + EVERY > deadline {
            return Ok(probe);
        }
        tokio::time::sleep(EVERY).await;
    }
}
