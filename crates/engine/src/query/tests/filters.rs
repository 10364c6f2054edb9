//! What filters let through.

use serde_json::json;

use super::build::chunk_of;
use super::*;

fn passing(expression: &str) -> Result<Vec<i64>, QueryError> {
    let sample = sample();
    // Compiled before anything was seen: paths that appear later must work.
    let filter = engine().filter(&Snapshot::default(), expression)?;
    let mut offsets = Vec::new();
    for chunk in &sample.chunks {
        let batch = filter.apply(chunk)?;
        assert_eq!(batch.num_columns(), chunk.batch.num_columns());
        let column = batch.column_by_name("_offset").unwrap();
        offsets.extend_from_slice(arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(column).values());
    }
    Ok(offsets)
}

#[track_caller]
fn check(expression: &str, expected: &[i64]) {
    assert_eq!(passing(expression).expect(expression), expected, "{expression}");
}

#[test]
fn a_filter_is_a_condition_in_sql() {
    check("type = 'web.click'", &[0, 1]);
    check("true", &[0, 1, 2, 3]);
    check("data.page = '/a'", &[0, 2]);
    check("data.n > 1", &[1, 2]);
    check("data.n > 1 AND data.n < 2.4", &[1]);
    check("data.n IN (1, 2.5)", &[0, 2]);
    check("data.ok", &[0]);
    check("NOT data.ok OR level = 'error'", &[1, 2]);
    check("data.ok = false", &[1]);
    check("data.mixed = 5 OR data.mixed = 'five'", &[0, 1]);
    check("data->>'page' LIKE '/b%'", &[1]);
    check("ts >= '2026-11-23T11:00:00Z' AND events.severity <> 'critical'", &[2]);
    check("user_agent = 'curl'", &[0]);
    check("data.never IS NULL AND metadata.host = 'h1'", &[2]);
    check("array_has(tags, 'x')", &[1]);
    check("user_id IS NULL", &[3]);
    check("upper(data.page) = '/A' AND timestamp < NOW() + INTERVAL '100 years'", &[0, 2]);
}

#[test]
fn a_path_that_comes_later_is_found() {
    let filter = engine().filter(&Snapshot::default(), "data.late >= 10").unwrap();
    let chunk =
        chunk_of(0, &[json!({"data": {"late": 9}}), json!({"data": {"late": 10.5}}), json!({"data": {"late": "11"}})]);
    assert_eq!(filter.apply(&chunk).unwrap().num_rows(), 1);
}

#[test]
fn what_is_no_condition_is_an_error() {
    for expression in [
        "",
        "type",
        "1",
        "type =",
        "sevrity = 'x'",
        "count(*) > 1",
        "level = 'nope'",
        "true; DROP TABLE events",
        "type = 'a' AS x",
        "_offset IN (SELECT 1)",
        "type = $1",
        "nope(type)",
        "row_number() OVER () = 1",
    ] {
        let error = passing(expression).expect_err(expression);
        assert_eq!(error.code, "invalid_filter", "{expression}: {error:?}");
    }
    let error = passing("sevrity = 'x'").unwrap_err();
    assert!(error.hint.is_some_and(|hint| hint.contains("severity")));
}
