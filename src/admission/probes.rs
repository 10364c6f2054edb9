//! The plain port: is the webhook alive, does it take reviews, what has it counted.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::handler::answer;
use super::{Shared, limits, listener};

const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers probes until the webhook stops.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(limits::PROBES_MAX));
    while let Some(stream) = listener::next(&shared, &listener).await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        shared.connections.clone().spawn(async move {
            connection(&shared, stream).await;
            drop(place);
        });
    }
}

async fn connection(shared: &Shared, stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async move { Ok::<_, Infallible>(probe(shared, &request)) });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::PROBE_HEAD_TIMEOUT)
            .max_header_size(limits::HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = shared.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a probe ended early");
    }
}

fn probe(shared: &Shared, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "ask by GET\n");
    }
    match request.uri().path() {
        "/healthz" => answer(StatusCode::OK, "text/plain", "ok\n"),
        "/readyz" if shared.draining.is_cancelled() => {
            answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "stopping\n")
        }
        "/readyz" => answer(StatusCode::OK, "text/plain", "ok\n"),
        "/metrics" => match shared.metrics.text() {
            Ok(text) => answer(StatusCode::OK, METRICS, text),
            Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", format!("{error}\n")),
        },
        _ => answer(StatusCode::NOT_FOUND, "text/plain", "here are /healthz, /readyz and /metrics\n"),
    }
}
