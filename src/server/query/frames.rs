//! Answers SQL as server-sent events: columns first, rows while they are found, what it cost last.

use std::convert::Infallible;
use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use streamflow_engine::encode;
use streamflow_engine::query::{Flow, Query};

use super::form::{Form, stats};
use crate::api::query::QueryFrame;
use crate::server::app::App;
use crate::server::error::ApiError;

/// Rows of one frame: a client holds a frame in memory, however large its rows are.
const ROWS_MAX: usize = 32;

/// Runs a statement and answers with its frames. What is wrong with the statement itself is an error answer; what fails later
/// is the last frame.
///
/// # Errors
/// When the statement is wrong, writes, or too many run.
pub(super) async fn answer(app: Arc<App>, query: Query) -> Result<Response, ApiError> {
    let flow = app.engine.stream(query).await?;
    let first = columns(&flow)?;
    let answer = Answer { app, flow, next: Next::Head(first) };
    let frames = stream::unfold(answer, async |mut answer| Some((Ok::<_, Infallible>(answer.next().await?), answer)));
    let mut response = Response::new(Body::from_stream(frames));
    response.headers_mut().insert(CONTENT_TYPE, Form::Events.content_type());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// An answer under way.
struct Answer {
    app: Arc<App>,
    flow: Flow,
    next: Next,
}

enum Next {
    Head(Bytes),
    Rows,
    Nothing,
}

impl Answer {
    /// Returns the next frames as one piece, or nothing after the last.
    async fn next(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.next, Next::Rows) {
            Next::Head(head) => return Some(head),
            Next::Rows => {}
            Next::Nothing => {
                self.next = Next::Nothing;
                return None;
            }
        }
        let piece = match self.flow.next().await {
            Some(Ok(batch)) => {
                self.app.metrics.query_rows.inc_by(batch.num_rows() as u64);
                let written = tokio::task::spawn_blocking(move || rows(&batch)).await;
                written.map_err(|error| ApiError::internal("an answer was not written", &error))
            }
            Some(Err(error)) => Err(ApiError::from(error)),
            None => {
                self.next = Next::Nothing;
                self.end()
            }
        };
        Some(piece.unwrap_or_else(|error| {
            self.next = Next::Nothing;
            self.app.metrics.error(error.code());
            // An error can always be written: it is text and numbers.
            frame("error", &QueryFrame::Error { error: error.body("").error }).unwrap_or_default()
        }))
    }

    fn end(&self) -> Result<Bytes, ApiError> {
        let Some(ended) = self.flow.ended() else {
            return Err(ApiError::internal("an answer was not finished", &"the query thread ended early"));
        };
        self.app.metrics.query_seconds.inc_by(ended.stats.elapsed.as_secs_f64());
        frame("end", &QueryFrame::End { truncated: ended.truncated, stats: stats(&ended.stats) })
    }
}

fn columns(flow: &Flow) -> Result<Bytes, ApiError> {
    let mut json = b"{\"type\":\"columns\",\"columns\":".to_vec();
    encode::columns_json(flow.schema(), &mut json);
    if !flow.notes.is_empty() {
        json.extend_from_slice(b",\"notes\":");
        let written = serde_json::to_writer(&mut json, &flow.notes);
        written.map_err(|error| ApiError::internal("notes were not written", &error))?;
    }
    json.push(b'}');
    let mut out = Vec::with_capacity(json.len() + 32);
    append(&mut out, "columns", |out| out.extend_from_slice(&json));
    Ok(out.into())
}

/// Writes the rows of a batch straight from its columns.
fn rows(batch: &RecordBatch) -> Bytes {
    let mut out = Vec::new();
    for start in (0..batch.num_rows()).step_by(ROWS_MAX) {
        let some = batch.slice(start, ROWS_MAX.min(batch.num_rows() - start));
        append(&mut out, "rows", |out| {
            out.extend_from_slice(b"{\"type\":\"rows\",\"rows\":");
            encode::rows_json(std::slice::from_ref(&some), out);
            out.push(b'}');
        });
    }
    out.into()
}

fn frame(kind: &str, frame: &QueryFrame) -> Result<Bytes, ApiError> {
    let json = serde_json::to_vec(frame).map_err(|error| ApiError::internal("a frame was not written", &error))?;
    let mut out = Vec::with_capacity(json.len() + 32);
    append(&mut out, kind, |out| out.extend_from_slice(&json));
    Ok(out.into())
}

/// Appends an event whose data is JSON: it has no line breaks outside strings, and inside them they are escaped.
fn append(out: &mut Vec<u8>, kind: &str, json: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    json(out);
    out.extend_from_slice(b"\n\n");
}
