//! Looking after history: merging and removing change what is on disk and no answer, DuckDB agrees after each, a kill at
//! any moment loses nothing, and a flipped byte is found.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::history::{QUESTIONS, check_agreement, duckdb, ours, project, send, stop};
use crate::program::Place;
use crate::server::Server;
use crate::tool;

fn seal(server: &Server) -> Value {
    server.run(&["storage", "seal", "-o", "json"]).exits(0).json()
}

fn stats(place: &Place) -> Value {
    place.run(&["storage", "stats", "-o", "json"]).exits(0).json()
}

/// Sends events in several rounds and seals each.
fn sealed_rounds(server: &Server, rounds: std::ops::Range<u64>, events: u64) {
    for round in rounds {
        send(server, round * events..(round + 1) * events);
        let sealed = seal(server);
        assert!(sealed["events"].as_u64().unwrap() > 0, "{sealed}");
    }
}

fn parquet_files(place: &Place) -> Vec<PathBuf> {
    let folder = place.dir().join("data/lake/events");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn merging_changes_files_and_no_answer() {
    let mut server = Server::start_in(project(), &[]);
    sealed_rounds(&server, 0..5, 60);
    send(&server, 300..320);
    let place = std::sync::Arc::clone(&server.place);
    let before = QUESTIONS.map(|sql| ours(&place, sql));
    let listed = place.run(&["storage", "segments", "-o", "json"]).exits(0).json();
    assert_eq!(listed["rows"].as_array().unwrap().len(), 5, "{listed}");
    let first = place.run(&["storage", "segments", "--limit", "2", "-o", "json"]).exits(0).json();
    assert_eq!(first["rows"].as_array().unwrap().len(), 2);
    let merged = place.run(&["storage", "compact", "-o", "json"]).exits(0).json();
    assert_eq!((&merged["files_before"], &merged["files_after"], &merged["rows"]), (&5.into(), &1.into(), &300.into()));
    assert_eq!(QUESTIONS.map(|sql| ours(&place, sql)), before);
    let now = stats(&place);
    assert_eq!((&now["events"], &now["files"], &now["unsealed_events"]), (&300.into(), &1.into(), &20.into()), "{now}");
    assert_eq!(now["ended_files"], 5, "what was merged stays for those who read it: {now}");
    stop(&mut server);
    assert_eq!(QUESTIONS.map(|sql| ours(&place, sql)), before, "without a server");
    let again = place.run(&["storage", "compact"]).exits(0);
    assert!(again.out.starts_with("2 files"), "{}", again.out);
    let found = place.run(&["storage", "verify", "-o", "json"]).exits(0).json();
    assert_eq!(
        (&found["sound"], &found["files"]),
        (&true.into(), &8.into()),
        "one, and seven that it replaced: {found}"
    );
    let server = server.again(&[]);
    assert_eq!(QUESTIONS.map(|sql| ours(&place, sql)), before, "after a restart");
    drop(server);
}

#[test]
fn replaced_files_go_after_their_grace() {
    let place = project();
    place.write("config.yaml", "storage:\n  replaced_grace: 10ms\n");
    let server = Server::start_in(place, &[]);
    sealed_rounds(&server, 0..3, 20);
    assert_eq!(parquet_files(&server.place).len(), 3);
    server.run(&["storage", "compact"]).exits(0);
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while parquet_files(&server.place).len() > 1 {
        assert!(std::time::Instant::now() < deadline, "{:?}", parquet_files(&server.place));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ours(&server.place, "SELECT count(*) FROM events"), [["60"]]);
    server.run(&["storage", "verify"]).exits(0);
}

#[test]
fn duckdb_agrees_after_every_change() {
    let Some(python) = tool::python_with_duckdb("duckdb_agrees_after_every_change") else { return };
    let place = project();
    place.write("config.yaml", "storage:\n  retention_by_type: [error=1s]\n");
    let mut server = Server::start_in(place, &[]);
    let catalog = server.place.dir().join("data/catalog.db");
    let agree = |server: &Server, when: &str| check_agreement(&python, &server.place, &catalog, when);
    sealed_rounds(&server, 0..2, 100);
    let sealed = stats(&server.place);
    let time = ours(&server.place, "SELECT CAST(max(ingested_at) AS VARCHAR) FROM events").remove(0).remove(0);
    agree(&server, "after two seals");
    // Paths that no event had before, and one whose type changes.
    server.place.write(
        "new.ndjson",
        "{\"type\":\"order\",\"source\":\"shop\",\"data\":{\"total\":19.5,\"page\":7,\"deep\":{\"new\":[1,2]}}}\n",
    );
    server.run(&["send", "-f", "new.ndjson"]).exits(0);
    seal(&server);
    sealed_rounds(&server, 2..4, 100);
    agree(&server, "after new paths");

    let counts = [
        "SELECT count(*), min(_offset), max(_offset) FROM events AT (VERSION => VERSION_NUMBER)",
        "SELECT count(*), min(timestamp), max(timestamp) FROM events",
        "SELECT count(*) FROM ducklake_snapshots('lake') WHERE snapshot_id > 2",
    ];
    let counts = counts.map(|sql| sql.replace("VERSION_NUMBER", &sealed["snapshot"].to_string()));
    let as_of = format!("SELECT count(*), min(_offset), max(_offset) FROM events AS OF '{time}'");
    let (then, theirs) = (ours(&server.place, &as_of), duckdb(&python, &catalog, &counts));
    assert_eq!(then, [["200", "0", "199"]]);
    assert_eq!(theirs[0], then);
    server.run(&["storage", "compact"]).exits(0);
    agree(&server, "after merging");
    assert_eq!(ours(&server.place, &as_of), then, "what was is not changed by merging");
    let merged = duckdb(&python, &catalog, &counts);
    assert_eq!(merged[..2], theirs[..2], "earlier snapshots can still be read");

    std::thread::sleep(Duration::from_millis(1_100));
    let errors = ours(&server.place, "SELECT count(*) FROM events WHERE type = 'error'");
    let removed = server.run(&["storage", "retention", "-o", "json"]).exits(0).json();
    assert_eq!(removed["events"].to_string(), errors[0][0], "{removed}");
    assert_eq!(ours(&server.place, "SELECT count(*) FROM events WHERE type = 'error'"), [["0"]]);
    agree(&server, "after removal");
    let sum = ["SELECT count(*), min(timestamp)::VARCHAR <> '', max(_offset) FROM events".to_owned()];
    let theirs = duckdb(&python, &catalog, &sum).remove(0).remove(0);
    assert_eq!(theirs[0], ours(&server.place, "SELECT count(*) FROM events")[0][0]);
    server.run(&["storage", "verify"]).exits(0);

    stop(&mut server);
    let mut server = server.again(&[]);
    sealed_rounds(&server, 4..5, 100);
    agree(&server, "after a restart and one more seal");
    stop(&mut server);
    let moved = project();
    fs::rename(server.place.dir().join("data"), moved.dir().join("data")).unwrap();
    let mut server = Server::start_in(moved, &[]);
    server.run(&["storage", "compact"]).exits(0);
    let catalog = server.place.dir().join("data/catalog.db");
    check_agreement(&python, &server.place, &catalog, "merged in another folder");
    stop(&mut server);
}

#[test]
fn history_is_kept_below_its_size() {
    let place = project();
    place.write("config.yaml", "storage:\n  retention_size: 30KiB\n");
    let server = Server::start_in(place, &[]);
    sealed_rounds(&server, 0..4, 200);
    let before = stats(&server.place);
    assert!(before["bytes"].as_u64().unwrap() > 30 << 10, "{before}");
    server.run(&["storage", "retention"]).exits(0);
    let after = stats(&server.place);
    assert!(after["bytes"].as_u64().unwrap() <= 30 << 10, "{after}");
    let left = ours(&server.place, "SELECT count(*), max(_offset) FROM events");
    assert_eq!((left[0][0].clone(), &*left[0][1]), (after["events"].to_string(), "799"), "the oldest went");
}

#[test]
fn a_kill_while_files_are_merged_loses_nothing() {
    let python = tool::python_with_duckdb("a_kill_while_files_are_merged_loses_nothing");
    let place = project();
    place.write("config.yaml", "storage:\n  replaced_grace: 20ms\n  seal_interval: 50ms\n");
    let mut server = Server::start_in(place, &[]);
    let mut sent = 0;
    for round in 0..6_u64 {
        for _ in 0..6 {
            send(&server, sent..sent + 150);
            sent += 150;
            seal(&server);
        }
        let place = std::sync::Arc::clone(&server.place);
        let compact = std::thread::Builder::new()
            .name("compact".to_owned())
            .spawn(move || place.run(&["storage", "compact"]))
            .unwrap();
        std::thread::sleep(Duration::from_millis(15 + round * 12));
        server.signal(Signal::KILL);
        server.wait();
        compact.join().unwrap();
        server.place.run(&["storage", "verify"]).exits(0);
        server = server.again(&[]);
        let rows = ours(&server.place, "SELECT count(*), count(DISTINCT _offset), max(_offset) FROM events");
        assert_eq!(rows, [[sent.to_string(), sent.to_string(), (sent - 1).to_string()]], "round {round}");
    }
    stop(&mut server);
    if let Some(python) = python {
        let catalog = server.place.dir().join("data/catalog.db");
        check_agreement(&python, &server.place, &catalog, "after kills");
    }
}

/// Changes one byte of a file, and returns what it was.
fn flip(path: &Path, at: usize) -> u8 {
    let mut bytes = fs::read(path).unwrap();
    let was = bytes[at];
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
    was
}

fn faults(place: &Place) -> Vec<Value> {
    let found = place.run(&["storage", "verify", "-o", "json"]).exits(10).json();
    assert_eq!(found["sound"], false);
    found["faults"].as_array().unwrap().clone()
}

#[test]
fn any_flipped_byte_is_found_and_what_it_affects() {
    let mut server = Server::start_in(project(), &[]);
    sealed_rounds(&server, 0..2, 100);
    stop(&mut server);
    let place = &server.place;
    place.run(&["storage", "verify"]).exits(0);
    let file = parquet_files(place).remove(1);
    let length = fs::metadata(&file).unwrap().len() as usize;
    for at in [0, 5, length / 3, length / 2, length - 9, length - 1] {
        flip(&file, at);
        let found = faults(place);
        assert_eq!(found.len(), 1, "byte {at}: {found:?}");
        assert_eq!(
            (&found[0]["part"], &found[0]["first_offset"], &found[0]["last_offset"]),
            (&"segment".into(), &100.into(), &199.into())
        );
        flip(&file, at);
    }
    fs::rename(&file, file.with_extension("away")).unwrap();
    assert!(faults(place)[0]["reason"].as_str().unwrap().contains("can not be read"));
    fs::rename(file.with_extension("away"), &file).unwrap();

    // Bounds in the catalog: the text of a time, wherever a row has it; the database keeps some that are no rows any more.
    let catalog = place.dir().join("data/catalog.db");
    let bytes = fs::read(&catalog).unwrap();
    let text = b"2026-09-21 ";
    let mut noticed = 0;
    for at in (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text)) {
        flip(&catalog, at + 3);
        let ended = place.run(&["storage", "verify", "-o", "json"]);
        if ended.code == 10 {
            noticed += 1;
            let found = ended.json();
            let faults = found["faults"].as_array().unwrap();
            assert!(faults.iter().all(|fault| fault["part"] == "catalog"), "{found}");
        }
        flip(&catalog, at + 3);
    }
    assert!(noticed >= 4, "each file has a first and a last time: {noticed}");
    place.run(&["storage", "verify"]).exits(0);
}

#[test]
fn a_flipped_byte_of_the_journal_is_found() {
    let place = project();
    place.write("config.yaml", "storage:\n  seal_interval: 1h\n");
    let mut server = Server::start_in(place, &[]);
    for round in 0..3 {
        send(&server, round * 50..(round + 1) * 50);
    }
    let journal = server.place.dir().join("data/journal/0");
    let mut files = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|name| name == "log")).unwrap();
    // While the server runs, the last group is missed, too: it was acknowledged.
    let bytes = fs::read(&file).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let put = |at: usize, byte: u8| {
        use std::os::unix::fs::FileExt;
        fs::OpenOptions::new().write(true).open(&file).unwrap().write_all_at(&[byte], at as u64).unwrap();
    };
    server.run(&["storage", "verify"]).exits(0);
    for at in [end, end / 2, 100] {
        put(at, bytes[at] ^ 0x10);
        let found = faults(&server.place);
        assert!(found.iter().all(|fault| fault["part"] == "journal"), "byte {at}: {found:?}");
        assert!(found.iter().any(|fault| fault["first_offset"].is_u64()), "byte {at}: {found:?}");
        put(at, bytes[at]);
    }
    server.signal(Signal::KILL);
    server.wait();
    server.place.run(&["storage", "verify"]).exits(0);
    flip(&file, 100);
    assert_eq!(faults(&server.place)[0]["part"], "journal");
}

#[test]
fn a_statement_is_answered_as_of_a_time_whatever_was_done_since() {
    let server = Server::start_in(project(), &[]);
    sealed_rounds(&server, 0..2, 40);
    let time = ours(&server.place, "SELECT CAST(max(ingested_at) AS VARCHAR) FROM events").remove(0).remove(0);
    std::thread::sleep(Duration::from_millis(5));
    sealed_rounds(&server, 2..3, 40);
    let asked = || {
        let sql = "SELECT count(*) FROM events e JOIN events f ON e._offset = f._offset";
        server.run(&["query", sql, "--as-of", &time, "-o", "csv", "--no-header"]).exits(0).out
    };
    assert_eq!(asked(), "80\n");
    server.run(&["storage", "compact"]).exits(0);
    assert_eq!(asked(), "80\n", "after merging");
    assert_eq!(ours(&server.place, "SELECT count(*) FROM events"), [["120"]]);
    server.run(&["query", "SELECT 1", "--as-of", "someday"]).exits(2);
}
