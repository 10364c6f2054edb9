//! Accepts connections on one port and serves each, within the limits on connections.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::server::app::{App, Place};
use crate::server::connection::{Socket, Watch};
use crate::server::error::ApiError;
use crate::server::front::Front;

/// Pause after the system refused a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Headers of a request.
const HEADERS_MAX: usize = 128;
/// hyper's buffer of a connection grows to this; it must hold a head, and larger reads make large bodies cheaper.
const BUFFER_BYTES_MAX: usize = 512 << 10;

/// One port that is bound.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) app: Arc<App>,
    pub(crate) front: Arc<Front>,
    pub(crate) socket: TcpListener,
    /// Which of [`App::ports`] this is.
    pub(crate) port: usize,
    /// All connections of the server, for the drain.
    pub(crate) connections: TaskTracker,
}

impl Listener {
    /// Accepts connections until the server stops.
    pub(crate) async fn run(self) {
        let port = &self.app.ports()[self.port];
        port.set_serving(true);
        let stopping = self.app.stopping.clone();
        let mut stopped = pin!(stopping.cancelled());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, _peer)) => self.begin(stream),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, address = %port.address, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        port.set_serving(false);
    }

    fn begin(&self, stream: TcpStream) {
        let Some(place) = Place::take(&self.app) else {
            self.app.metrics.connections_refused.inc();
            refuse(&stream);
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let (app, front) = (Arc::clone(&self.app), Arc::clone(&self.front));
        // Not by name through telemetry::task: its span would be entered at each poll, a dozen times an event.
        self.connections.spawn(async move {
            serve(&app, front, stream).await;
            drop(place);
        });
    }
}

/// A connection that was gone before it was accepted says nothing about the next one.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn refuse(stream: &TcpStream) {
    if let Err(error) = stream.try_write(&ApiError::plain("too_many_connections").raw_answer()) {
        tracing::debug!(%error, "a refusal could not be sent");
    }
}

/// Serves one connection to its end.
async fn serve(app: &App, front: Arc<Front>, stream: TcpStream) {
    let watch = Watch::new();
    let limits = &app.options.limits;
    let half_close = front.answers_half_closed;
    let socket = Socket::new(stream, Arc::clone(&watch), limits);
    let service = service_fn(move |request| {
        let (front, watch) = (Arc::clone(&front), Arc::clone(&watch));
        async move { Ok::<_, Infallible>(front.serve(request, watch).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .half_close(half_close)
            .max_headers(HEADERS_MAX)
            .max_header_size(limits.header_bytes)
            .max_buf_size(BUFFER_BYTES_MAX.max(limits.header_bytes))
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades()
    );
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = app.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}
