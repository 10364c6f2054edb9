//! Groups by texts that come again and again, which are numbers on their way.

use super::*;

/// More rows than numbering pays from, a part of them in memory.
const SEALED: usize = 4;
const CHUNKS: usize = SEALED + 1;
const CHUNK_ROWS: usize = 9_000;

fn many() -> Snapshot {
    let event = |number: usize| {
        let kinds = ["web.click", "web.view", "a.type.with.a.longer.name"];
        let pages = ["/", "/a-page-whose-name-is-longer-than-a-view", "/b", "", "/another-page-with-a-long-name"];
        let mut event = json!({
            "timestamp": format!("2026-11-{:02}T10:00:00Z", 1 + number % 20),
            "type": kinds[number % 3],
            "source": format!("source of a row {number}"),
            "data": {"page": pages[number * 7 % 5], "n": number % 11, "ms": number % 97},
        });
        if number.is_multiple_of(13) {
            event["data"] = json!({"n": 1});
        }
        event["user_id"] = if number.is_multiple_of(5) { json!(null) } else { json!(format!("user_{}", number % 300)) };
        event
    };
    let rows: Vec<Vec<_>> =
        (0..CHUNKS).map(|chunk| (0..CHUNK_ROWS).map(|row| event(chunk * CHUNK_ROWS + row)).collect()).collect();
    snapshot_of(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Whether the plan groups by numbers.
const NUMBERED: bool = true;
const PLAIN: bool = false;

#[test]
fn answers_are_those_of_grouping_by_the_texts() {
    let engine = engine();
    let all_in_memory = many();
    let sealed = [sealed(&all_in_memory, CHUNKS), sealed(&all_in_memory, SEALED)];
    let questions = [
        ("SELECT data.page AS p, count(*) AS n, avg(data.ms) AS a FROM events GROUP BY 1 ORDER BY 1", NUMBERED),
        ("SELECT type, data.page AS p, user_id, count(*) AS n FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3", NUMBERED),
        ("SELECT type FROM events GROUP BY type HAVING count(*) > 1 ORDER BY type DESC LIMIT 2", NUMBERED),
        (
            "SELECT user_id, count(*) AS n FROM events WHERE data.ms > 90 GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
            NUMBERED,
        ),
        ("SELECT data.page AS p, max(type) AS t, count(*) AS n FROM events GROUP BY 1 ORDER BY 1", NUMBERED),
        ("SELECT DISTINCT type FROM events ORDER BY type", NUMBERED),
        ("SELECT count(DISTINCT data.page) AS n FROM events", NUMBERED),
        (
            "SELECT p, max(n) AS n FROM (SELECT data.page AS p, type, count(*) AS n FROM events GROUP BY 1, 2) GROUP BY p ORDER BY p",
            NUMBERED,
        ),
        ("SELECT type, count(*) FILTER (WHERE type = 'web.view') AS n FROM events GROUP BY type ORDER BY type", PLAIN),
        ("SELECT data.page AS p, min(data.page) AS q FROM events GROUP BY 1 ORDER BY 1", PLAIN),
        ("SELECT source, count(*) AS n FROM events GROUP BY 1 ORDER BY 1 LIMIT 3", PLAIN),
        ("SELECT data.n AS n, count(*) AS c FROM events GROUP BY 1 ORDER BY 1", PLAIN),
        (
            "SELECT a.type, a.n + b.n AS n FROM (SELECT type, count(*) AS n FROM events GROUP BY type) a JOIN (SELECT type, count(*) AS n FROM events GROUP BY type) b ON a.type = b.type ORDER BY 1",
            PLAIN,
        ),
        (
            "SELECT type, data.page AS p, count(*) AS n FROM events GROUP BY ROLLUP (type, data.page) ORDER BY 1, 2, 3",
            PLAIN,
        ),
    ];
    for (sql, numbered) in questions {
        let answer = |snapshot: &Snapshot, sql: &str| {
            let query = Query { sql: sql.to_owned(), ..Query::default() };
            ask(&engine, snapshot, query).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        };
        let expected = shown(&answer(&all_in_memory, sql));
        assert!(expected.lines().count() > 0 && expected.contains(';'), "{sql}: {expected}");
        for snapshot in &sealed {
            let explained = answer(snapshot, &format!("EXPLAIN FORMAT INDENT {sql}"));
            let plan = arrow::util::pretty::pretty_format_batches(&explained.batches).unwrap().to_string();
            assert_eq!(plan.contains("numbered=["), numbered, "{sql}\n{plan}");
            assert_eq!(shown(&answer(snapshot, sql)), expected, "{sql}\n{plan}");
        }
        let explained = answer(&all_in_memory, &format!("EXPLAIN FORMAT INDENT {sql}"));
        let plan = arrow::util::pretty::pretty_format_batches(&explained.batches).unwrap().to_string();
        assert!(!plan.contains("numbered=["), "{sql}\n{plan}");
    }
}
