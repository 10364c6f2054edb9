//! What all requests share: the engine, the rules, the counters.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use streamflow_engine::Engine;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::server::access::Access;
use crate::server::metrics::Metrics;
use crate::server::options::{Role, ServerOptions};
use crate::server::rate::RateLimiter;
use crate::server::schemas::Schemas;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) options: ServerOptions,
    pub(crate) access: Access,
    pub(crate) rate: Option<RateLimiter>,
    pub(crate) metrics: Metrics,
    pub(crate) schemas: Schemas,
    pub(crate) started: Instant,
    /// Cancelled when the server begins to stop: live streams end, idle connections close.
    pub(crate) stopping: CancellationToken,
    /// Places for live subscribers.
    pub(crate) subscribers: Arc<Semaphore>,
    /// Open connections over all ports.
    pub(crate) connections: AtomicUsize,
    ports: OnceLock<Vec<Port>>,
}

/// One port of this server.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) role: Role,
    pub(crate) address: SocketAddr,
    serving: AtomicBool,
}

impl Port {
    pub(crate) const fn new(role: Role, address: SocketAddr) -> Self {
        Self { role, address, serving: AtomicBool::new(false) }
    }

    pub(crate) fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Release);
    }

    pub(crate) fn serving(&self) -> bool {
        self.serving.load(Ordering::Acquire)
    }
}

impl App {
    pub(crate) fn new(engine: Engine, options: ServerOptions, schemas: Schemas) -> Arc<Self> {
        Arc::new(Self {
            metrics: Metrics::new(engine.clone()),
            engine,
            schemas,
            access: Access::new(&options),
            rate: options.limits.rate.map(RateLimiter::new),
            started: Instant::now(),
            stopping: CancellationToken::new(),
            subscribers: Arc::new(Semaphore::new(options.limits.subscribers)),
            connections: AtomicUsize::new(0),
            ports: OnceLock::new(),
            options,
        })
    }

    /// Notes which ports this server has, once they are bound.
    pub(crate) fn set_ports(&self, ports: Vec<Port>) {
        // Set once, by the start that bound them.
        drop(self.ports.set(ports));
    }

    /// Returns the ports; none when the server runs inside another process.
    pub(crate) fn ports(&self) -> &[Port] {
        self.ports.get().map_or(&[], Vec::as_slice)
    }

    /// Returns how many live subscribers there are.
    pub(crate) fn subscriber_count(&self) -> usize {
        self.options.limits.subscribers - self.subscribers.available_permits()
    }
}

/// A place among the open connections, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<App>);

impl Place {
    /// Takes a place, if there is one.
    pub(crate) fn take(app: &Arc<App>) -> Option<Self> {
        let place = Self(Arc::clone(app));
        app.metrics.connections.inc();
        (app.connections.fetch_add(1, Ordering::AcqRel) < app.options.limits.connections).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.metrics.connections.dec();
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}
