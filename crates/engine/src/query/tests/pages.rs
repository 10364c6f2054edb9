//! Of a group of a file only those pages are read that may have rows that pass.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::build::segment_of;
use super::*;

/// Three pages and a piece of a fourth, a row a second.
const ROWS: usize = 50_000;
/// Rows of a page.
const PAGE: u64 = 16_384;

/// One group. `user_id` is null but in the last page, `data.rising` rises, `data.odd` is there in the second page alone.
fn group() -> Snapshot {
    let event = |row: usize| {
        let time = jiff::Timestamp::from_second(1_790_000_000 + row as i64).unwrap();
        let mut data = json!({"rising": row, "page": format!("/{}", row % 3)});
        if (20_000..30_000).contains(&row) {
            data["odd"] = json!(format!("odd {row}"));
        }
        let user = if row >= 49_990 { json!(format!("user {row}")) } else { Value::Null };
        json!({"timestamp": time.to_string(), "type": if row < 40_000 { "a" } else { "b" }, "source": "s", "user_id": user, "data": data})
    };
    let events: Vec<Value> = (0..ROWS).map(event).collect();
    let mut snapshot = snapshot_of(&[&events]);
    snapshot.segments = vec![Arc::new(segment_of(std::slice::from_ref(&snapshot.chunks[0].batch), ROWS))];
    snapshot.chunks.clear();
    snapshot
}

#[track_caller]
fn check(sql: &str, expected: &str, rows_read: u64) {
    static STATE: LazyLock<(QueryEngine, Snapshot)> = LazyLock::new(|| (engine(), group()));
    let answer = ask(&STATE.0, &STATE.1, Query { sql: sql.to_owned(), ..Query::default() });
    let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    assert_eq!((shown(&answer).as_str(), answer.stats.rows_scanned), (expected, rows_read), "{sql}");
}

#[test]
fn pages_that_can_not_pass_are_not_read() {
    let rest = ROWS as u64 - 3 * PAGE;
    check("SELECT count(data.page) AS n FROM events", "n;50000", ROWS as u64);
    check("SELECT count(*) AS n FROM events WHERE timestamp < to_timestamp(1790000100)", "n;100", PAGE);
    check(
        "SELECT count(*) AS n FROM events WHERE timestamp >= to_timestamp(1790016380) AND timestamp < to_timestamp(1790016390)",
        "n;10",
        2 * PAGE,
    );
    check("SELECT data.page AS p FROM events WHERE data.rising = 20001", "p;/0", PAGE);
    check("SELECT count(*) AS n FROM events WHERE data.rising IN (5, 49999)", "n;2", PAGE + rest);
    check("SELECT count(*) AS n FROM events WHERE type = 'b'", "n;10000", PAGE + rest);
    check("SELECT count(*) AS n FROM events WHERE user_id IS NOT NULL", "n;10", rest);
    check("SELECT count(*) AS n FROM events WHERE user_id IS NULL", "n;49990", ROWS as u64);
    check("SELECT count(*) AS n FROM events WHERE user_id = 'user 49995'", "n;1", rest);
    check("SELECT count(*) AS n FROM events WHERE data.odd = 'odd 25000'", "n;1", PAGE);
    check("SELECT count(*) AS n FROM events WHERE data.odd IS NOT NULL", "n;10000", PAGE);
    check("SELECT count(*) AS n FROM events WHERE data.odd IS NULL", "n;40000", ROWS as u64);
    check("SELECT count(*) AS n FROM events WHERE data.rising < 10 AND user_id = 'user 49995'", "n;0", 0);
    // Two conditions that leave pages of their own each.
    check(
        "SELECT count(*) AS n FROM events WHERE data.rising > 16000 AND type = 'a' AND data.rising < 17000",
        "n;999",
        2 * PAGE,
    );
}

#[test]
fn the_newest_and_the_oldest_rows_are_found_in_their_page() {
    let rest = ROWS as u64 - 3 * PAGE;
    check("SELECT data.rising AS r FROM events ORDER BY timestamp DESC LIMIT 2", "r;49999;49998", rest);
    check("SELECT data.rising AS r FROM events ORDER BY timestamp LIMIT 2", "r;0;1", PAGE);
    check("SELECT data.rising AS r FROM events WHERE type = 'a' ORDER BY timestamp DESC LIMIT 1", "r;39999", PAGE);
    // More than a page has.
    check(
        "SELECT count(*) AS n FROM (SELECT type FROM events ORDER BY timestamp DESC LIMIT 20000) WHERE type = 'b'",
        "n;10000",
        ROWS as u64 - PAGE,
    );
}
