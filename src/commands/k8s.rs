//! Looks at the workloads of a Kubernetes cluster that have monitoring keys: pods, logs, restarts, events.

use clap::Subcommand;

use super::Session;
use super::cluster::ClusterArgs;
use super::tree::examples;
use crate::kube::Cluster;
use crate::printer::{CommandError, ExitStatus, Shape};

mod events;
mod logs;
mod pods;
mod restart;

pub(super) const SHAPES: &[&Shape] = &[&pods::SHAPE, &logs::SHAPE, &restart::SHAPE, &events::SHAPE];

/// The label of workloads that the webhook gave keys to.
const MANAGED: &str = "streamflow.io/managed=true";

/// See and restart the monitored workloads of a Kubernetes cluster
///
/// Monitored are the workloads with the label streamflow.io/managed=true, which the webhook gives.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow k8s pods -A",
    "streamflow k8s logs --follow",
    "streamflow k8s restart shop -n web",
    "streamflow k8s events --send",
))]
pub(super) struct K8sArgs {
    #[command(subcommand)]
    command: K8sCommand,
}

#[derive(Debug, Subcommand)]
enum K8sCommand {
    Pods(pods::PodsArgs),
    Logs(logs::LogsArgs),
    Restart(restart::RestartArgs),
    Events(events::EventsArgs),
}

pub(super) fn run(args: K8sArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.command {
        K8sCommand::Pods(args) => pods::run(&args, session),
        K8sCommand::Logs(args) => logs::run(&args, session),
        K8sCommand::Restart(args) => restart::run(&args, session),
        K8sCommand::Events(args) => events::run(&args, session),
    }
}

/// Where to look.
#[derive(Debug, clap::Args)]
struct PlaceArgs {
    /// Namespace; otherwise that of the kubeconfig's context
    #[arg(short, long, value_name = "NAME", conflicts_with = "all_namespaces")]
    namespace: Option<String>,
    /// Look at all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl PlaceArgs {
    /// Returns the namespace; None for all.
    fn namespace<'a>(&'a self, cluster: &'a Cluster) -> Option<&'a str> {
        if self.all_namespaces { None } else { Some(self.namespace.as_deref().unwrap_or(cluster.namespace())) }
    }
}

/// Returns the label selector: monitored, and what the user asks for besides.
fn selector(further: Option<&str>) -> String {
    further.map_or_else(|| MANAGED.to_owned(), |further| format!("{MANAGED},{further}"))
}
