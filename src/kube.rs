//! Talks to the API server of a Kubernetes cluster as the user's kubeconfig says. What is asked of it, and why, is the
//! caller's business.

mod cluster;
mod error;
mod forward;
mod kinds;
mod limits;
mod lines;
mod watch;

pub use cluster::{Access, Apply, Cluster, Persist};
pub use error::KubeError;
pub use forward::Forward;
pub use kinds::{Kind, Scope};
pub use watch::{Change, Watch};
