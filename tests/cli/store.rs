//! History and backups in an S3-compatible store: the same answers, nothing lost while it is away, and nobody else's touched.

mod moto;

use std::fs;
use std::time::{Duration, Instant};

use moto::{Store, Way};
use serde_json::Value;

use crate::history::{QUESTIONS, ours, project, send, stop};
use crate::program::Place;
use crate::server::Server;

const SECRET: &str = "not-to-be-seen";

/// Settings of a project whose history is in the store.
fn settings(store: &Store, prefix: &str, more: &str) -> String {
    format!(
        "storage:\n  location: s3://events/{prefix}\n  backup_interval: 0s\n  replaced_grace: 0s\n{more}  s3:\n    endpoint: {}\n    \
         access_key_id: tester\n    secret_access_key: {SECRET}\n    timeout: 20s\n",
        store.endpoint
    )
}

fn in_store(store: &Store, prefix: &str, more: &str) -> Place {
    let place = project();
    place.write("config.yaml", &settings(store, prefix, more));
    place
}

fn answers(place: &Place) -> [Vec<Vec<String>>; QUESTIONS.len()] {
    QUESTIONS.map(|sql| ours(place, sql))
}

fn count(place: &Place) -> String {
    ours(place, "SELECT count(*) FROM events").remove(0).remove(0)
}

/// Counts files with events; one that is filled ahead for the next may be there too.
fn journal_files(place: &Place) -> usize {
    let names = fs::read_dir(place.dir().join("data/journal/0")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".log")).count()
}

fn segments(store: &Store, prefix: &str) -> Vec<String> {
    store.names().into_iter().filter(|name| name.starts_with(&format!("{prefix}/events/"))).collect()
}

#[test]
fn history_in_a_store_answers_as_history_in_a_folder() {
    let Some(store) = Store::start("history_in_a_store_answers_as_history_in_a_folder") else { return };
    let mut here = Server::start_in(project(), &[]);
    let mut there = Server::start_in(in_store(&store, "shop", ""), &[]);
    for server in [&here, &there] {
        for from in [0, 200, 400] {
            send(server, from..from + 200);
            server.run(&["storage", "seal"]).exits(0);
        }
    }
    let expected = answers(&here.place);
    assert_eq!(answers(&there.place), expected, "while the server runs");
    assert_eq!(segments(&store, "shop").len(), 3);
    assert!(!there.place.dir().join("data/lake").exists(), "no file of history is on this machine");
    let stats = there.run(&["storage", "stats", "-o", "json"]).exits(0).json();
    assert_eq!((&stats["location"], &stats["files"]), (&"s3://events/shop".into(), &3.into()), "{stats}");
    there.run(&["storage", "verify"]).exits(0);

    let time = ours(&there.place, "SELECT CAST(max(ingested_at) AS VARCHAR) FROM events").remove(0).remove(0);
    let as_of = format!("SELECT count(*) FROM events AS OF '{}Z'", time.trim_end_matches('Z').replace(' ', "T"));
    there.run(&["storage", "compact"]).exits(0);
    assert_eq!(answers(&there.place), expected, "after merging");
    send(&there, 600..601);
    assert_eq!(ours(&there.place, &as_of), [["600"]], "as it was");
    let deadline = Instant::now() + Duration::from_secs(20);
    while segments(&store, "shop").len() > 1 {
        assert!(Instant::now() < deadline, "what was replaced goes: {:?}", store.names());
        std::thread::sleep(Duration::from_millis(100));
    }
    stop(&mut there);
    assert_eq!(journal_files(&there.place), 0);
    assert_eq!(count(&there.place), "601", "without a server");
    fs::remove_dir_all(there.place.dir().join("data/cache")).unwrap();
    assert_eq!(count(&there.place), "601", "with nothing held on this machine");
    there.place.run(&["storage", "verify"]).exits(0);
    let mut there = there.again(&[]);
    assert_eq!(count(&there.place), "601", "after a restart");
    stop(&mut there);
    stop(&mut here);
}

#[test]
fn no_acknowledged_event_is_lost_while_the_store_is_away() {
    let Some(store) = Store::start("no_acknowledged_event_is_lost_while_the_store_is_away") else { return };
    let place = project();
    // A store that does not answer is given up sooner than elsewhere.
    let impatient = settings(&store, "shop", "  seal_interval: 100ms\n").replace("timeout: 20s", "timeout: 4s");
    place.write("config.yaml", &impatient);
    let mut server = Server::start_in(place, &[]);
    send(&server, 0..100);
    server.run(&["storage", "seal"]).exits(0);
    let mut sent = 100;
    for (way, reason) in
        [(Way::Cut, "the store can not be reached"), (Way::Denied, "AccessDenied"), (Way::Silent, "the store")]
    {
        store.set_way(way);
        let before = segments(&store, "shop");
        send(&server, sent..sent + 100);
        sent += 100;
        server.run(&["storage", "seal"]).exits(3).says("s3://events/shop").says(reason);
        assert_eq!(count(&server.place), sent.to_string(), "{way:?}: what is held here and the journal's");
        assert!(journal_files(&server.place) > 0, "{way:?}: the journal has what the store has not");
        store.set_way(Way::Open);
        assert_eq!(segments(&store, "shop"), before, "{way:?}: nothing half is there");
        // Killed while events are only in the journal.
        server.signal(rustix::process::Signal::KILL);
        server.wait();
        server = server.again(&[]);
        assert_eq!(count(&server.place), sent.to_string(), "{way:?}: after a kill");
        let deadline = Instant::now() + Duration::from_secs(30);
        while segments(&store, "shop") == before {
            assert!(Instant::now() < deadline, "{way:?}: it is tried again by itself");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    store.set_way(Way::Cut);
    send(&server, sent..sent + 50);
    stop(&mut server);
    server.place.run(&["query", "SELECT 1"]).exits(2).says("the store can not be reached").says("storage.s3");
    store.set_way(Way::Open);
    let rows = ours(&server.place, "SELECT count(*), count(DISTINCT _offset) FROM events WHERE _offset >= 0");
    assert_eq!(rows, [[(sent + 50).to_string(), (sent + 50).to_string()]], "after a stop without the store");
    server.place.run(&["storage", "verify"]).exits(0);
}

#[test]
fn what_the_store_lost_or_changed_is_found() {
    let Some(store) = Store::start("what_the_store_lost_or_changed_is_found") else { return };
    let mut server = Server::start_in(in_store(&store, "shop", ""), &[]);
    send(&server, 0..100);
    server.run(&["storage", "seal"]).exits(0);
    send(&server, 100..200);
    stop(&mut server);
    let names = segments(&store, "shop");
    store.flip(&names[0]);
    let report = server.place.run(&["storage", "verify", "-o", "json"]).exits(10).json();
    assert_eq!(report["faults"][0]["first_offset"], 0, "{report}");
    assert_eq!(report["faults"].as_array().unwrap().len(), 1, "{report}");
    store.flip(&names[0]);
    server.place.run(&["storage", "verify"]).exits(0);
    store.remove(&names[1]);
    server.place.run(&["storage", "verify"]).exits(10);
    server.place.run(&["start"]).exits(2).says("1 files that the catalog names are not in s3://events/shop");
    store.set_way(Way::Cut);
    server.place.run(&["storage", "verify"]).exits(10).says("the store can not be reached");
}

#[test]
fn a_store_belongs_to_one_catalog() {
    let Some(store) = Store::start("a_store_belongs_to_one_catalog") else { return };
    let mut server = Server::start_in(in_store(&store, "shop", ""), &[]);
    send(&server, 0..100);
    stop(&mut server);
    let before = store.names();
    let other = in_store(&store, "shop", "");
    other.run(&["start"]).exits(2).says("holds the history of another data folder").says("another prefix");
    assert_eq!(store.names(), before, "nothing of it was touched");
    let mut other = Server::start_in(in_store(&store, "shop-2", ""), &[]);
    send(&other, 0..10);
    stop(&mut other);
    assert_eq!((count(&server.place), count(&other.place)), ("100".to_owned(), "10".to_owned()));

    // History goes back into a folder by a backup, not by forgetting the setting.
    server.place.write("config.yaml", "environment: test\n");
    server.place.run(&["query", "SELECT 1"]).exits(2).says("s3://events/shop").says("storage.location");
}

#[test]
fn history_of_a_folder_moves_into_the_store() {
    let Some(store) = Store::start("history_of_a_folder_moves_into_the_store") else { return };
    let mut server = Server::start_in(project(), &[]);
    send(&server, 0..100);
    server.run(&["storage", "seal"]).exits(0);
    send(&server, 100..250);
    stop(&mut server);
    let expected = answers(&server.place);
    server.place.write("config.yaml", &settings(&store, "shop", ""));
    store.set_way(Way::Cut);
    server.place.run(&["start"]).exits(2).says("the store can not be reached");
    store.set_way(Way::Open);
    let mut server = server.again(&[]);
    assert_eq!(answers(&server.place), expected);
    assert_eq!(segments(&store, "shop").len(), 2);
    assert_eq!(fs::read_dir(server.place.dir().join("data/lake/events")).unwrap().count(), 0);
    stop(&mut server);
    server.place.run(&["storage", "verify"]).exits(0);
}

#[test]
fn backups_go_to_a_store_and_come_back() {
    let Some(store) = Store::start("backups_go_to_a_store_and_come_back") else { return };
    let more = "  backup_location: s3://events/backups\n  backup_keep: 2\n";
    let mut server = Server::start_in(in_store(&store, "shop", more), &[]);
    let create =
        |more: &[&str]| -> Value { server.run(&[&["backup", "create", "-o", "json"], more].concat()).exits(0).json() };
    send(&server, 0..120);
    let first = create(&[]);
    send(&server, 120..200);
    let second = create(&[]);
    assert!(second["copied_files"].as_u64() < second["files"].as_u64(), "what is there is not copied again: {second}");
    let elsewhere = create(&["--to", "s3://events/elsewhere"]);
    assert_eq!(elsewhere["next_offset"], 200, "{elsewhere}");
    server.run(&["backup", "create", "--to", "folder"]).exits(2).says("s3://bucket/prefix");
    let listed = |more: &[&str]| {
        let listed = server.run(&[&["backup", "list", "-o", "json"], more].concat()).exits(0).json();
        listed["rows"].as_array().unwrap().len()
    };
    assert_eq!((listed(&[]), listed(&["--location", "s3://events/elsewhere"])), (2, 1));
    server.run(&["backup", "verify"]).exits(0);

    let expected = answers(&server.place);
    let restored = |words: &[&str]| {
        let target = project();
        let folder = target.dir().join("data").display().to_string();
        server.run(&[&["backup", "restore", &folder], words].concat()).exits(0);
        target
    };
    let whole = restored(&[]);
    assert_eq!(answers(&whole), expected, "a restored folder has its history in itself");
    assert_eq!(count(&restored(&["--backup", first["id"].as_str().unwrap()])), "120");
    assert_eq!(count(&restored(&["--offset", "150", "--location", "s3://events/elsewhere"])), "150");
    // A restored folder is another one: it may not write where the original does.
    whole.write("config.yaml", &settings(&store, "shop", ""));
    whole.run(&["start"]).exits(2).says("another data folder");
    whole.write("config.yaml", &settings(&store, "restored", ""));
    let mut again = Server::start_in(whole, &[]);
    assert_eq!(answers(&again.place), expected, "moved into a store of its own");
    stop(&mut again);

    create(&[]);
    assert_eq!(listed(&[]), 2, "the oldest goes");
    let manifests = store.names().into_iter().filter(|name| name.starts_with("backups/2") && name.ends_with(".json"));
    assert_eq!(manifests.count(), 2);
    let object =
        store.names().into_iter().find(|name| name.starts_with("backups/objects/") && name.ends_with(".parquet"));
    store.flip(&object.unwrap());
    server.run(&["backup", "verify"]).exits(10);
    store.set_way(Way::Denied);
    server.run(&["backup", "list", "--location", "s3://events/backups"]).exits(2).says("AccessDenied");
    server.run(&["backup", "create"]).says("AccessDenied");
    store.set_way(Way::Open);
    stop(&mut server);
}

#[test]
fn a_key_is_shown_nowhere() {
    let place = project();
    place.write(
        "config.yaml",
        "storage:\n  location: s3://events/shop\n  s3:\n    endpoint: http://127.0.0.1:9\n    timeout: 1s\n",
    );
    let keys = [("AWS_ACCESS_KEY_ID", "tester"), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", SECRET)];
    for args in [
        &["config", "view", "--origin"][..],
        &["config", "check"],
        &["start", "-vv"],
        &["query", "SELECT 1", "-vv"],
        &["storage", "seal", "-vv"],
        &["backup", "list", "--location", "s3://events/backups", "-vv"],
    ] {
        let ended = place.run_with(&keys, args);
        assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET), "{args:?}: {} {}", ended.out, ended.err);
    }
    let shown = place.run_with(&keys, &["config", "view", "--origin"]).exits(0);
    assert!(shown.out.contains("AWS_SECRET_ACCESS_KEY") && shown.out.contains("tester"), "{}", shown.out);
    place.run_with(&keys[..1], &["query", "SELECT 1"]).exits(2).says("secret_access_key");
    place.run_with(&[("STREAMFLOW_STORAGE_LOCATION", "gs://x/y")], &["query", "SELECT 1"]).exits(2).says("gs://");
    place.run_with(&[("STREAMFLOW_STORAGE_LOCATION", "folder")], &["query", "SELECT 1"]).exits(2).says("storage.path");
}
