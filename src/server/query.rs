//! Answers SQL: reads a statement, runs it on the engine, writes the rows in the form that the client accepts.

mod export;
mod form;
mod frames;
mod request;
mod schema;

pub(crate) use export::post_export;
pub(crate) use schema::query_schema;
pub(crate) mod openapi {
    //! What the macros made for `openapi.json`.
    pub(crate) use super::__path_post_query;
    pub(crate) use super::export::__path_post_export;
    pub(crate) use super::schema::__path_query_schema;
}

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use streamflow_engine::Engine;
use streamflow_engine::query::{Answer, Query};

use crate::api::TRUNCATED_HEADER;
use crate::api::error::ErrorBody;
use crate::api::query::{QueryAnswer, QueryFrame, QueryRequest};
use crate::server::app::App;
use crate::server::body;
use crate::server::error::ApiError;
use crate::server::ingestion::content;

use form::Form;

/// Says whether an answer holds fewer rows than there are.
pub(crate) const TRUNCATED: HeaderName = HeaderName::from_static(TRUNCATED_HEADER);

/// Run a read-only SQL statement.
///
/// It sees every event that was acknowledged before it began. By `Accept` the answer is JSON, NDJSON, CSV (header, LF,
/// NULL empty), an Arrow IPC stream or Parquet. An answer that was cut at `max_rows` says so, in JSON and in the header
/// `streamflow-truncated`. As server-sent events rows come while they are found: each event's `data` is a `QueryFrame`, whose
/// kind is also the event's name.
#[utoipa::path(
    post, path = "/api/v1/query", tag = "analytics", request_body = QueryRequest,
    responses(
        (status = 200, description = "The rows", content(
            (QueryAnswer = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
            (QueryFrame = "text/event-stream"),
        )),
        (status = 400, description = "The statement is wrong, or would write", body = ErrorBody),
        (status = 406, description = "No form of the answer is acceptable", body = ErrorBody),
        (status = 408, description = "The statement ran too long", body = ErrorBody),
        (status = 422, description = "The statement failed or passed a limit", body = ErrorBody),
        (status = 429, description = "Too many statements are running", body = ErrorBody),
    )
)]
pub(crate) async fn post_query(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let form = Form::accepted(request.headers())?;
    let (head, sent) = request.into_parts();
    content::require_json(&head.headers)?;
    let bytes = body::read(&head.headers, sent, &app.options.limits).await?;
    let query = request::parse(&bytes)?;
    match form {
        Form::Json => write(form, run(&app, query).await?, form::json).await,
        Form::Rows(rows) => write(form, run(&app, query).await?, move |answer| form::rows(rows, answer)).await,
        Form::Events => frames::answer(app, query).await,
    }
}

/// Runs a statement and counts what it cost.
///
/// # Errors
/// As [`Engine::query`].
pub(crate) async fn run(app: &App, query: Query) -> Result<Answer, ApiError> {
    let engine: &Engine = &app.engine;
    let answer = engine.query(query).await?;
    app.metrics.query_seconds.inc_by(answer.stats.elapsed.as_secs_f64());
    app.metrics.query_rows.inc_by(answer.stats.rows as u64);
    Ok(answer)
}

/// Writes the rows on a blocking thread: a hundred thousand of them take their time.
async fn write(
    form: Form,
    answer: Answer,
    bytes: impl FnOnce(&Answer) -> Result<Vec<u8>, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    let truncated = answer.truncated;
    let bytes = tokio::task::spawn_blocking(move || bytes(&answer))
        .await
        .map_err(|error| ApiError::internal("an answer was not written", &error))??;
    let mut response = Response::new(axum::body::Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, form.content_type());
    response.headers_mut().insert(TRUNCATED, HeaderValue::from_static(if truncated { "true" } else { "false" }));
    Ok(response)
}
