//! The HTTP server: one listener a role, all over one engine.
//!
//! What a request may do is decided here; what it means is the engine's. Nothing here reads settings.

mod options;

pub use options::{Echo, Exposure, HttpLimits, RateLimit, Role, ServerOptions};

use std::net::SocketAddr;

use streamflow_engine::Engine;

/// Starts servers.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Binds every port of `options` and serves until [`RunningServer::shutdown`].
    ///
    /// # Errors
    /// When an address can not be bound, or is not loopback and neither a token nor `insecure` is set.
    pub async fn start(engine: Engine, options: ServerOptions) -> Result<RunningServer, StartError> {
        let _ = (engine, options);
        unimplemented!("listeners follow")
    }

    /// Returns every route on one router for callers in the same process: no port, no access check.
    #[must_use]
    pub fn in_process(engine: Engine, options: ServerOptions) -> axum::Router {
        let _ = (engine, options);
        axum::Router::new()
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{address} ({role} port) can not be bound: {reason}", role = .role.as_str())]
    Bind { role: Role, address: SocketAddr, reason: std::io::Error },
    #[error("{address} can be reached from other machines and no token is set")]
    Exposed { address: SocketAddr },
}

/// A server that is serving.
#[derive(Debug)]
pub struct RunningServer {
    /// Each role's address, with the port that was taken when 0 was asked for.
    pub addresses: Vec<(Role, SocketAddr)>,
}

impl RunningServer {
    /// Returns the address of a role that is served.
    #[must_use]
    pub fn address(&self, role: Role) -> Option<SocketAddr> {
        self.addresses.iter().find(|(r, _)| *r == role).map(|(_, address)| *address)
    }

    /// Stops accepting, lets running requests end within the drain timeout, then closes every connection.
    pub async fn shutdown(self) {
        unimplemented!("listeners follow")
    }
}
