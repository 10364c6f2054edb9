//! What holds for every statement, whatever it asks for.

use std::time::Instant;

use super::*;

#[test]
#[expect(clippy::disallowed_methods, reason = "the machine's time is what a timeout is about")]
fn a_statement_that_runs_for_ever_is_stopped() {
    for sql in [
        "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE (a.value + b.value) % 7 = 8",
        "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b",
        "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b ON a.value % 2 = b.value % 2 WHERE a.value + b.value < 0",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n FROM t) SELECT n FROM t WHERE n = 2",
        "SELECT sum(value) FROM generate_series(1, 10000000000)",
        "SELECT value FROM generate_series(1, 10000000000) WHERE value < 0",
    ] {
        let engine = engine();
        let start = Instant::now();
        let query = Query { sql: sql.to_owned(), timeout: short(300), ..Query::default() };
        assert_eq!(ask(&engine, &sample(), query).expect_err(sql).code, "query_timeout", "{sql}");
        // Its place is free again: it really ended.
        while engine.slots.available_permits() < super::super::QUERIES_MAX {
            assert!(start.elapsed() < Duration::from_secs(5), "still running: {sql}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn more_rows_than_asked_for_are_cut_off_and_said() {
    for (max_rows, rows, truncated) in [(Some(3), 3, true), (Some(4), 4, false), (Some(0), 0, true), (None, 4, false)] {
        let query = Query { sql: "SELECT type FROM events ORDER BY ts".to_owned(), max_rows, ..Query::default() };
        let answer = ask(&engine(), &sample(), query).unwrap();
        assert_eq!((answer.stats.rows, answer.truncated), (rows, truncated), "{max_rows:?}");
        assert_eq!(answer.batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), rows);
    }
}

#[test]
fn memory_has_a_limit() {
    let limits = QueryLimits { memory_bytes: 1 << 20, ..super::patient() };
    let engine = QueryEngine::new(limits).unwrap();
    let sql = "SELECT value, count(*) FROM generate_series(1, 1000000) GROUP BY value ORDER BY value".to_owned();
    let error = ask(&engine, &sample(), Query { sql, ..Query::default() }).unwrap_err();
    assert_eq!(error.code, "query_memory", "{error:?}");
}

#[test]
fn an_answer_has_a_largest_size() {
    let sql = "SELECT repeat('x', 100000) || value AS x FROM generate_series(1, 10000)".to_owned();
    let engine = QueryEngine::new(super::patient()).unwrap();
    let error = ask(&engine, &sample(), Query { sql, ..Query::default() }).unwrap_err();
    assert_eq!(error.code, "result_too_large", "{error:?}");
}

#[test]
fn functions_make_no_more_than_a_query_may_have() {
    for sql in [
        "SELECT length(repeat('x', 2000000000))",
        "SELECT length(repeat('xxxxxxxx', _offset + 100000000)) FROM events",
        "SELECT length(lpad('x', 2000000000, 'y'))",
        "SELECT cardinality(range(0, 10000000000))",
        "SELECT cardinality(range(10000000000))",
        "SELECT cardinality(array_repeat(1, 1000000000))",
        "SELECT cardinality(generate_series(timestamp '2020-01-01', timestamp '2026-01-01', interval '1 millisecond'))",
    ] {
        let error = ask_sql(sql).expect_err(sql);
        assert_eq!(error.code, "query_memory", "{sql}: {error:?}");
    }
    check(
        "SELECT cardinality(range(0, 10)) AS a, length(repeat('ab', 3)) AS b, cardinality(generate_series(timestamp '2026-01-01', timestamp '2026-02-01', interval '1 day')) AS c",
        "a,b,c;10,6,32",
    );
}

#[test]
fn too_many_statements_at_once_are_refused() {
    let engine = engine();
    let _all = engine.slots.try_acquire_many(u32::try_from(super::super::QUERIES_MAX).unwrap()).unwrap();
    let error = ask(&engine, &sample(), Query { sql: "SELECT 1".to_owned(), ..Query::default() }).unwrap_err();
    assert_eq!(error.code, "query_busy");
}
