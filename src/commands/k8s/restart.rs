//! Starts the pods of monitored Deployments anew, as `kubectl rollout restart` does, after showing which.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{PlaceArgs, selector};
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::kube::Kind as KubeKind;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.k8s-restart/1",
    form: Form::Listing,
    fields: &[
        Field::new("namespace", Kind::Text, "namespace of the Deployment"),
        Field::new("name", Kind::Text, "name of the Deployment"),
        Field::new("replicas", Kind::Number, "pods that are started anew, one after the other"),
    ],
};

/// Start the pods of monitored Deployments anew
///
/// Shows which and asks. The cluster replaces the pods one after the other, so that the workload stays up.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow k8s restart shop -n web", "streamflow k8s restart --all -n web --yes"))]
pub(super) struct RestartArgs {
    /// Names of Deployments
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// Restart all that are monitored
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(args: &RestartArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let now = Timestamp::from_microsecond(session.now())
        .map_err(|error| CommandError::bug(format!("the clock is out of range: {error}")))?;
    let rows = session.block_on(async {
        let cluster = args.place.cluster.connect().await?;
        let namespace = args.place.namespace(&cluster);
        let (deployments, _) = cluster.list(KubeKind::DEPLOYMENT, namespace, Some(&selector(None))).await?;
        let chosen = chosen(args, &deployments)?;
        confirm(args, &chosen, session)?;
        let restarted = json!({ "kubectl.kubernetes.io/restartedAt": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() });
        let patch = json!({ "spec": { "template": { "metadata": { "annotations": restarted } } } });
        for deployment in &chosen {
            let (namespace, name) = names(deployment);
            cluster.merge(KubeKind::DEPLOYMENT, namespace, name, &patch).await?;
        }
        Ok(chosen.iter().map(|deployment| row(deployment)).collect())
    })?;
    session.printer().listing(&SHAPE.listing(rows))?;
    Ok(ExitStatus::Ok)
}

fn chosen<'a>(args: &RestartArgs, deployments: &'a [Value]) -> Result<Vec<&'a Value>, CommandError> {
    if let Some(missing) = args.names.iter().find(|name| !deployments.iter().any(|known| names(known).1 == *name)) {
        let known: Vec<&str> = deployments.iter().map(|known| names(known).1).collect();
        let message = format!("there is no monitored deployment {missing:?}");
        return Err(CommandError::new("cluster_not_found", message, ExitStatus::NotFound).with_hint(match known[..] {
            [] => "none is monitored here; another namespace is named with -n".to_owned(),
            _ => format!("there are: {}", known.join(", ")),
        }));
    }
    Ok(deployments.iter().filter(|known| args.all || args.names.iter().any(|name| name == names(known).1)).collect())
}

fn confirm(args: &RestartArgs, chosen: &[&Value], session: &Session) -> Result<(), CommandError> {
    if args.yes || chosen.is_empty() {
        return Ok(());
    }
    let printer = session.printer();
    if !printer.can_ask() {
        return Err(CommandError::usage("a restart needs consent").with_hint("say --yes if that is what you want"));
    }
    for deployment in chosen {
        let (namespace, name) = names(deployment);
        printer.insist(format_args!("  {namespace}/{name}"));
    }
    printer.insist(format_args!("Start the pods of these {} deployments anew? [y/N]", chosen.len()));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "yes" => Ok(()),
        _ => Err(CommandError::usage("nothing was restarted")),
    }
}

fn names(deployment: &Value) -> (&str, &str) {
    let of = |name: &str| deployment["metadata"][name].as_str().unwrap_or_default();
    (of("namespace"), of("name"))
}

fn row(deployment: &Value) -> Vec<Value> {
    let (namespace, name) = names(deployment);
    vec![json!(namespace), json!(name), deployment["spec"]["replicas"].clone()]
}
