//! Reads the body of a query: the statement, its parameters, the limits it wants.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::error::Category;
use streamflow_core::time::parse_moment;
use streamflow_engine::query::Query;

use crate::api::query::QueryRequest;
use crate::server::error::ApiError;

/// Returns the statement to run.
///
/// # Errors
/// When the body is not JSON, or a field of it is unknown or has a wrong value.
pub(super) fn parse(bytes: &[u8]) -> Result<Query, ApiError> {
    let request: QueryRequest = serde_json::from_slice(bytes).map_err(|error| not_a_request(&error))?;
    Ok(Query {
        sql: request.sql,
        params: params(request.params)?,
        timeout: request.timeout.as_ref().map(timeout).transpose()?,
        as_of: request.as_of.as_deref().map(as_of).transpose()?,
        max_rows: request.max_rows.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX)),
    })
}

/// Reads a time; one without a zone is UTC.
fn as_of(text: &str) -> Result<i64, ApiError> {
    let time = parse_moment(text, Timestamp::now(), &TimeZone::UTC);
    time.map(Timestamp::as_microsecond).map_err(|error| {
        let hint = error.hint.clone();
        ApiError::parameter("as_of", text, &error.to_string()).hint(hint)
    })
}

/// serde's own words end in a place that the details carry.
fn not_a_request(error: &serde_json::Error) -> ApiError {
    let whole = error.to_string();
    let message = whole.split(" at line ").next().unwrap_or_default().to_owned();
    let code = match error.classify() {
        Category::Data => "invalid_parameter",
        Category::Io | Category::Syntax | Category::Eof => "invalid_json",
    };
    let (line, column) = (error.line(), error.column());
    ApiError::new(code, format!("{message} (line {line}, column {column})"))
        .hint("send {\"sql\": \"SELECT …\"}")
        .details(serde_json::json!({ "line": line, "column": column }))
}

fn params(params: Option<Value>) -> Result<Vec<(String, Value)>, ApiError> {
    match params {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(named)) => Ok(named.into_iter().collect()),
        Some(Value::Array(numbered)) => {
            Ok(numbered.into_iter().enumerate().map(|(index, value)| ((index + 1).to_string(), value)).collect())
        }
        Some(other) => Err(ApiError::parameter("params", &other.to_string(), "an object of names, or an array")),
    }
}

/// Reads `"5s"`, `"500ms"`, `"2m"` or a number of seconds.
fn timeout(value: &Value) -> Result<Duration, ApiError> {
    let seconds = match value {
        Value::Number(seconds) => seconds.as_f64(),
        Value::String(text) => seconds(text),
        _ => None,
    };
    seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(
        || ApiError::parameter("timeout", &value.to_string(), "a number of seconds, or \"5s\", \"500ms\", \"2m\""),
    )
}

fn seconds(text: &str) -> Option<f64> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let factor = match &text[unit..] {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        _ => return None,
    };
    text[..unit].trim().parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn request_becomes_a_query() {
        let query = parse(br#"{"sql":"SELECT 1","params":["a",2],"timeout":"500ms","max_rows":10}"#).unwrap();
        assert_eq!(query.params, [("1".to_owned(), json!("a")), ("2".to_owned(), json!(2))]);
        assert_eq!((query.timeout, query.max_rows), (Some(Duration::from_millis(500)), Some(10)));
        assert_eq!(parse(br#"{"sql":"x","timeout":2}"#).unwrap().timeout, Some(Duration::from_secs(2)));
        let then = parse(br#"{"sql":"x","as_of":"2026-11-23T10:00:00Z"}"#).unwrap();
        assert_eq!(then.as_of, Some(1_795_428_000_000_000));
        let named = parse(br#"{"sql":"x","params":{"kind":"error"}}"#).unwrap();
        assert_eq!(named.params, [("kind".to_owned(), json!("error"))]);
    }

    #[test]
    fn wrong_request_says_what_is_wrong() {
        let check =
            |body: &str, expected: &str| assert_eq!(parse(body.as_bytes()).unwrap_err().code(), expected, "{body}");
        check("SELECT 1", "invalid_json");
        check("{\"sql\":", "invalid_json");
        check("{}", "invalid_parameter");
        check(r#"{"sql":"x","parms":{}}"#, "invalid_parameter");
        check(r#"{"sql":"x","params":1}"#, "invalid_parameter");
        check(r#"{"sql":"x","timeout":"soon"}"#, "invalid_parameter");
        check(r#"{"sql":"x","timeout":-1}"#, "invalid_parameter");
        check(r#"{"sql":"x","timeout":1e300}"#, "invalid_parameter");
        check(r#"{"sql":"x","as_of":"soon"}"#, "invalid_parameter");
    }
}
