//! Says whether the webhook of a cluster works: its configuration, its pods, its certificate, and a question to the API server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::install::probe::{self, Probe};
use super::install::{self, ready};
use super::{NAME, check};
use crate::commands::Session;
use crate::commands::cluster::ClusterArgs;
use crate::commands::tree::examples;
use crate::kube::{Cluster, Kind as KubeKind, KubeError};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook-status/1",
    form: Form::Record,
    fields: &[
        Field::new("cluster", Kind::Text, "address of the API server"),
        Field::new("calls", Kind::Text, "service NAMESPACE/NAME or the URL that the API server calls"),
        Field::new("failure_policy", Kind::Text, "Ignore or Fail"),
        Field::new("pods_ready", Kind::Number, "pods that take reviews; null for a webhook outside of the cluster"),
        Field::new("pods_wanted", Kind::Number, "pods that there should be; null for a webhook outside"),
        Field::new("certificate_until", Kind::Time, "when the certificate in the Secret ends"),
        Field::new("certificate_days_left", Kind::Number, "whole days until then"),
        Field::new("certificate_fault", Kind::Text, "why the API server cannot trust it; null when it can"),
        Field::new("admission", Kind::Text, "injects, untouched, or the API server's words"),
    ],
};

/// Say whether the webhook of a cluster works
///
/// Ends with 5 when there is none, and with 10 when the API server asks it in vain. The API server is asked by a dry run, which
/// leaves nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow webhook status", "streamflow webhook status -o json --kube-context staging"))]
pub(super) struct StatusArgs {
    /// Namespace of the webhook
    #[arg(long, value_name = "NAME", default_value = NAME)]
    namespace: String,
    /// Namespace in which the webhook is tried, by a dry run
    #[arg(long, value_name = "NAME", default_value = "default")]
    try_in: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: &StatusArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let now = Timestamp::from_microsecond(session.now())
        .map_err(|error| CommandError::bug(format!("the clock is out of range: {error}")))?;
    let (status, probe) = session.block_on(async {
        let cluster = args.cluster.connect().await?;
        let Some(configuration) = cluster.get(KubeKind::WEBHOOK, "", NAME).await? else {
            return Err(CommandError::new(
                "cluster_not_found",
                format!("{} has no webhook of streamflow", cluster.server()),
                ExitStatus::NotFound,
            )
            .with_hint("`streamflow webhook install` puts it there"));
        };
        Ok(status(args, &cluster, &configuration, now).await?)
    })?;
    session.printer().record(SHAPE.name, &status)?;
    Ok(if probe == Probe::Injected { ExitStatus::Ok } else { ExitStatus::Unhealthy })
}

async fn status(
    args: &StatusArgs,
    cluster: &Cluster,
    configuration: &Value,
    now: Timestamp,
) -> Result<(Map<String, Value>, Probe), KubeError> {
    let text = |pointer: &str| configuration.pointer(pointer).and_then(Value::as_str);
    let outside = text("/webhooks/0/clientConfig/url");
    let calls = outside.map_or_else(
        || {
            let of = |name: &str| text(&format!("/webhooks/0/clientConfig/service/{name}")).unwrap_or("?");
            format!("service {}/{}", of("namespace"), of("name"))
        },
        str::to_owned,
    );
    let deployment = match outside {
        Some(_) => None,
        None => cluster.get(KubeKind::DEPLOYMENT, &args.namespace, NAME).await?,
    };
    let pods = deployment.as_ref().map(ready::pods);
    let secret = match outside {
        Some(_) => None,
        None => cluster.get(KubeKind::SECRET, &args.namespace, &format!("{NAME}-tls")).await?,
    };
    // What the API server trusts is what the configuration says.
    let certificates = secret.as_ref().map(|secret| {
        let bundle = text("/webhooks/0/clientConfig/caBundle").unwrap_or_default();
        check::Found { authority: STANDARD.decode(bundle).unwrap_or_default(), ..install::found(secret) }
    });
    let facts = certificates.as_ref().and_then(|found| check::facts(&found.chain).ok());
    let fault = match (&certificates, outside) {
        (Some(found), _) => check::fault(found, now),
        (None, Some(_)) => None,
        (None, None) => Some(format!("there is no Secret {NAME}-tls")),
    };
    let probe = probe::ask(cluster, &args.try_in).await?;
    let admission = match &probe {
        Probe::Injected => "injects",
        Probe::Untouched => "untouched",
        Probe::Failed(why) => why,
    };
    let values = [
        json!(cluster.server()),
        json!(calls),
        json!(text("/webhooks/0/failurePolicy")),
        json!(pods.map(|pods| pods.ready)),
        json!(pods.map(|pods| pods.wanted)),
        json!(facts.as_ref().map(|facts| facts.until.to_string())),
        json!(facts.as_ref().map(|facts| check::days_left(facts, now))),
        json!(fault),
        json!(admission),
    ];
    let names = SHAPE.fields.iter().map(|field| field.name.to_owned());
    Ok((names.zip(values).collect(), probe))
}
