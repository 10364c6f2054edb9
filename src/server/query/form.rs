//! Chooses the form of an answer by Accept, and writes it.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use streamflow_engine::encode::{self, Header, RowForm};
use streamflow_engine::query::Answer;

use crate::api::query::QueryStats;
use crate::server::error::ApiError;

/// A form that rows can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Ndjson,
    Csv,
    ArrowStream,
    Parquet,
}

/// All forms with their names, best first.
const FORMS: [(Form, &str); 5] = [
    (Form::Json, "application/json"),
    (Form::Ndjson, "application/x-ndjson"),
    (Form::Csv, "text/csv"),
    (Form::ArrowStream, "application/vnd.apache.arrow.stream"),
    (Form::Parquet, "application/vnd.apache.parquet"),
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
                None => name == range || (form == Self::Ndjson && range == "application/ndjson"),
            };
            matches.then_some(form)
        })
    }

    /// Returns the value of the Content-Type header.
    pub(super) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::ArrowStream => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        })
    }

    /// Returns a writer of rows that come batch by batch; JSON has none, for it tells at its start what is known at the end.
    pub(super) const fn row_form(self) -> Option<RowForm> {
        match self {
            Self::Json => None,
            Self::Ndjson => Some(RowForm::Ndjson),
            Self::Csv => Some(RowForm::Csv(Header::Names)),
            Self::ArrowStream => Some(RowForm::ArrowStream),
            Self::Parquet => Some(RowForm::Parquet),
        }
    }

    /// Returns the answer's bytes.
    ///
    /// # Errors
    /// When a column's type has no such form.
    pub(super) fn write(self, answer: &Answer) -> Result<Vec<u8>, ApiError> {
        let mut out = Vec::new();
        match self {
            Self::Json => json(answer, &mut out)?,
            Self::Ndjson => encode::ndjson(&answer.batches, &mut out),
            Self::Csv => encode::csv(&answer.schema, &answer.batches, Header::Names, &mut out),
            Self::ArrowStream => {
                return encode::ipc_stream(&answer.schema, &answer.batches).map_err(|error| no_such_form(&error));
            }
            Self::Parquet => {
                return encode::parquet(&answer.schema, &answer.batches).map_err(|error| no_such_form(&error));
            }
        }
        Ok(out)
    }
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

/// Writes `{"columns": …, "rows": …, "truncated": …, "stats": …}`, the rows straight from their columns.
fn json(answer: &Answer, out: &mut Vec<u8>) -> Result<(), ApiError> {
    let stats = QueryStats {
        rows: answer.stats.rows as u64,
        rows_scanned: answer.stats.rows_scanned,
        bytes_scanned: answer.stats.bytes_scanned,
        elapsed_ms: answer.stats.elapsed.as_secs_f64() * 1e3,
    };
    out.extend_from_slice(b"{\"columns\":");
    encode::columns_json(&answer.schema, out);
    out.extend_from_slice(b",\"rows\":");
    encode::rows_json(&answer.batches, out);
    out.extend_from_slice(if answer.truncated { b",\"truncated\":true" } else { b",\"truncated\":false" });
    if !answer.notes.is_empty() {
        out.extend_from_slice(b",\"notes\":");
        let written = serde_json::to_writer(&mut *out, &answer.notes);
        written.map_err(|error| ApiError::internal("notes were not written", &error))?;
    }
    out.extend_from_slice(b",\"stats\":");
    serde_json::to_writer(&mut *out, &stats).map_err(|error| ApiError::internal("stats were not written", &error))?;
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        check("Text/CSV", Some(Form::Csv));
        check("text/*", Some(Form::Csv));
        check("text/html, application/xhtml+xml, */*;q=0.8", Some(Form::Json));
        check("application/json;q=0.5, text/csv", Some(Form::Csv));
        check("application/x-ndjson", Some(Form::Ndjson));
        check("application/vnd.apache.arrow.stream", Some(Form::ArrowStream));
        check("application/vnd.apache.parquet", Some(Form::Parquet));
        check("image/png", None);
        check("application/json;q=0", None);
        assert_eq!(Form::accepted(&HeaderMap::new()).unwrap(), Form::Json);
    }
}
