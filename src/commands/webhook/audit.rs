//! Lists the Deployments of a cluster that lack monitoring keys: made before the webhook, or while it was down.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use streamflow_core::admission::{Injection, Outcome};

use super::{InjectionArgs, test};
use crate::commands::Session;
use crate::commands::cluster::ClusterArgs;
use crate::commands::tree::examples;
use crate::kube::{Cluster, Kind as KubeKind};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook-audit/1",
    form: Form::Listing,
    fields: &[
        Field::new("namespace", Kind::Text, "namespace of the Deployment"),
        Field::new("name", Kind::Text, "name of the Deployment"),
        Field::new(
            "lacks",
            Kind::Text,
            "object: a change of it brings the keys; pods: the next rollout does; unreadable",
        ),
        Field::new("keys", Kind::Number, "how many keys are missing"),
        Field::new("created", Kind::Time, "when the Deployment was made"),
    ],
};

/// List Deployments that lack monitoring keys; exit code 1 when there are any
///
/// Those are left out that the webhook leaves alone: opted out by annotation or namespace, controlled by another object, or in a
/// namespace of Kubernetes. Any change of a Deployment brings the keys to the Deployment, the next rollout to its pods.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook audit",
    "streamflow webhook audit -n shop -o json",
))]
pub(super) struct AuditArgs {
    /// Look at one namespace instead of all
    #[arg(short = 'n', long = "in", value_name = "NAME")]
    only: Option<String>,
    #[command(flatten)]
    injection: InjectionArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: &AuditArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let injection = args.injection.injection()?;
    let now = Timestamp::from_microsecond(session.now())
        .map_err(|error| CommandError::bug(format!("the clock is out of range: {error}")))?;
    let (deployments, opted_out) = session.block_on(async {
        let cluster = args.cluster.connect().await?;
        let opted_out = opted_out(&cluster).await?;
        let (deployments, _) = cluster.list(KubeKind::DEPLOYMENT, args.only.as_deref(), None).await?;
        Ok((deployments, opted_out))
    })?;
    let looked_at = deployments.len();
    let mut rows = Vec::new();
    for deployment in deployments {
        let namespace = deployment.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        if !opted_out.contains(namespace) {
            rows.extend(row(deployment, &injection, now)?);
        }
    }
    let missed = rows.len();
    session.printer().listing(&SHAPE.listing(rows))?;
    session.printer().talk(format_args!("{missed} of {looked_at} deployments lack monitoring keys"));
    Ok(if missed == 0 { ExitStatus::Ok } else { ExitStatus::Negative })
}

/// Returns the namespaces with the label that says no.
async fn opted_out(cluster: &Cluster) -> Result<BTreeSet<String>, CommandError> {
    let (namespaces, _) = cluster.list(KubeKind::NAMESPACE, None, Some("streamflow.io/webhook=disabled")).await?;
    let name = |namespace: &Value| Some(namespace.pointer("/metadata/name")?.as_str()?.to_owned());
    Ok(namespaces.iter().filter_map(name).collect())
}

fn row(mut deployment: Value, injection: &Injection, now: Timestamp) -> Result<Option<Vec<Value>>, CommandError> {
    // Objects of a list have no kind of their own.
    deployment["apiVersion"] = json!("apps/v1");
    deployment["kind"] = json!("Deployment");
    let (lacks, keys) = match test::reviewed(&deployment, None, injection, now)?.outcome {
        Outcome::Patched(patch) => {
            let keys = patch.additions().iter().filter(|add| add.value.is_string());
            let (object, pods): (Vec<_>, Vec<_>) = keys.partition(|add| add.path.starts_with("/metadata/"));
            (if object.is_empty() { "pods" } else { "object" }, object.len() + pods.len())
        }
        Outcome::Unreadable(_) => ("unreadable", 0),
        Outcome::Complete | Outcome::Skipped(_) => return Ok(None),
    };
    let of = |pointer: &str| deployment.pointer(pointer).cloned().unwrap_or_default();
    Ok(Some(vec![
        of("/metadata/namespace"),
        of("/metadata/name"),
        json!(lacks),
        json!(keys),
        of("/metadata/creationTimestamp"),
    ]))
}
