//! How the server is: `/health`, `/ready`, `/metrics` and `/api/v1/status`, on every port.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use streamflow_engine::Stats;
use streamflow_engine::query::Activity;

use crate::api::Success;
use crate::api::error::ErrorBody;
use crate::api::state::{
    EventCounters, Health, HealthCheck, JournalState, PortState, ProcessState, QueriesState, Ready, RunningQuery,
    Status, TailState,
};
use crate::server::answer;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::telemetry::process::Process;

/// What Prometheus expects of the text that `prometheus-client` writes.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Share of the tail's budget above which `/health` warns, percent.
const TAIL_WARN_PERCENT: u64 = 90;

/// Whether the server does its work.
#[utoipa::path(
    get, path = "/health", tag = "state",
    responses(
        (status = 200, description = "It does", body = Health),
        (status = 503, description = "It does not, and `checks` says why", body = Health),
    )
)]
pub(crate) async fn health(State(app): State<Arc<App>>) -> Response {
    let health = look(&app, &app.engine.stats());
    let status = if health.status == HEALTHY { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, answer::json(&health)).into_response()
}

/// Whether every port serves.
#[utoipa::path(
    get, path = "/ready", tag = "state",
    responses(
        (status = 200, description = "Every port serves", body = Ready),
        (status = 503, description = "The server is starting or stopping", body = Ready),
    )
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let ready = !app.stopping.is_cancelled() && app.ports().iter().all(|port| port.serving());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, answer::json(&Ready { ready, ports: ports(&app) })).into_response()
}

/// Counters and sizes as text that Prometheus reads.
#[utoipa::path(
    get, path = "/metrics", tag = "state",
    responses(
        (status = 200, description = "Metrics", body = String, content_type = "application/openmetrics-text"),
        (status = 401, description = "No token, or a wrong one", body = ErrorBody),
    )
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let text = app.metrics.text().map_err(|error| ApiError::internal("metrics were not written", &error))?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

/// Counters and sizes for people.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "state",
    responses(
        (status = 200, description = "How the server is", body = Success<Status>),
        (status = 401, description = "No token, or a wrong one", body = ErrorBody),
    )
)]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Response {
    let stats = app.engine.stats();
    answer::json(&Success::new(describe(&app, &stats)))
}

const HEALTHY: &str = "healthy";
const UNHEALTHY: &str = "unhealthy";

fn look(app: &App, stats: &Stats) -> Health {
    let checks = vec![storage_check(stats), memory_check(stats)];
    let failed = checks.iter().any(|check| check.status == "failed");
    Health {
        status: if failed { UNHEALTHY } else { HEALTHY }.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: app.started.elapsed().as_secs(),
        checks,
    }
}

fn storage_check(stats: &Stats) -> HealthCheck {
    let (status, message) = match &stats.storage_failure {
        // The cause has paths of this machine in it: it is in the log and in `status`, which ask for a token.
        Some(_) => ("failed", "events can not be stored"),
        None => ("ok", "events are stored"),
    };
    check("storage", status, message.to_owned())
}

fn memory_check(stats: &Stats) -> HealthCheck {
    let percent = (stats.tail_bytes * 100).checked_div(stats.tail_bytes_max).unwrap_or(0);
    let status = if percent >= TAIL_WARN_PERCENT { "warning" } else { "ok" };
    check("memory", status, format!("recent events use {percent}% of their memory"))
}

fn check(name: &str, status: &str, message: String) -> HealthCheck {
    HealthCheck { name: name.to_owned(), status: status.to_owned(), message }
}

fn ports(app: &App) -> Vec<PortState> {
    let state = |port: &crate::server::app::Port| PortState {
        role: port.role.as_str().to_owned(),
        address: port.address.to_string(),
        serving: port.serving(),
    };
    app.ports().iter().map(state).collect()
}

fn describe(app: &App, stats: &Stats) -> Status {
    let health = look(app, stats);
    Status {
        status: health.status,
        version: health.version,
        uptime_seconds: health.uptime_seconds,
        pid: std::process::id(),
        ports: ports(app),
        events: EventCounters {
            stored: stats.next_offset,
            accepted: stats.events_accepted,
            duplicates: stats.events_duplicate,
            rejected: stats.events_rejected,
            rejected_dropped: stats.rejected_dropped,
            unknown_keys: stats.unknown_keys,
        },
        tail: TailState {
            rows: stats.tail_rows,
            bytes: stats.tail_bytes,
            bytes_max: stats.tail_bytes_max,
            chunks: stats.tail_chunks,
        },
        journal: JournalState {
            bytes: stats.journal_bytes,
            files: stats.journal_files,
            syncs: stats.journal_syncs,
            sync_micros_mean: stats.journal_sync_micros.checked_div(stats.journal_syncs).unwrap_or(0),
            disk_free_bytes: stats.disk_free_bytes,
            failure: stats.storage_failure.clone(),
        },
        queries: queries(&app.engine.query_engine().activity()),
        process: process(),
        connections: app.connections.load(Ordering::Relaxed) as u64,
        live_subscribers: app.subscriber_count() as u64,
    }
}

fn queries(activity: &Activity) -> QueriesState {
    let ended = activity.answered + activity.failed + activity.cancelled;
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    QueriesState {
        running: (activity.running.iter())
            .map(|statement| RunningQuery { sql: statement.sql.clone(), elapsed_ms: millis(statement.elapsed) })
            .collect(),
        running_max: activity.running_max as u64,
        answered: activity.answered,
        failed: activity.failed,
        cancelled: activity.cancelled,
        elapsed_ms_mean: if ended == 0 { 0.0 } else { millis(activity.elapsed) / ended as f64 },
        memory_bytes: activity.memory_bytes as u64,
        memory_bytes_max: activity.memory_bytes_max as u64,
    }
}

fn process() -> ProcessState {
    let usage = Process::Own.usage();
    ProcessState {
        cpu_seconds: usage.map(|usage| usage.cpu.as_secs_f64()),
        memory_bytes: usage.map(|usage| usage.memory_bytes),
        threads: usage.map(|usage| usage.threads),
        open_files: usage.map(|usage| usage.open_files),
        open_files_max: usage.map(|usage| usage.open_files_max),
    }
}
