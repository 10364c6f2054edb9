//! Sealed history: it answers as before, outlives the server, moves with its folder, and opens in DuckDB.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::Place;
use crate::server::Server;
use crate::tool;

/// Events that differ in every way that matters to a column: missing parts, types that do not agree, nested data.
fn events(range: std::ops::Range<u64>) -> String {
    let event = |n: u64| {
        let kind = ["web.click", "web.pageview", "error"][usize::try_from(n % 3).unwrap()];
        let mut event = json!({
            "type": kind,
            "source": "shop",
            "timestamp": 1_790_000_000_000_u64 + n * 250,
            "user_id": format!("u{}", n * 7 % 100),
            "data": {"page": format!("/p{}", n % 7), "ms": n, "ratio": n as f64 / 8.0, "deep": {"ok": n.is_multiple_of(2)}},
        });
        if n.is_multiple_of(5) {
            event["data"]["ms"] = json!(format!("{n} ms"));
        }
        if n.is_multiple_of(11) {
            event["tags"] = json!(["slow", "é"]);
            event["data"]["list"] = json!([n, {"k": null}]);
        }
        format!("{event}\n")
    };
    range.map(event).collect()
}

pub(crate) fn send(server: &Server, range: std::ops::Range<u64>) {
    server.place.write("events.ndjson", &events(range));
    let sent = server.run(&["send", "-f", "events.ndjson"]);
    assert_eq!(sent.code, 0, "{}", sent.err);
}

pub(crate) fn stop(server: &mut Server) {
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
}

/// A project, so that commands find its data without a server, too.
pub(crate) fn project() -> Place {
    let place = Place::new();
    place.write("config.yaml", "environment: test\n");
    place
}

/// Questions that both engines understand; the rows come as text.
pub(crate) const QUESTIONS: [&str; 8] = [
    "SELECT count(*), min(_offset), max(_offset), sum(_offset) FROM events",
    "SELECT type, count(*), count(DISTINCT user_id) FROM events GROUP BY type ORDER BY type",
    "SELECT CAST(data.page AS VARCHAR) AS page, count(*) FROM events GROUP BY 1 ORDER BY 1",
    "SELECT user_id, count(*) FROM events WHERE user_id > 'u5' GROUP BY 1 ORDER BY 1",
    "SELECT CAST(data.ms AS VARCHAR) AS ms FROM events ORDER BY _offset LIMIT 50",
    "SELECT CAST(data.deep.ok AS VARCHAR) AS ok, count(*) FROM events GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM events WHERE timestamp >= TIMESTAMPTZ '2026-09-21T14:15:00Z'",
    "SELECT _offset FROM events WHERE cardinality(tags) > 0 ORDER BY 1",
];

pub(crate) fn ours(place: &Place, sql: &str) -> Vec<Vec<String>> {
    let answer = place.run(&["query", sql, "-o", "json"]);
    assert_eq!(answer.code, 0, "{sql}: {}", answer.err);
    let answer: Value = serde_json::from_str(&answer.out).unwrap();
    rows(&answer["rows"])
}

pub(crate) fn rows(rows: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cells = |row: &Value| match row {
        Value::Array(cells) => cells.iter().map(text).collect(),
        Value::Object(cells) => cells.values().map(text).collect(),
        other => panic!("{other} is no row"),
    };
    rows.as_array().unwrap().iter().map(cells).collect()
}

/// Asks DuckDB, which attaches the catalog read-only.
pub(crate) fn duckdb(python: &Path, catalog: &Path, questions: &[String]) -> Vec<Vec<Vec<String>>> {
    const SCRIPT: &str = r#"
import glob, json, os, sys, duckdb
db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for package in ("duckdb_extension_ducklake", "duckdb_extension_sqlite_scanner"):
    folder = next(os.path.join(path, package) for path in sys.path if os.path.isdir(os.path.join(path, package)))
    db.execute(f"LOAD '{glob.glob(folder + '/extensions/*/*.duckdb_extension')[0]}'")
db.execute(f"ATTACH 'ducklake:sqlite:{sys.argv[1]}' AS lake (READ_ONLY)")
db.execute("USE lake; SET TimeZone = 'UTC'")
print(json.dumps([[[cell for cell in row] for row in db.execute(sql).fetchall()] for sql in sys.argv[2:]], default=str))
"#;
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).arg(catalog).args(questions);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    answers.as_array().unwrap().iter().map(rows).collect()
}

pub(crate) fn check_agreement(python: &Path, place: &Place, catalog: &Path, when: &str) {
    // DuckDB spells the length of a list otherwise.
    let questions = QUESTIONS.map(|sql| sql.replace("cardinality(", "len("));
    for (sql, theirs) in QUESTIONS.iter().zip(duckdb(python, catalog, &questions)) {
        assert_eq!(ours(place, sql), theirs, "{when}: {sql}");
    }
}

#[test]
fn history_outlives_the_server_and_its_journal() {
    let mut server = Server::start_in(project(), &[]);
    send(&server, 0..500);
    let id = server.run(&["send", "order.paid", "--id", "order-1", "-d", "total=7"]);
    assert_eq!(id.code, 0, "{}", id.err);
    let asked = |place: &Place| QUESTIONS.map(|sql| ours(place, sql));
    let before = asked(&server.place);
    stop(&mut server);
    let journal = server.place.dir().join("data/journal/0");
    assert_eq!(std::fs::read_dir(&journal).unwrap().count(), 0, "a clean stop leaves nothing unsealed");
    assert_eq!(asked(&server.place), before, "without a server");
    let server = server.again(&[]);
    assert_eq!(asked(&server.place), before, "after a restart");
    let found = server.run(&["events", "get", "order-1", "-o", "json"]);
    assert!(found.out.contains("\"total\""), "{}", found.out);
    let again = server.run(&["send", "order.paid", "--id", "order-1", "-d", "total=7"]);
    assert!(again.err.contains("0:500"), "the id is known after a restart: {}", again.err);
    assert_eq!(asked(&server.place), before, "nothing was stored twice");
    send(&server, 500..600);
    assert_eq!(ours(&server.place, "SELECT count(*) FROM events"), [["601"]], "files and tail in one answer");
}

#[test]
fn duckdb_opens_history_and_agrees() {
    let Some(python) = tool::python_with_duckdb("duckdb_opens_history_and_agrees") else { return };
    let mut server = Server::start_in(project(), &[]);
    send(&server, 0..400);
    stop(&mut server);
    let catalog = server.place.dir().join("data/catalog.db");
    check_agreement(&python, &server.place, &catalog, "after a seal");
    let at = duckdb(&python, &catalog, &["SELECT count(*) FROM events AT (VERSION => 2)".to_owned()]);
    assert_eq!(at[0], [["0"]], "before the seal there was nothing");

    let mut server = server.again(&[]);
    send(&server, 400..1_000);
    stop(&mut server);
    check_agreement(&python, &server.place, &catalog, "after two seals and a restart");
    let at = duckdb(&python, &catalog, &["SELECT count(*) FROM events AT (VERSION => 3)".to_owned()]);
    assert_eq!(at[0], [["400"]], "the first seal is still there to be read");

    let moved = project();
    std::fs::rename(server.place.dir().join("data"), moved.dir().join("data")).unwrap();
    let mut server = Server::start_in(moved, &[]);
    stop(&mut server);
    let catalog = server.place.dir().join("data/catalog.db");
    check_agreement(&python, &server.place, &catalog, "in another folder");
}

#[test]
fn a_journal_that_holds_more_than_memory_may_is_sealed_while_it_is_read() {
    let place = project();
    place.write("config.yaml", "environment: test\nstorage:\n  seal_interval: 1h\nanalytics:\n  max_memory: 1GB\n");
    let mut server = Server::start_in(place, &[]);
    let sent = server.run(&["send", "--generate", "60000", "--profile", "web", "--seed", "3", "--quiet"]);
    assert_eq!(sent.code, 0, "{}", sent.err);
    let question = "SELECT type, count(*), sum(_offset) FROM events GROUP BY type ORDER BY type";
    let before = ours(&server.place, question);
    let sealed = |server: &Server| server.run(&["storage", "stats", "-o", "json"]).json()["events"].as_u64().unwrap();
    assert_eq!(sealed(&server), 0, "there was no reason to seal");
    server.signal(Signal::KILL);
    server.wait();
    server
        .place
        .write("config.yaml", "environment: test\nstorage:\n  seal_interval: 1h\nanalytics:\n  max_memory: 20MB\n");
    let mut server = server.again(&[]);
    assert!(sealed(&server) > 10_000, "{}", sealed(&server));
    assert_eq!(ours(&server.place, question), before);
    // What was sealed on the way is not read again.
    server.signal(Signal::KILL);
    server.wait();
    let server = server.again(&[]);
    assert_eq!(ours(&server.place, question), before);
    server.run(&["storage", "verify"]).exits(0);
}
