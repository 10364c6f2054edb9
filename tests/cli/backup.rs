//! Backups: whole under load, incremental, restored to a time or an offset, and never from damaged bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::history::{QUESTIONS, check_agreement, ours, project, send, stop};
use crate::program::Place;
use crate::server::Server;
use crate::tool;

fn started(settings: &str) -> Server {
    let place = project();
    place.write("config.yaml", &format!("storage:\n  backup_location: backups\n  backup_interval: 0s\n{settings}"));
    Server::start_in(place, &[])
}

fn create(place: &Place) -> Value {
    place.run(&["backup", "create", "-o", "json"]).exits(0).json()
}

/// Restores into a project of its own, so that it can be asked.
fn restored(place: &Place, words: &[&str]) -> Place {
    let target = project();
    let folder = target.dir().join("data").display().to_string();
    let args: Vec<&str> = ["backup", "restore", &folder].into_iter().chain(words.iter().copied()).collect();
    place.run(&args).exits(0);
    target
}

fn count(place: &Place) -> String {
    ours(place, "SELECT count(*) FROM events").remove(0).remove(0)
}

#[test]
fn a_backup_is_restored_whole_and_as_of_a_moment() {
    let mut server = started("");
    let place = Arc::clone(&server.place);
    send(&server, 0..120);
    server.run(&["storage", "seal"]).exits(0);
    server.place.write("bad.ndjson", "{\"type\":\"t\"}\n");
    server.run(&["send", "-f", "bad.ndjson"]).exits(1);
    let first = create(&place);
    assert_eq!(first["next_offset"], 120, "{first}");
    let time = ours(&place, "SELECT CAST(max(ingested_at) AS VARCHAR) FROM events").remove(0).remove(0);
    std::thread::sleep(Duration::from_millis(20));
    send(&server, 120..200);
    let second = create(&place);
    assert_eq!(second["next_offset"], 200, "{second}");
    let (copied, files) = (second["copied_files"].as_u64().unwrap(), second["files"].as_u64().unwrap());
    assert!(copied < files, "what the first has is not copied again: {second}");
    let listed = place.run(&["backup", "list", "-o", "json"]).exits(0).json();
    assert_eq!(listed["rows"].as_array().unwrap().len(), 2, "{listed}");
    place.run(&["backup", "verify"]).exits(0);

    let whole = restored(&place, &[]);
    let answers = |place: &Place| QUESTIONS.map(|sql| ours(place, sql));
    assert_eq!(answers(&whole), answers(&place));
    assert_eq!(ours(&whole, "SELECT count(*) FROM rejected_events"), [["1"]]);
    whole.run(&["storage", "verify"]).exits(0);
    assert_eq!(count(&restored(&place, &["--backup", first["id"].as_str().unwrap()])), "120");
    assert_eq!(count(&restored(&place, &["--to", &format!("{time}Z").replace("ZZ", "Z").replace(' ', "T")])), "120");
    let cut = restored(&place, &["--offset", "150"]);
    assert_eq!(ours(&cut, "SELECT count(*), max(_offset) FROM events"), [["150", "149"]]);
    // Whoever writes on does not give an offset twice.
    let mut again = Server::start_in(cut, &[]);
    send(&again, 0..1);
    assert_eq!(ours(&again.place, "SELECT max(_offset) FROM events"), [["200"]]);
    stop(&mut again);
    if let Some(python) = tool::python_with_duckdb("a_backup_is_restored_whole_and_as_of_a_moment") {
        check_agreement(&python, &again.place, &again.place.dir().join("data/catalog.db"), "restored");
    }

    let data = place.dir().join("data").display().to_string();
    place.run(&["backup", "restore", &data]).exits(2).says("is there already");
    place.run(&["backup", "restore", "new", "--backup", "none"]).exits(5).says("there is no backup none");
    place.run(&["backup", "restore", "new", "--offset", "201"]).exits(5).says("was made before that");
    assert!(!place.dir().join("new").exists());
    stop(&mut server);
    let offline = create(&place);
    assert_eq!(offline["next_offset"], 200, "without a server");
}

#[test]
fn a_backup_under_load_has_what_was_acknowledged_and_no_gap() {
    let server = started("  seal_interval: 100ms\n");
    let place = Arc::clone(&server.place);
    let mut load = place.command(&["send", "--generate", "50000000", "--rate", "500", "--quiet"]);
    let mut load = load.stdout(std::process::Stdio::null()).spawn().unwrap();
    // An empty backup has no last offset.
    place.until(|| count(&place) != "0");
    let mut backups = Vec::new();
    while backups.len() < 4 {
        let acknowledged: u64 = count(&place).parse().unwrap();
        let made = create(&place);
        assert!(made["next_offset"].as_u64().unwrap() >= acknowledged, "{made}");
        backups.push(made);
    }
    load.kill().unwrap();
    load.wait().unwrap();
    let reached = |made: &Value| made["next_offset"].as_u64().unwrap();
    assert!(reached(&backups[3]) > reached(&backups[0]), "events came in all the time: {backups:?}");
    let middle = backups.len() / 2;
    for made in [&backups[0], &backups[middle], &backups[backups.len() - 1]] {
        let found = restored(&place, &["--backup", made["id"].as_str().unwrap()]);
        let rows = ours(&found, "SELECT count(*), count(DISTINCT _offset), max(_offset) + 1 FROM events WHERE true");
        assert!(rows[0][0].parse::<u64>().unwrap() >= made["next_offset"].as_u64().unwrap(), "{made} {rows:?}");
        assert!(rows[0].iter().all(|number| *number == rows[0][0]), "no gap, and nothing twice: {rows:?}");
        found.run(&["storage", "verify"]).exits(0);
    }
}

fn objects(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.dir().join("backups/objects")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn nothing_is_restored_from_damaged_bytes() {
    let server = started("");
    let place = &server.place;
    send(&server, 0..50);
    create(place);
    for object in objects(place) {
        flip(&object);
        let found = place.run(&["backup", "verify", "-o", "json"]).exits(10).json();
        assert_eq!((&found["sound"], found["faults"].as_array().unwrap().len()), (&false.into(), 1), "{found}");
        place.run(&["backup", "restore", "new"]).exits(10);
        assert!(!place.dir().join("new").exists(), "{}", object.display());
        fs::remove_dir_all(place.dir().join("new.restoring")).unwrap();
        flip(&object);
    }
    place.run(&["backup", "verify"]).exits(0);
    let manifest = fs::read_dir(place.dir().join("backups")).unwrap().map(|entry| entry.unwrap().path());
    let manifest = {
        let mut manifest = manifest;
        manifest.find(|path| path.extension().is_some_and(|name| name == "json")).unwrap()
    };
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"next_offset\": 50", "\"next_offset\": 60", 1)).unwrap();
    place.run(&["backup", "verify"]).exits(10);
    place.run(&["backup", "restore", "new"]).exits(5).says("there is no backup");
}

#[test]
fn backups_are_made_by_themselves_and_the_oldest_go() {
    let place = project();
    place.write("config.yaml", "storage:\n  backup_location: backups\n  backup_interval: 300ms\n  backup_keep: 2\n");
    let mut server = Server::start_in(place, &[]);
    send(&server, 0..30);
    let ids = || -> Vec<String> {
        let listed = server.run(&["backup", "list", "-o", "json"]).exits(0).json();
        listed["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 4 {
        assert!(Instant::now() < deadline, "{seen:?}");
        let now = ids();
        assert!(now.len() <= 3, "{now:?}");
        seen.extend(now);
        std::thread::sleep(Duration::from_millis(50));
    }
    stop(&mut server);
    server.place.run(&["backup", "verify"]).exits(0);
    assert_eq!(count(&restored(&server.place, &[])), "30");
}

#[test]
fn without_a_folder_there_are_no_backups() {
    let server = Server::start_in(project(), &[]);
    server.run(&["backup", "create"]).exits(2).says("no folder of backups is set");
    server.run(&["backup", "list"]).exits(2).says("storage.backup_location");
}
