//! Runs a question's SQL and reads its rows as the types of the API: columns are named as fields are.

use axum::response::Response;
use http::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use streamflow_engine::encode;
use streamflow_engine::query::{Answer, Query};

use crate::api::Success;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::{answer, query};

/// Returns the rows of a statement of ours.
///
/// # Errors
/// When the statement passes a limit or its filter is wrong.
pub(super) async fn rows<T: DeserializeOwned>(app: &App, sql: String) -> Result<Vec<T>, ApiError> {
    read(app, Query { sql, ..Query::default() }).await
}

/// Returns the rows of a statement with parameters.
///
/// # Errors
/// As [`rows`].
pub(super) async fn read<T: DeserializeOwned>(app: &App, query: Query) -> Result<Vec<T>, ApiError> {
    of_answer(&query::run(app, query).await?)
}

/// Returns the first `limit` rows as an answer that says in a header whether there are more.
pub(super) fn first<T: Serialize>(limit: usize, mut rows: Vec<T>) -> Response {
    let truncated = rows.len() > limit;
    rows.truncate(limit);
    let mut response = answer::json(&Success::new(rows));
    response.headers_mut().insert(query::TRUNCATED, HeaderValue::from_static(if truncated { "true" } else { "false" }));
    response
}

/// Returns the rows of an answer.
///
/// # Errors
/// When they do not fit, which is our own bug.
pub(super) fn of_answer<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<T>, ApiError> {
    let mut lines = Vec::new();
    encode::ndjson(&answer.batches, &mut lines);
    serde_json::Deserializer::from_slice(&lines)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| ApiError::internal("rows do not fit their answer", &error))
}
