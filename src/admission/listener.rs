//! Accepts connections of API servers, within the limits, and serves HTTP/2 or HTTP/1.1 on each.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Shared, handler, limits};

/// As [`limits::HEAD_BYTES_MAX`], in the width that HTTP/2 counts in.
const HEAD_LIST_BYTES_MAX: u32 = 16 << 10;

/// Takes connections until the webhook stops.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener, tls: Arc<ServerConfig>) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    while let Some(stream) = next(&shared, &listener).await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            shared.metrics.connections_refused.inc();
            continue;
        };
        let (shared, acceptor) = (Arc::clone(&shared), TlsAcceptor::from(Arc::clone(&tls)));
        shared.connections.clone().spawn(async move {
            shared.metrics.connections.inc();
            connection(&shared, acceptor, stream).await;
            shared.metrics.connections.dec();
            drop(place);
        });
    }
}

/// Returns the next connection; None when the webhook stops.
pub(super) async fn next(shared: &Shared, listener: &TcpListener) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            () = shared.stopping.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => return Some(stream),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(shared: &Arc<Shared>, acceptor: TlsAcceptor, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let handshake = tokio::time::timeout(limits::HANDSHAKE_TIMEOUT, acceptor.accept(stream));
    let Ok(Ok(stream)) = handshake.await else {
        shared.metrics.handshakes_failed.inc();
        return;
    };
    let outcome = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => serve_http2(shared, stream).await,
        _ => serve_http1(shared, stream).await,
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn serve_http1(shared: &Arc<Shared>, stream: TlsStream<TcpStream>) -> hyper::Result<()> {
    let service = service_fn(|request| {
        let shared = Arc::clone(shared);
        async move { Ok::<_, Infallible>(handler::serve(shared, request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HEAD_TIMEOUT)
            .max_header_size(limits::HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = shared.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

async fn serve_http2(shared: &Arc<Shared>, stream: TlsStream<TcpStream>) -> hyper::Result<()> {
    let owned = Arc::clone(shared);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&owned);
        async move { Ok::<_, Infallible>(handler::serve(shared, request).await) }
    });
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(limits::PING_EVERY)
            .max_concurrent_streams(limits::STREAMS_MAX)
            .max_header_list_size(HEAD_LIST_BYTES_MAX)
            .adaptive_window(true)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = shared.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
