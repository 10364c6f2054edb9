//! The admission webhook: serves reviews of a Kubernetes API server over TLS. What a review is answered is core's to decide.
//!
//! (In code a *webhook* is a notification channel; this one is *admission*. Its command stays `webhook`.)

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use streamflow_core::admission::Injection;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::telemetry::task;

mod certificates;
mod handler;
mod limits;
mod listener;
mod metrics;
mod mutations;
mod probes;

pub use certificates::CertificateError;
use certificates::Certificates;
use handler::Handler;
use metrics::Metrics;
use mutations::Teller;
pub use mutations::{Mutation, Mutations};

/// How the webhook is served.
#[derive(Debug, Clone)]
pub struct AdmissionOptions {
    /// Address of the reviews, over TLS.
    pub listen: SocketAddr,
    /// Address of `/healthz`, `/readyz` and `/metrics`, in plain HTTP.
    pub probes: SocketAddr,
    /// Folder with `tls.crt` and `tls.key`.
    pub certs: PathBuf,
    pub injection: Injection,
    /// For how long new connections are taken after readiness is given up, so that the cluster learns of it first.
    pub drain_delay: Duration,
    /// Whether somebody wants to know of mutations: [`RunningAdmission::take_mutations`].
    pub tell_mutations: bool,
}

/// Why the webhook does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("a task broke: {0}")]
    Task(io::Error),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    handler: Handler,
    certificates: Arc<Certificates>,
    metrics: Metrics,
    teller: Teller,
    /// Readiness is given up.
    draining: CancellationToken,
    /// No further connection is taken; those that are there end.
    stopping: CancellationToken,
    connections: TaskTracker,
}

/// A webhook that serves.
#[derive(Debug)]
pub struct RunningAdmission {
    /// Where reviews are taken.
    pub address: SocketAddr,
    /// Where probes and metrics are.
    pub probes: SocketAddr,
    shared: Arc<Shared>,
    drain_delay: Duration,
    mutations: Option<Mutations>,
}

impl RunningAdmission {
    /// Binds both ports and begins to serve.
    ///
    /// # Errors
    /// When the certificate cannot be used, or a port not be bound.
    pub async fn start(options: AdmissionOptions) -> Result<Self, StartError> {
        let dir = options.certs;
        let loading = tokio::task::spawn_blocking(move || Certificates::load(&dir));
        let certificates = Arc::new(loading.await.map_err(io::Error::other).map_err(StartError::Task)??);
        let (reviews, address) = bind(options.listen).await?;
        let (plain, probes) = bind(options.probes).await?;
        let (teller, waiting) = match options.tell_mutations {
            true => {
                let (teller, waiting) = Teller::to_somebody();
                (teller, Some(waiting))
            }
            false => (Teller::silent(), None),
        };
        let shared = Arc::new(Shared {
            teller,
            handler: Handler::new(options.injection),
            certificates,
            metrics: Metrics::new(),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            connections: TaskTracker::new(),
        });
        let tls = certificates::tls(Arc::clone(&shared.certificates))?;
        task::spawn("certificates", certificates::watch(Arc::clone(&shared)));
        task::spawn("reviews", listener::run(Arc::clone(&shared), reviews, tls));
        task::spawn("probes", probes::run(Arc::clone(&shared), plain));
        let mutations = waiting.map(|waiting| Mutations { waiting, shared: Arc::clone(&shared) });
        Ok(Self { address, probes, shared, drain_delay: options.drain_delay, mutations })
    }

    /// Returns the mutations, to the first who asks; None when nobody was to be told.
    pub const fn take_mutations(&mut self) -> Option<Mutations> {
        self.mutations.take()
    }

    /// Gives up readiness, then stops taking connections, then waits for the reviews that are under way.
    pub async fn shutdown(self) {
        self.shared.draining.cancel();
        tokio::time::sleep(self.drain_delay).await;
        self.shared.stopping.cancel();
        self.shared.connections.close();
        if tokio::time::timeout(limits::DRAIN_MAX, self.shared.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.shared.connections.len(), "connections were cut");
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
