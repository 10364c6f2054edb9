//! The HTTP server: one listener a role, all over one engine.
//!
//! What a request may do is decided here; what it means is the engine's. Nothing here reads settings.

mod access;
mod analytics;
mod answer;
mod app;
mod body;
mod connection;
mod cors;
mod echo;
mod error;
mod filters;
mod front;
mod ingestion;
mod listener;
mod live;
mod metrics;
mod openapi;
mod options;
mod parameters;
mod probes;
mod query;
mod rate;
mod request_id;
mod routes;
mod schemas;
mod storage;
mod websocket;

pub use storage::{backup_info, verify_folder};

pub use options::{Echo, Exposure, HttpLimits, RateLimit, Role, ServerOptions};

use std::net::SocketAddr;
use std::sync::Arc;

use axum::{Extension, Router};
use streamflow_engine::Engine;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::server::access::Principal;
use crate::server::app::{App, Port};
use crate::server::front::Front;
use crate::server::listener::Listener;
use crate::server::schemas::{Schemas, SchemasError};
use crate::telemetry::task;

/// Starts servers.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Binds every port of `options` and serves until [`RunningServer::shutdown`].
    ///
    /// # Errors
    /// When an address can not be bound, or is not loopback and neither a token nor `insecure` is set.
    pub async fn start(engine: Engine, options: ServerOptions) -> Result<RunningServer, StartError> {
        check_exposure(&options)?;
        let schemas = schemas(&engine, &options)?;
        let bound = bind(&options).await?;
        let app = App::new(engine, options, schemas);
        app.set_ports(bound.iter().map(|(role, address, _)| Port::new(*role, *address)).collect());
        let connections = TaskTracker::new();
        let addresses = bound.iter().map(|(role, address, _)| (*role, *address)).collect();
        let listeners = bound
            .into_iter()
            .enumerate()
            .map(|(port, (role, _, socket))| {
                let routes = routes::router(&app, role);
                let front = Arc::new(Front::new(Arc::clone(&app), role, routes));
                let listener =
                    Listener { app: Arc::clone(&app), front, socket, port, connections: connections.clone() };
                task::spawn("listener", listener.run())
            })
            .collect();
        Ok(RunningServer { addresses, app, listeners, connections })
    }

    /// Returns every route on one router for callers in the same process: no port, no access check.
    pub fn in_process(engine: Engine, options: ServerOptions) -> Router {
        let schemas = schemas(&engine, &options).unwrap_or_else(|error| {
            tracing::warn!(%error, "schemas are left out");
            Schemas::default()
        });
        let app = App::new(engine, options, schemas);
        routes::router(&app, Role::Gateway).layer(Extension(Principal::LOCAL))
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{address} ({role} port) can not be bound: {reason}", role = .role.as_str())]
    Bind { role: Role, address: SocketAddr, reason: std::io::Error },
    #[error("{address} can be reached from other machines and no token is set")]
    Exposed { address: SocketAddr },
    /// Half of the schemas is worse than none: nobody would know which events were checked.
    #[error("the schemas of the project can not be used: {reason}")]
    Schemas { reason: String },
}

fn schemas(engine: &Engine, options: &ServerOptions) -> Result<Schemas, StartError> {
    let unusable = |error: SchemasError| StartError::Schemas { reason: error.to_string() };
    let schemas = Schemas::load(options.schemas_dir.clone(), &options.schema_modes).map_err(unusable)?;
    schemas.enforce(engine).map_err(unusable)?;
    Ok(schemas)
}

fn check_exposure(options: &ServerOptions) -> Result<(), StartError> {
    let guarded = options.host.is_loopback() || options.token.is_some() || options.exposure == Exposure::Insecure;
    if guarded {
        return Ok(());
    }
    let port = options.ports.first().map_or(0, |(_, port)| *port);
    Err(StartError::Exposed { address: SocketAddr::new(options.host, port) })
}

/// Binds all ports before any serves, so that a start is whole or not at all.
async fn bind(options: &ServerOptions) -> Result<Vec<(Role, SocketAddr, TcpListener)>, StartError> {
    let mut bound = Vec::with_capacity(options.ports.len());
    for &(role, port) in &options.ports {
        let wanted = SocketAddr::new(options.host, port);
        let refused = |reason| StartError::Bind { role, address: wanted, reason };
        let socket = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        bound.push((role, address, socket));
    }
    Ok(bound)
}

/// A server that is serving.
#[derive(Debug)]
pub struct RunningServer {
    /// Each role's address, with the port that was taken when 0 was asked for.
    pub addresses: Vec<(Role, SocketAddr)>,
    app: Arc<App>,
    listeners: Vec<JoinHandle<()>>,
    connections: TaskTracker,
}

impl RunningServer {
    /// Returns the address of a role that is served.
    #[must_use]
    pub fn address(&self, role: Role) -> Option<SocketAddr> {
        self.addresses.iter().find(|(r, _)| *r == role).map(|(_, address)| *address)
    }

    /// Stops accepting, lets running requests end within the drain timeout, then gives up the rest.
    pub async fn shutdown(self) {
        self.app.stopping.cancel();
        for listener in self.listeners {
            if let Err(error) = listener.await {
                tracing::error!(%error, "a listener did not end well");
            }
        }
        self.connections.close();
        let drain = self.app.options.limits.drain_timeout;
        if tokio::time::timeout(drain, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "connections were cut off at the drain timeout");
        }
    }
}

#[cfg(test)]
mod tests;
