//! Chooses the form of an answer by Accept, and writes it.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use streamflow_engine::encode::{self, Header, RowForm};
use streamflow_engine::query::{Answer, AnswerStats};

use crate::api::query::QueryStats;
use crate::server::error::ApiError;

/// A form that an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One object with columns, rows and what they cost.
    Json,
    /// Bare rows.
    Rows(RowForm),
    /// Server-sent events: rows while they are found.
    Events,
}

/// All forms with their names, best first.
const FORMS: [(Form, &str); 6] = [
    (Form::Json, "application/json"),
    (Form::Rows(RowForm::Ndjson), "application/x-ndjson"),
    (Form::Rows(RowForm::Csv(Header::Names)), "text/csv"),
    (Form::Rows(RowForm::ArrowStream), "application/vnd.apache.arrow.stream"),
    (Form::Rows(RowForm::Parquet), "application/vnd.apache.parquet"),
    (Form::Events, "text/event-stream"),
];

impl Form {
    /// Returns the form that a client likes best; of equally liked ones the first it names.
    ///
    /// # Errors
    /// When it likes none.
    pub(super) fn accepted(headers: &HeaderMap) -> Result<Self, ApiError> {
        let ranges: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).collect();
        let accept = ranges.join(",");
        if accept.trim().is_empty() {
            return Ok(Self::Json);
        }
        let mut best: Option<(f32, Self)> = None;
        for (range, quality) in accept.split(',').map(quality) {
            if let Some(form) = Self::matching(&range)
                && quality > best.map_or(0.0, |(quality, _)| quality)
            {
                best = Some((quality, form));
            }
        }
        best.map(|(_, form)| form).ok_or_else(|| {
            ApiError::new("not_acceptable", format!("an answer can not be written as {accept:?}"))
                .details(serde_json::json!({ "available": FORMS.map(|(_, name)| name) }))
        })
    }

    fn matching(range: &str) -> Option<Self> {
        let whole_group = range.strip_suffix('*');
        FORMS.into_iter().find_map(|(form, name)| {
            let matches = match whole_group {
                Some("*/") => true,
                Some(group) => name.starts_with(group),
                None => name == range || (form == Self::Rows(RowForm::Ndjson) && range == "application/ndjson"),
            };
            matches.then_some(form)
        })
    }

    /// Returns the value of the Content-Type header.
    pub(super) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Rows(RowForm::Ndjson) => "application/x-ndjson",
            Self::Rows(RowForm::Csv(_)) => "text/csv; charset=utf-8; header=present",
            Self::Rows(RowForm::ArrowStream) => "application/vnd.apache.arrow.stream",
            Self::Rows(RowForm::Parquet) => "application/vnd.apache.parquet",
            Self::Events => "text/event-stream",
        })
    }
}

/// Returns the bare rows of an answer.
///
/// # Errors
/// When a column's type has no such form.
pub(super) fn rows(form: RowForm, answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let mut out = Vec::new();
    match form {
        RowForm::Ndjson => encode::ndjson(&answer.batches, &mut out),
        RowForm::Csv(header) => encode::csv(&answer.schema, &answer.batches, header, &mut out),
        RowForm::ArrowStream => {
            return encode::ipc_stream(&answer.schema, &answer.batches).map_err(|error| no_such_form(&error));
        }
        RowForm::Parquet => {
            return encode::parquet(&answer.schema, &answer.batches).map_err(|error| no_such_form(&error));
        }
    }
    Ok(out)
}

/// Returns what is said of rows that have no such form.
pub(super) fn no_such_form(error: &encode::EncodeError) -> ApiError {
    ApiError::new("query_failed", error.to_string()).hint("cast the column to text, or ask for JSON")
}

/// Returns a media range in lowercase without its parameters, and its quality.
fn quality(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality =
        parts.find_map(|part| part.strip_prefix("q=")).and_then(|quality| quality.parse().ok()).unwrap_or(1.0);
    (name, quality)
}

/// Returns what a statement cost as the API says it.
pub(super) fn stats(stats: &AnswerStats) -> QueryStats {
    QueryStats {
        rows: stats.rows as u64,
        rows_scanned: stats.rows_scanned,
        bytes_scanned: stats.bytes_scanned,
        elapsed_ms: stats.elapsed.as_secs_f64() * 1e3,
    }
}

/// Returns `{"columns": …, "rows": …, "truncated": …, "stats": …}`, the rows straight from their columns.
///
/// # Errors
/// Never in practice: text and numbers can be written.
pub(super) fn json(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let mut out = Vec::new();
    out.extend_from_slice(b"{\"columns\":");
    encode::columns_json(&answer.schema, &mut out);
    out.extend_from_slice(b",\"rows\":");
    encode::rows_json(&answer.batches, &mut out);
    out.extend_from_slice(if answer.truncated { b",\"truncated\":true" } else { b",\"truncated\":false" });
    if !answer.notes.is_empty() {
        out.extend_from_slice(b",\"notes\":");
        let written = serde_json::to_writer(&mut out, &answer.notes);
        written.map_err(|error| ApiError::internal("notes were not written", &error))?;
    }
    out.extend_from_slice(b",\"stats\":");
    let written = serde_json::to_writer(&mut out, &stats(&answer.stats));
    written.map_err(|error| ApiError::internal("stats were not written", &error))?;
    out.push(b'}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Form = Form::Rows(RowForm::Csv(Header::Names));

    #[test]
    fn client_gets_the_form_it_likes_best() {
        let check = |accept: &'static str, expected: Option<Form>| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Form::accepted(&headers).ok(), expected, "{accept:?}");
        };
        check("*/*", Some(Form::Json));
        check("", Some(Form::Json));
        check("application/json", Some(Form::Json));
        check("Text/CSV", Some(CSV));
        check("text/*", Some(CSV));
        check("text/html, application/xhtml+xml, */*;q=0.8", Some(Form::Json));
        check("application/json;q=0.5, text/csv", Some(CSV));
        check("application/x-ndjson", Some(Form::Rows(RowForm::Ndjson)));
        check("application/vnd.apache.arrow.stream", Some(Form::Rows(RowForm::ArrowStream)));
        check("application/vnd.apache.parquet", Some(Form::Rows(RowForm::Parquet)));
        check("text/event-stream", Some(Form::Events));
        check("image/png", None);
        check("application/json;q=0", None);
        assert_eq!(Form::accepted(&HeaderMap::new()).unwrap(), Form::Json);
    }
}
