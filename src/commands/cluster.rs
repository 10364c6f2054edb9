//! Which Kubernetes cluster a command talks to, and what is said when it does not work.

use std::path::PathBuf;

use crate::kube::{Access, Cluster, KubeError};
use crate::printer::{CommandError, ExitStatus};

/// Flags of every command that talks to a cluster.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ClusterArgs {
    /// Kubeconfig file; otherwise $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME")]
    kube_context: Option<String>,
}

impl ClusterArgs {
    /// Returns the cluster. Nothing is contacted yet.
    pub(super) async fn connect(&self) -> Result<Cluster, CommandError> {
        let access = Access { kubeconfig: self.kubeconfig.clone(), context: self.kube_context.clone() };
        Ok(Cluster::connect(&access).await?)
    }
}

impl From<KubeError> for CommandError {
    fn from(error: KubeError) -> Self {
        let message = error.to_string();
        match error {
            KubeError::Config(_) => {
                Self::usage(message).with_hint("name one with --kubeconfig, and its context with --kube-context")
            }
            KubeError::Credentials(_) => Self::new("cluster_forbidden", message, ExitStatus::Authentication)
                .with_hint("does `kubectl get --raw /version` get an answer with the same kubeconfig?"),
            KubeError::Unreachable { .. } | KubeError::Refused { status: 429 | 500.., .. } => {
                Self::new("cluster_unreachable", message, ExitStatus::Unreachable)
                    .with_hint("does `kubectl get --raw /version` answer?")
            }
            KubeError::TimedOut { .. } => Self::new("timed_out", message, ExitStatus::TimedOut),
            KubeError::Refused { status: 401 | 403, .. } => {
                Self::new("cluster_forbidden", message, ExitStatus::Authentication)
                    .with_hint("`kubectl auth can-i --list` tells what you may do")
            }
            KubeError::Refused { status: 404, .. } => Self::new("cluster_not_found", message, ExitStatus::NotFound),
            KubeError::Refused { status: 409, .. } => Self::new("cluster_refused", message, ExitStatus::Usage)
                .with_hint(
                    "another tool manages it; if it is to be taken over, say --take-over where the command has it",
                ),
            KubeError::Refused { .. } => Self::new("cluster_refused", message, ExitStatus::Usage),
            KubeError::Answer(_) | KubeError::TooMany(_) => {
                Self::new("cluster_unreachable", message, ExitStatus::Unreachable)
            }
        }
    }
}
