//! Answers SQL with all of its rows, written while they are made: an answer of any size takes little memory.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use streamflow_engine::encode::{RowForm, RowWriter};
use streamflow_engine::query::Flow;

use super::form::{Form, no_such_form};
use super::request;
use crate::api::error::ErrorBody;
use crate::api::query::QueryRequest;
use crate::server::app::App;
use crate::server::body;
use crate::server::error::ApiError;
use crate::server::ingestion::content;

/// Write all rows of a read-only SQL statement.
///
/// As `/api/v1/query`, but rows are sent as they are made, all of them unless `max_rows` says how many, and for as long as
/// `query.export_timeout` allows. By `Accept` they are NDJSON, CSV, an Arrow IPC stream or Parquet. An export that fails
/// half-way ends without the final chunk of its body: a client sees that it was cut off.
#[utoipa::path(
    post, path = "/api/v1/export", tag = "analytics", request_body = QueryRequest,
    responses(
        (status = 200, description = "The rows", content(
            (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 400, description = "The statement is wrong, or would write", body = ErrorBody),
        (status = 406, description = "No form of the answer is acceptable", body = ErrorBody),
        (status = 422, description = "The statement failed or passed a limit", body = ErrorBody),
        (status = 429, description = "Too many exports are running", body = ErrorBody),
    )
)]
pub(crate) async fn post_export(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let form = accepted(request.headers())?;
    let (head, sent) = request.into_parts();
    content::require_json(&head.headers)?;
    let bytes = body::read(&head.headers, sent, &app.options.limits).await?;
    let flow = app.engine.export(request::parse(&bytes)?).await?;
    let writer = RowWriter::new(form, flow.schema()).map_err(|error| no_such_form(&error))?;
    let mut export = Export { flow, writer: Some(writer), app, started: Instant::now() };
    // What fails at the first rows can still be told in words.
    let first = export.next().await?;
    let rest = stream::unfold(export, async |mut export| Some((export.next().await.transpose()?, export)));
    let rows = stream::iter(first.map(Ok)).chain(rest).map_err(|error: ApiError| cut_off(&error));
    let mut response = Response::new(Body::from_stream(rows));
    response.headers_mut().insert(CONTENT_TYPE, Form::Rows(form).content_type());
    Ok(response)
}

/// Bare rows flow in every form they have. Other forms have more than rows; a client that accepts anything gets NDJSON.
fn accepted(headers: &HeaderMap) -> Result<RowForm, ApiError> {
    if let Form::Rows(form) = Form::accepted(headers)? {
        return Ok(form);
    }
    let takes_any = headers.get_all(ACCEPT).iter().all(|accept| accept.to_str().is_ok_and(|text| text.contains("*/*")));
    if takes_any {
        return Ok(RowForm::Ndjson);
    }
    let asked: Vec<&str> = headers.get_all(ACCEPT).iter().map(HeaderValue::to_str).filter_map(Result::ok).collect();
    Err(ApiError::new("not_acceptable", format!("an export can not be written as {:?}", asked.join(",")))
        .hint("ask for application/x-ndjson, text/csv or application/vnd.apache.parquet"))
}

/// The head of the answer is gone: what is left is to end its body where nobody takes it for the end.
fn cut_off(error: &ApiError) -> std::io::Error {
    let words = error.body("").error.message;
    tracing::warn!(code = error.code(), reason = words, "an export was cut off");
    std::io::Error::other(format!("the export was cut off: {words}"))
}

/// An export under way.
struct Export {
    flow: Flow,
    /// None after the end.
    writer: Option<RowWriter>,
    app: Arc<App>,
    started: Instant,
}

impl Export {
    /// Returns the next bytes, which are never none, or nothing after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        while let Some(mut writer) = self.writer.take() {
            let batch = self.flow.next().await.transpose()?;
            let rows = batch.as_ref().map(arrow::array::RecordBatch::num_rows);
            let write = move || match batch {
                Some(batch) => writer.write(&batch).map(|bytes| (bytes, Some(writer))),
                None => writer.finish().map(|bytes| (bytes, None)),
            };
            let written = tokio::task::spawn_blocking(write).await;
            let written = written.map_err(|error| ApiError::internal("an export was not written", &error))?;
            let (bytes, writer) = written.map_err(|error| no_such_form(&error))?;
            self.writer = writer;
            match rows {
                Some(rows) => _ = self.app.metrics.query_rows.inc_by(rows as u64),
                None => _ = self.app.metrics.query_seconds.inc_by(self.started.elapsed().as_secs_f64()),
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use streamflow_engine::encode::Header;

    use super::*;

    #[test]
    fn rows_flow_in_every_form_but_json() {
        let check = |accept: Option<&'static str>, expected: Option<RowForm>| {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept))));
            assert_eq!(accepted(&headers).ok(), expected, "{accept:?}");
        };
        check(None, Some(RowForm::Ndjson));
        check(Some("*/*"), Some(RowForm::Ndjson));
        check(Some("text/csv"), Some(RowForm::Csv(Header::Names)));
        check(Some("application/vnd.apache.parquet"), Some(RowForm::Parquet));
        check(Some("application/vnd.apache.arrow.stream"), Some(RowForm::ArrowStream));
        check(Some("application/json"), None);
        check(Some("text/event-stream"), None);
        check(Some("image/png"), None);
    }
}
