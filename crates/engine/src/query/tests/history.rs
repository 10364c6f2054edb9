//! Sealed history answers as the tail does, and reads no more than a question needs.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::build::{chunk_of, segment_of};
use super::*;

/// Two thousand events, one a second, in groups of 256 rows.
fn history() -> Snapshot {
    let events: Vec<Value> = (0..2_000)
        .map(|row| {
            let time = jiff::Timestamp::from_second(1_790_000_000 + row).unwrap();
            let mut data = json!({"page": format!("/p{}", row % 5), "ms": row, "deep": {"x": row as f64 / 4.0}});
            if row == 1_234 {
                data["ms"] = json!("late");
                data["odd"] = json!([{"k": row}]);
            }
            json!({"timestamp": time.to_string(), "type": if row < 1_000 { "a" } else { "b" }, "source": "s",
                   "severity": "low", "user_id": format!("u{row:04}"), "data": data})
        })
        .collect();
    let mut snapshot = snapshot_of(&[&events]);
    snapshot.segments = vec![Arc::new(segment_of(std::slice::from_ref(&snapshot.chunks[0].batch), 256))];
    snapshot.chunks.clear();
    snapshot
}

fn ask_history(sql: &str) -> Answer {
    static STATE: LazyLock<(QueryEngine, Snapshot)> = LazyLock::new(|| (engine(), history()));
    ask(&STATE.0, &STATE.1, Query { sql: sql.to_owned(), ..Query::default() })
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

#[track_caller]
fn check(sql: &str, expected: &str) {
    assert_eq!(shown(&ask_history(sql)), expected, "{sql}");
}

fn plan(sql: &str) -> String {
    let answer = ask_history(&format!("EXPLAIN FORMAT INDENT {sql}"));
    let text = arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap().to_string();
    text.split("physical_plan").nth(1).unwrap_or_default().to_owned()
}

#[test]
fn history_answers() {
    check("SELECT count(*) AS n FROM events", "n;2000");
    check("SELECT max(timestamp) - min(timestamp) = INTERVAL '1999 seconds' AS ok FROM events", "ok;true");
    check("SELECT data.page, count(*) AS n FROM events GROUP BY 1 ORDER BY 1 LIMIT 2", "data.page,n;/p0,400;/p1,400");
    check("SELECT type FROM events WHERE user_id = 'u1500'", "type;b");
    check("SELECT count(*) AS n FROM events WHERE tags IS NOT NULL AND correlation_id IS NULL", "n;2000");
    check("SELECT metadata FROM events WHERE user_id = 'u1500'", "metadata;{}");
    check("SELECT data.deep.x AS x FROM events WHERE user_id = 'u0007'", "x;1.75");
    check("SELECT json_get_int(data, 'odd', 0, 'k') AS k FROM events WHERE data.odd IS NOT NULL", "k;1234");
    check("SELECT data.ms AS ms FROM events WHERE user_id = 'u1234'", "ms;late");
    check("SELECT data.ms AS ms FROM events ORDER BY timestamp DESC LIMIT 2", "ms;1999;1998");
    check("SELECT count(*) AS n FROM events WHERE json_get_float(data, 'ms') >= 1990", "n;10");
    check(
        "SELECT user_id FROM events WHERE data.page = '/p3' AND type = 'b' ORDER BY timestamp LIMIT 1",
        "user_id;u1003",
    );
}

#[test]
fn groups_that_can_not_pass_are_left_out() {
    for (condition, groups) in [
        ("type = 'a'", 4),
        ("user_id = 'u0100'", 1),
        ("timestamp >= '2026-09-21T14:20:00Z' AND timestamp < '2026-09-21T14:21:00Z'", 1),
        ("data.deep.x < 10", 1),
        ("data.page = '/nowhere'", 0),
        ("data.page IN ('/zz', '/p3') AND type = 'b'", 5),
        ("severity = 'low'", 8),
    ] {
        let plan = plan(&format!("SELECT source FROM events WHERE {condition}"));
        assert!(plan.contains(&format!("groups={groups},")), "{condition}\n{plan}");
    }
}

#[test]
fn conditions_are_checked_by_the_scan() {
    let plan = plan("SELECT source FROM events WHERE data.page = '/p1' AND type = 'a'");
    assert!(!plan.contains("FilterExec"), "{plan}");
    assert!(plan.contains("columns=[source]"), "{plan}");
    assert!(plan.contains("over [type, data.page:Utf8View]"), "{plan}");
}

#[test]
fn a_filter_knows_ids_that_bounds_do_not_rule_out() {
    // Between u0000 and u0255, yet no value.
    let plan = plan("SELECT source FROM events WHERE user_id = 'u0100x'");
    assert!(plan.contains("groups=0,"), "{plan}");
}

#[test]
fn the_bytes_read_are_those_of_the_leaves_needed() {
    let all = ask_history("SELECT * FROM events").stats.bytes_scanned;
    let page = ask_history("SELECT data.page FROM events").stats.bytes_scanned;
    assert!(page > 0 && page * 10 < all, "{page} of {all}");
    assert_eq!(ask_history("SELECT count(*) FROM events").stats.bytes_scanned, 0);
}

/// Any JSON that `data` can hold.
fn object() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        Just(Value::from(1e300)),
        "[^\u{0}]{0,20}".prop_map(Value::from),
    ];
    let value = scalar.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[ab.]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::hash_map("[a-c.]{0,2}", value, 0..5).prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn data_comes_back_as_it_came_in(rows in proptest::collection::vec((object(), object()), 1..8)) {
        static ENGINE: LazyLock<QueryEngine> = LazyLock::new(engine);
        let events: Vec<Value> = rows.iter().map(|(data, metadata)| json!({"data": data, "metadata": metadata})).collect();
        let chunk = chunk_of(0, &events);
        let snapshot = Snapshot { segments: vec![Arc::new(segment_of(&[chunk.batch], 4))], ..Snapshot::default() };
        let answer = ask(&ENGINE, &snapshot, Query { sql: "SELECT data, metadata FROM events ORDER BY _offset".to_owned(), ..Query::default() }).unwrap();
        let mut read = Vec::new();
        for batch in &answer.batches {
            for row in 0..batch.num_rows() {
                let json = |column: usize| {
                    let column = arrow::array::AsArray::as_string_view(batch.column(column));
                    serde_json::from_str::<Value>(column.value(row)).unwrap()
                };
                read.push((json(0), json(1)));
            }
        }
        prop_assert_eq!(read.len(), rows.len());
        for (read, written) in read.iter().zip(&rows) {
            prop_assert!(same(&read.0, &written.0), "{} {}", read.0, written.0);
            prop_assert!(same(&read.1, &written.1), "{} {}", read.1, written.1);
        }
    }
}

/// Returns whether two values are the same JSON; a number is what it counts, however spelled.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

#[test]
fn a_table_as_of_a_time_has_what_had_arrived_by_then() {
    // The events of the sample arrive when they happen, at 10:00, 10:30, 11:00 and 12:00.
    super::check("SELECT count(*) AS n FROM events AS OF '2026-11-23T10:30:00Z'", "n;2");
    super::check("SELECT count(*) AS n FROM events AS OF '2026-11-23T10:29:59Z' e WHERE e.data.n = 1", "n;1");
    super::check(
        "SELECT now.n, then.n AS m FROM (SELECT count(*) AS n FROM events) now, (SELECT count(*) AS n FROM events TIMESTAMP AS OF '2026-11-23T11:00:00Z') then",
        "n,m;4,3",
    );
    super::check("SELECT events.type FROM events AS OF '2026-11-23T10:00:00Z'", "type;web.click");
    super::check("SELECT count(*) AS n FROM rejected_events AS OF '2026-11-23T10:00:00Z'", "n;0");
    let refused = |sql: &str| ask_sql(sql).unwrap_err().code;
    assert_eq!(refused("WITH x AS (SELECT 1) SELECT * FROM x AS OF '2026-11-23T10:00:00Z'"), "sql_invalid");
    assert_eq!(refused("SELECT * FROM events VERSION AS OF 3"), "sql_invalid");
}

#[test]
fn a_flood_of_keys_is_kept_and_found() {
    let events: Vec<Value> =
        (0..1_500).map(|row| json!({"data": {"page": "/", format!("key{row}"): {"at": row}}})).collect();
    let chunk = chunk_of(0, &events);
    let snapshot = Snapshot { segments: vec![Arc::new(segment_of(&[chunk.batch], 4_096))], ..Snapshot::default() };
    let ask = |sql: &str| {
        let query = Query { sql: sql.to_owned(), ..Query::default() };
        shown(&ask(&engine(), &snapshot, query).unwrap())
    };
    assert_eq!(ask("SELECT count(*) AS n FROM events WHERE data.page = '/'"), "n;1500");
    for row in [3, 511, 512, 700, 1_499] {
        let sql = format!("SELECT data, json_get_int(data, 'key{row}', 'at') AS k FROM events WHERE _offset = {row}");
        let json = format!(r#"{{""page"":""/"",""key{row}"":{{""at"":{row}}}}}"#);
        assert_eq!(ask(&sql), format!("data,k;\"{json}\",{row}"));
    }
}

#[test]
fn the_newest_events_are_found_without_reading_the_others() {
    let answer = ask_history("SELECT timestamp, type FROM events ORDER BY timestamp DESC LIMIT 5");
    assert_eq!((answer.stats.rows, answer.stats.rows_scanned), (5, 208), "the last group has 208 rows");
    let answer = ask_history("SELECT timestamp, type FROM events WHERE type = 'b' ORDER BY timestamp LIMIT 5");
    assert_eq!((answer.stats.rows, answer.stats.rows_scanned), (5, 256), "one group");
}

#[test]
fn a_whole_statement_is_answered_as_of_a_time() {
    let then = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
    let check = |sql: &str, time: &str, expected: &str| {
        let query = Query { sql: sql.to_owned(), as_of: then(time), ..Query::default() };
        assert_eq!(shown(&ask(&engine(), &super::sample(), query).unwrap()), expected, "{sql} as of {time}");
    };
    check("SELECT count(*) AS n FROM events", "2026-11-23T10:30:00Z", "n;2");
    check("SELECT count(*) AS n FROM events_stream e WHERE e.data.n = 1", "2026-11-23T10:00:00Z", "n;1");
    check("SELECT count(*) AS n FROM events a JOIN events b ON a._offset = b._offset", "2026-11-23T10:30:00Z", "n;2");
    check(
        "SELECT (SELECT count(*) FROM events AS OF '2026-11-23T10:00:00Z') AS a, (SELECT count(*) FROM events) AS b",
        "2026-11-23T11:00:00Z",
        "a,b;1,3",
    );
    check("WITH events AS (SELECT 7 AS n) SELECT n FROM events", "2026-11-23T10:00:00Z", "n;7");
    check("WITH x AS (SELECT * FROM events) SELECT count(*) AS n FROM x", "2026-11-23T10:59:00Z", "n;2");
}
