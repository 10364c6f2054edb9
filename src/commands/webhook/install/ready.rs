//! Waits until the webhook's pods take requests, and says what keeps them from it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::commands::webhook::NAME;
use crate::kube::{Cluster, Kind, KubeError};
use crate::printer::{CommandError, ExitStatus};

const EVERY: Duration = Duration::from_millis(500);

/// Pods of a Deployment: those that are ready and of its newest template, and those that there should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands::webhook) struct Pods {
    pub(in crate::commands::webhook) ready: u64,
    pub(in crate::commands::webhook) wanted: u64,
}

/// Returns how many of the pods are ready.
pub(in crate::commands::webhook) fn pods(deployment: &Value) -> Pods {
    let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_u64);
    let wanted = number("/spec/replicas").unwrap_or(1);
    // Before the controller has seen the newest template, its counts are of the one before.
    if number("/status/observedGeneration") < number("/metadata/generation") {
        return Pods { ready: 0, wanted };
    }
    let of = |name: &str| number(name).unwrap_or_default();
    Pods { ready: of("/status/availableReplicas").min(of("/status/updatedReplicas")), wanted }
}

/// Waits until all pods are ready.
///
/// # Errors
/// When the time is over; the message says what the pods wait for.
pub(super) async fn wait(cluster: &Cluster, namespace: &str, deadline: Instant) -> Result<(), CommandError> {
    loop {
        let deployment = cluster.get(Kind::DEPLOYMENT, namespace, NAME).await?.unwrap_or_default();
        let Pods { ready, wanted } = pods(&deployment);
        if ready >= wanted {
            return Ok(());
        }
        if Instant::now() + EVERY > deadline {
            let why = why(cluster, namespace).await?;
            let message = format!("{ready} of the webhook's {wanted} pods are ready{why}");
            return Err(CommandError::new("timed_out", message, ExitStatus::TimedOut)
                .with_hint("wait longer with --timeout, or check --image and what the cluster may pull"));
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Returns what the pods' containers wait for, as the cluster says it.
async fn why(cluster: &Cluster, namespace: &str) -> Result<String, KubeError> {
    let (pods, _) = cluster.list(Kind::POD, Some(namespace), Some(&format!("app={NAME}"))).await?;
    let statuses = pods.iter().filter_map(|pod| pod.pointer("/status/containerStatuses")?.as_array()).flatten();
    let reason = statuses.filter_map(|status| status.pointer("/state/waiting/reason")?.as_str()).next();
    Ok(reason.map(|reason| format!("; they wait: {reason}")).unwrap_or_default())
}
