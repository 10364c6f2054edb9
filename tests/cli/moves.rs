//! Events out to files and in from files: export and import, driven as a user drives them.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use crate::program::{Ended, Place};
use crate::server::Server;

fn count(server: &Server, condition: &str) -> u64 {
    let sql = format!("SELECT count(*) AS n FROM events WHERE {condition}");
    server.run(&["query", &sql, "-o", "json"]).exits(0).json()["rows"][0]["n"].as_u64().unwrap()
}

/// Questions whose answers two projects with the same events share.
const QUESTIONS: [&str; 4] = [
    "SELECT type, severity, count(*) AS n, min(timestamp) AS first, max(timestamp) AS last FROM events GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT data.page, count(*) AS n, sum(data.latency_ms) AS ms FROM events GROUP BY 1 ORDER BY 1",
    "SELECT user_id, session_id, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT data, metadata, tags, id, device_type FROM events ORDER BY timestamp, user_id, data LIMIT 50",
];

fn answers(server: &Server) -> Vec<String> {
    QUESTIONS.iter().map(|sql| server.run(&["query", sql, "-o", "ndjson"]).exits(0).out).collect()
}

#[test]
fn what_is_exported_and_imported_answers_the_same() {
    let server = Server::start();
    server.run(&["send", "--generate", "3000", "--seed", "5", "--over", "24h", "--with-ids"]).exits(0);
    let odd = ["send", "odd.one", "-d", "text=a,\"b\"\nc", "-d", "list:=[1,{\"x\":null}]", "-d", "n:=1.10"];
    server.run(&[&odd[..], &["--tag", "a", "--tag", "b;c"]].concat()).exits(0);
    let expected = answers(&server);
    for name in ["all.ndjson", "all.csv", "all.parquet", "all.ndjson.gz", "all.csv.zst"] {
        server.run(&["export", name]).exits(0).says("3001 rows written to ");
        let other = Server::start();
        let path = server.place.dir().join(name);
        let moved = other.run(&["import", path.to_str().unwrap(), "-o", "json"]).exits(0).json();
        assert_eq!((moved["rows"].as_u64(), moved["accepted"].as_u64()), (Some(3_001), Some(3_001)), "{name}");
        assert_eq!(answers(&other), expected, "{name}");
    }
    let sent = Server::start();
    let path = server.place.dir().join("all.ndjson");
    sent.run(&["send", "-f", path.to_str().unwrap()]).exits(0);
    assert_eq!(answers(&sent), expected, "sent");
}

#[test]
fn export_takes_what_was_asked_for() {
    let server = Server::start();
    for (event_type, time) in
        [("a", "2026-01-01T00:00:00Z"), ("a", "2026-01-03T00:00:00Z"), ("b", "2026-01-03T00:00:00Z")]
    {
        server.run(&["send", event_type, "-d", "n=5", "--timestamp", time]).exits(0);
    }
    let check = |args: &[&str], lines: usize| {
        let ended = server.run(&[&["export", "-"], args].concat()).exits(0);
        assert_eq!(ended.out.lines().count(), lines, "{args:?}: {}", ended.out);
        ended
    };
    check(&[], 3);
    check(&["--filter", "type=a"], 2);
    check(&["--filter", "data.n > 5"], 0);
    check(&["--filter", "type = 'a' -- and so on"], 2);
    check(&["--since", "2026-01-02"], 2);
    check(&["--until", "2026-01-02"], 1).says("from the first event to 2026-01-02T00:00:00Z");
    check(&["--limit", "1"], 1).says("--limit");
    let csv = check(&["--sql", "SELECT type, data.n FROM events WHERE type = $t;", "--param", "t=b", "-o", "csv"], 2);
    assert_eq!(csv.out, "type,data.n\nb,5\n");
    assert_eq!(check(&["--sql", "SELECT 1 AS x WHERE false", "-o", "csv"], 1).out, "x\n");
}

#[test]
fn export_is_not_cut_where_an_answer_is() {
    let place = Place::new();
    place.write("config.yaml", "query:\n  max_rows: 10\n  rows_cap: 20\n");
    let server = Server::start_in(place, &[]);
    server.run(&["send", "--generate", "5000"]).exits(0);
    server.run(&["export", "all.ndjson"]).exits(0).says("5000 rows written");
    let text = std::fs::read_to_string(server.place.dir().join("all.ndjson")).unwrap();
    assert_eq!(text.lines().count(), 5_000);
}

#[test]
fn a_file_that_is_there_stays_unless_told_otherwise() {
    let server = Server::start();
    server.run(&["send", "a"]).exits(0);
    server.place.write("out.csv", "precious");
    let kept = || std::fs::read_to_string(server.place.dir().join("out.csv")).unwrap();
    server.run(&["export", "out.csv"]).exits(2).says("out.csv exists already").says("--force");
    assert_eq!(kept(), "precious");
    server.run(&["export", "out.csv", "--force", "--sql", "SELECT oops FROM events"]).exits(2).says("<sql>:1:8");
    let fails_late = "SELECT CAST(type AS INT) FROM events";
    server.run(&["export", "out.csv", "--force", "--sql", fails_late]).exits(2);
    assert_eq!(kept(), "precious");
    server.run(&["export", "out.csv", "--force"]).exits(0);
    assert!(kept().starts_with("timestamp,type,"), "{}", kept());
    server.run(&["export", "out"]).exits(2).says("end its name in");
    server.run(&["export", "out.csv", "-o", "parquet", "--force"]).exits(2).says("another form");
    server.run(&["export", "streamflow-data", "-o", "csv", "--force"]).exits(2).says("no file that could be replaced");
    server.run(&["export", "nowhere/out.csv"]).exits(2).says("no such file");
    let left: Vec<String> = std::fs::read_dir(server.place.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part") || name == "out")
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_reader_who_leaves_ends_the_export_in_peace() {
    let server = Server::start();
    server.run(&["send", "--generate", "20000"]).exits(0);
    let mut child =
        server.place.command(&["export", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
    drop(child.stdout.take());
    let ended = Ended::of(&child.wait_with_output().unwrap()).exits(0);
    assert!(!ended.err.contains("error"), "{}", ended.err);
}

#[test]
fn export_reads_the_project_without_a_server() {
    let mut server = Server::start();
    server.run(&["send", "--generate", "100"]).exits(0);
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    server.place.run(&["export", "all.parquet"]).exits(0).says("100 rows written");
    server.place.run(&["import", "all.parquet"]).exits(3).says("streamflow start");
    let dry = server.place.run(&["import", "all.parquet", "--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!((dry["dry_run"].as_bool(), dry["accepted"].as_u64()), (Some(true), Some(100)));
}

#[test]
fn columns_of_others_go_where_they_are_mapped() {
    let server = Server::start();
    let table =
        "time,status,path,geo.city,secret,user_id\n2026-01-02T03:04:05Z,200,/a,Oslo,x,7\n1767323045,404,/b,,y,\n";
    server.place.write("access.csv", table);
    let import = ["import", "access.csv", "--map", "time=timestamp", "--map", "path=data.page", "--map", "secret="];
    server.run(&[&import[..], &["--type", "web.request", "--source", "nginx"]].concat()).exits(0);
    let sql = "SELECT timestamp, type, source, user_id, data FROM events ORDER BY data.status";
    let rows = server.run(&["query", sql, "-o", "ndjson"]).exits(0).out;
    let expected = [
        r#"{"timestamp":"2026-01-02T03:04:05Z","type":"web.request","source":"nginx","user_id":"7","data":{"status":200,"page":"/a","geo":{"city":"Oslo"}}}"#,
        r#"{"timestamp":"2026-01-02T03:04:05Z","type":"web.request","source":"nginx","user_id":null,"data":{"status":404,"page":"/b"}}"#,
    ];
    assert_eq!(rows, format!("{}\n{}\n", expected[0], expected[1]));
    server.run(&["import", "access.csv", "--map", "time=timestmap"]).exits(2).says("did you mean \"timestamp\"");
    server.run(&["import", "nowhere.csv"]).exits(2).says("cannot open nowhere.csv");
}

#[test]
fn structs_and_times_of_parquet_become_objects_and_times() {
    let server = Server::start();
    server.run(&["send", "a"]).exits(0);
    let sql = "SELECT 'x' AS type, TIMESTAMP '2026-01-02T03:04:05' AS ts, named_struct('b', 1, 'c', [1, 2]) AS nested, \
               arrow_cast(7, 'Int64') AS user_id, CAST(NULL AS INT) AS gone FROM events";
    server.run(&["export", "odd.parquet", "--sql", sql]).exits(0);
    server.run(&["import", "odd.parquet"]).exits(0);
    let sql = "SELECT timestamp, source, user_id, data FROM events WHERE type = 'x'";
    let expected =
        r#"{"timestamp":"2026-01-02T03:04:05Z","source":"import","user_id":"7","data":{"nested":{"b":1,"c":[1,2]}}}"#;
    assert_eq!(server.run(&["query", sql, "-o", "ndjson"]).exits(0).out, format!("{expected}\n"));
}

#[test]
fn rows_that_are_no_events_are_named_and_the_others_kept() {
    let server = Server::start();
    let good = "{\"type\":\"t\"}\n";
    server.place.write(
        "mixed.ndjson",
        &format!("{}nope\n{{\"severity\":\"huge\",\"type\":\"t\"}}\n{good}", good.repeat(6_000)),
    );
    for dry in [true, false] {
        let flags: &[&str] = if dry { &["--dry-run"] } else { &[] };
        let ended = server.run(&[&["import", "mixed.ndjson", "-o", "json"], flags].concat()).exits(1);
        let said = ended.json();
        assert_eq!((said["rows"].as_u64(), said["accepted"].as_u64()), (Some(6_003), Some(6_001)), "{said}");
        assert_eq!((said["unreadable"].as_u64(), said["rejected"].as_u64()), (Some(1), Some(1)), "{said}");
        ended.says("mixed.ndjson:6001: column 1: unexpected 'n'").says("mixed.ndjson:6002: ");
        assert_eq!(count(&server, "true"), if dry { 0 } else { 6_001 });
    }
}

#[test]
fn the_same_import_again_stores_nothing_twice() {
    let place = Place::new();
    place.write("config.yaml", "query:\n  max_rows: 10\n");
    let mut server = Server::start_in(place, &[]);
    let rows: String = (0..12_000).map(|n| format!("{{\"type\":\"t\",\"n\":{n}}}\n")).collect();
    server.place.write("rows.ndjson", &rows);
    let first = server.run(&["import", "rows.ndjson", "-o", "json"]).exits(0).json();
    assert_eq!((first["accepted"].as_u64(), first["replayed"].as_u64()), (Some(12_000), Some(0)));
    std::fs::rename(server.place.dir().join("rows.ndjson"), server.place.dir().join("moved.ndjson")).unwrap();
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    let place = Place::new();
    let data = server.place.dir();
    let server = Server::start_in(place, &["--project", data.to_str().unwrap()]);
    let path = data.join("moved.ndjson");
    let path = path.to_str().unwrap();
    let url = server.url("gateway");
    let again = server.run(&["import", path, "-o", "json", "--server", url]).exits(0).says("by an earlier run").json();
    assert_eq!((again["accepted"].as_u64(), again["replayed"].as_u64()), (Some(12_000), Some(12_000)));
    let named = server.run(&["import", path, "--key", "second", "-o", "json", "--server", url]).exits(0).json();
    assert_eq!(named["replayed"], 0);
    let rows = server.run(&["query", "SELECT count(*) AS n FROM events", "-o", "csv", "--server", url]).exits(0);
    assert_eq!(rows.out, "n\n24000\n");
}

#[test]
fn an_interrupted_import_is_run_again_and_each_row_is_there_once() {
    let server = Server::start();
    let rows: String = (0..60_000).map(|n| format!("{{\"type\":\"t\",\"n\":{n}}}\n")).collect();
    server.place.write("rows.ndjson", &rows);
    // The rows come through a pipe that stays open, so that the call is under way for certain when it is interrupted.
    let mut command = server.place.command(&["import", "-", "-o", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&rows.as_bytes()[..rows.len() / 2]).unwrap();
    while count(&server, "true") == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = Ended::of(&child.wait_with_output().unwrap()).exits(130).says("run it again");
    drop(pipe);
    let before = count(&server, "true");
    assert!(ended.json()["accepted"].as_u64().unwrap() <= before && before < 60_000, "{before}");
    let again = server.run(&["import", "rows.ndjson", "-o", "json"]).exits(0).json();
    // A request that was under way when the call ended may have been stored after the count.
    assert!(again["replayed"].as_u64().unwrap() >= before, "{before} {again}");
    assert_eq!(count(&server, "true"), 60_000);
    let sql = "SELECT count(DISTINCT data.n) AS n FROM events";
    assert_eq!(server.run(&["query", sql, "-o", "csv"]).exits(0).out, "n\n60000\n");
}
