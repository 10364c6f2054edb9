//! Lists events and rejected events, newest first, one page at a time.
//!
//! Pages go by offset, which never changes: what comes in between two pages is on neither.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use streamflow_core::time::parse_moment;
use streamflow_engine::encode;
use streamflow_engine::query::{Answer, Query};

use crate::api::Page;
use crate::api::analytics::{EventsParams, RejectedParams};
use crate::api::error::ErrorBody;
use crate::api::state::RejectedEvent;
use crate::server::analytics::rows;
use crate::server::analytics::scope::{named_time, time_zone};
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, number};
use crate::server::{answer, filters, query};

/// Rows of a page when nobody says how many.
const PAGE_ROWS_DEFAULT: u64 = 50;
/// The most rows of a page: a longer list is a query.
const PAGE_ROWS_MAX: u64 = 1_000;

/// List events, the last stored first.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "analytics", params(EventsParams),
    responses(
        (status = 200, description = "One page", body = Page<Object>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn list_events(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<EventsParams>,
) -> Result<Response, ApiError> {
    let limit = number("limit", parameters.limit.as_deref(), PAGE_ROWS_DEFAULT, 1..=PAGE_ROWS_MAX)?;
    let condition = events_condition(&parameters)?;
    let sql = format!("SELECT * FROM events WHERE {condition} ORDER BY _offset DESC LIMIT {}", limit + 1);
    let rows = query::run(&app, Query { sql, ..Query::default() }).await?;
    let mut response = Response::new(Body::from(events_page(&rows, limit)));
    response.headers_mut().insert(CONTENT_TYPE, answer::JSON);
    Ok(response)
}

fn events_condition(parameters: &EventsParams) -> Result<String, ApiError> {
    let zone = time_zone(parameters.tz.as_deref())?;
    let now = Timestamp::now();
    let mut conditions = vec![before(parameters.cursor.as_deref())?];
    for (name, text, operator) in [("since", &parameters.since, ">="), ("until", &parameters.until, "<")] {
        if let Some(text) = text {
            let moment = parse_moment(text, now, &zone).map_err(|error| named_time(name, text, error))?;
            conditions.push(format!("\"timestamp\" {operator} TIMESTAMP '{moment}'"));
        }
    }
    if let Some(filter) = filters::condition(parameters.filter.as_deref().unwrap_or_default())? {
        // The line break ends a comment in the filter, which would otherwise swallow what follows.
        conditions.push(format!("({filter}\n)"));
    }
    Ok(conditions.join(" AND "))
}

/// Returns the condition that a page's rows come after the page before.
fn before(cursor: Option<&str>) -> Result<String, ApiError> {
    let Some(text) = cursor else { return Ok("true".to_owned()) };
    let offset: u64 = text.parse().map_err(|_| {
        ApiError::parameter("cursor", text, "not a cursor").hint("pass the next_cursor of the page before")
    })?;
    Ok(format!("_offset < {offset}"))
}

/// Writes the page by hand: events are JSON already.
fn events_page(rows: &Answer, limit: u64) -> Vec<u8> {
    let mut page = b"{\"success\":true,\"data\":[".to_vec();
    let all = rows.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    let mut last = None;
    let mut more = false;
    for (nth, (batch, row)) in (0..).zip(all) {
        if nth == limit {
            more = true;
            break;
        }
        if nth > 0 {
            page.push(b',');
        }
        encode::event_json(batch, row, &mut page);
        last = offset_of(batch, row);
    }
    page.push(b']');
    if let (true, Some(offset)) = (more, last) {
        page.extend_from_slice(format!(",\"next_cursor\":\"{offset}\"").as_bytes());
    }
    page.push(b'}');
    page
}

fn offset_of(batch: &arrow::array::RecordBatch, row: usize) -> Option<i64> {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    Some(batch.column_by_name("_offset")?.as_primitive_opt::<Int64Type>()?.value(row))
}

/// List rejected events, the last received first.
#[utoipa::path(
    get, path = "/api/v1/rejected", tag = "analytics", params(RejectedParams),
    responses(
        (status = 200, description = "One page", body = Page<RejectedEvent>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn list_rejected(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<RejectedParams>,
) -> Result<Response, ApiError> {
    let limit = number("limit", parameters.limit.as_deref(), PAGE_ROWS_DEFAULT, 1..=PAGE_ROWS_MAX)?;
    let mut conditions = vec![before(parameters.cursor.as_deref())?];
    let mut params = Vec::new();
    if let Some(code) = parameters.code {
        conditions.push("code = $code".to_owned());
        params.push(("code".to_owned(), code.into()));
    }
    let sql = format!(
        "SELECT _offset AS \"offset\", received_at, code, message, raw FROM rejected_events WHERE {} ORDER BY _offset DESC \
         LIMIT {}",
        conditions.join(" AND "),
        limit + 1
    );
    let mut data: Vec<RejectedEvent> = rows::read(&app, Query { sql, params, ..Query::default() }).await?;
    let more = data.len() as u64 > limit;
    data.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = data.last().filter(|_| more).map(|event| event.offset.to_string());
    Ok(answer::json(&Page { success: true, data, next_cursor }))
}
