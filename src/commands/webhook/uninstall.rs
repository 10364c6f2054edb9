//! Takes the webhook out of a cluster, down to the last object. The keys on workloads stay.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{NAME, install};
use crate::commands::Session;
use crate::commands::cluster::ClusterArgs;
use crate::commands::tree::examples;
use crate::kube::{Cluster, Kind, KubeError, Scope};
use crate::printer::{CommandError, ExitStatus};
use crate::settings;

/// How often the cluster is asked whether an object is gone.
const EVERY: Duration = Duration::from_millis(500);
/// The configuration goes first, so that nobody asks a webhook that is going.
const OBJECTS: [(Kind, &str); 11] = [
    (Kind::WEBHOOK, NAME),
    (Kind::BUDGET, NAME),
    (Kind::SERVICE, NAME),
    (Kind::DEPLOYMENT, NAME),
    (Kind::SECRET, "streamflow-webhook-tls"),
    (Kind::LEASE, NAME),
    (Kind::CLUSTER_ROLE_BINDING, NAME),
    (Kind::CLUSTER_ROLE, NAME),
    (Kind::ROLE_BINDING, NAME),
    (Kind::ROLE, NAME),
    (Kind::SERVICE_ACCOUNT, NAME),
];

/// Take the webhook out of a cluster
///
/// Deletes what `streamflow webhook install` made, the namespace last; a namespace with workloads of others is kept. The keys
/// that workloads have got stay until you remove them.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow webhook uninstall", "streamflow webhook uninstall --kube-context staging"))]
pub(super) struct UninstallArgs {
    /// Namespace of the webhook
    #[arg(long, value_name = "NAME", default_value = NAME)]
    namespace: String,
    /// Wait this long until everything is gone
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = settings::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: &UninstallArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let rows = session.block_on(uninstall(args))?;
    if rows.is_empty() {
        session.printer().talk("the cluster has no webhook of streamflow");
    }
    session.printer().listing(&install::SHAPE.listing(rows))?;
    Ok(ExitStatus::Ok)
}

async fn uninstall(args: &UninstallArgs) -> Result<Vec<Vec<Value>>, CommandError> {
    let cluster = args.cluster.connect().await?;
    let deadline = Instant::now() + args.timeout;
    let mut rows = Vec::new();
    let mut going = Vec::new();
    for (kind, name) in OBJECTS {
        let Some(object) = cluster.get(kind, &args.namespace, name).await? else { continue };
        // A Secret that was made by hand has no label, and the name of ours.
        if kind != Kind::SECRET && !is_ours(&object) {
            rows.push(row(kind, &args.namespace, name, "kept"));
            continue;
        }
        cluster.delete(kind, &args.namespace, name).await?;
        rows.push(row(kind, &args.namespace, name, "deleted"));
        going.push((kind, name));
    }
    for (kind, name) in going {
        wait(&cluster, kind, &args.namespace, name, deadline).await?;
    }
    if let Some(namespace) = cluster.get(Kind::NAMESPACE, "", &args.namespace).await? {
        let outcome = if is_ours(&namespace) && !has_others(&cluster, &args.namespace).await? {
            cluster.delete(Kind::NAMESPACE, "", &args.namespace).await?;
            wait(&cluster, Kind::NAMESPACE, "", &args.namespace, deadline).await?;
            "deleted"
        } else {
            "kept"
        };
        rows.push(row(Kind::NAMESPACE, "", &args.namespace, outcome));
    }
    Ok(rows)
}

fn row(kind: Kind, namespace: &str, name: &str, outcome: &str) -> Vec<Value> {
    let namespace = (kind.scope == Scope::Namespace).then_some(namespace);
    vec![json!(kind.kind), json!(namespace), json!(name), json!(outcome)]
}

fn is_ours(object: &Value) -> bool {
    object.pointer("/metadata/labels/app").and_then(Value::as_str) == Some(NAME)
}

/// Returns whether somebody runs something of their own in the namespace.
async fn has_others(cluster: &Cluster, namespace: &str) -> Result<bool, KubeError> {
    for kind in [Kind::DEPLOYMENT, Kind::SERVICE, Kind::POD] {
        let (objects, _) = cluster.list(kind, Some(namespace), Some(&format!("app!={NAME}"))).await?;
        if !objects.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn wait(
    cluster: &Cluster,
    kind: Kind,
    namespace: &str,
    name: &str,
    deadline: Instant,
) -> Result<(), CommandError> {
    while cluster.get(kind, namespace, name).await?.is_some() {
        if Instant::now() + EVERY > deadline {
            let message = format!("{} {name} is being deleted, and still there", kind.kind);
            return Err(CommandError::new("timed_out", message, ExitStatus::TimedOut)
                .with_hint("call it again, or wait longer with --timeout; a finalizer may hold it"));
        }
        tokio::time::sleep(EVERY).await;
    }
    Ok(())
}
