//! Bundles: a range of time that leaves the machine as one file and is queried elsewhere.

use std::fs;

use crate::program::Place;
use crate::server::Server;

const SCHEMA: &str = r#"{"type":"object","required":["page"],"properties":{"page":{"type":"string"}}}"#;

#[test]
fn bundle_is_queried_where_there_is_no_server() {
    let place = Place::new();
    place.write("config.yaml", "");
    let server = Server::start_in(place, &[]);
    for (page, time) in
        [("/old", "2026-01-01T00:00:00Z"), ("/a", "2026-02-01T10:00:00Z"), ("/b", "2026-02-01T11:00:00Z")]
    {
        server.run(&["send", "web.click", "-d", &format!("page={page}"), "--user", "u1", "--timestamp", time]).exits(0);
    }
    server.place.write("click.json", SCHEMA);
    server.run(&["schema", "put", "web.click", "click.json"]).exits(0);
    let range = ["--since", "2026-02-01T00:00:00Z", "--until", "2026-02-02T00:00:00Z"];
    let made =
        server.run(&[&["bundle", "export", "incident.sfb", "-o", "json"], &range as &[&str]].concat()).exits(0).json();
    assert_eq!((made["events"].as_u64(), made["schemas"].as_u64()), (Some(2), Some(1)));
    let bundle = server.place.dir().join("incident.sfb");
    assert_eq!(made["bytes"].as_u64(), Some(fs::metadata(&bundle).unwrap().len()));
    // Nothing is left beside it.
    let names: Vec<String> = fs::read_dir(server.place.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.starts_with(".incident")), "{names:?}");
    server.run(&["bundle", "export", "incident.sfb"]).exits(2).says("--force");

    let elsewhere = Place::new();
    let opened = elsewhere.run(&["bundle", "open", bundle.to_str().unwrap(), "-o", "json"]).exits(0).json();
    let project = opened["project"].as_str().unwrap();
    let sql = "SELECT data.page, user_id, timestamp FROM events ORDER BY timestamp";
    let rows = elsewhere.run(&["query", "--project", project, sql, "-o", "csv", "--no-header"]).exits(0).out;
    assert_eq!(rows, "/a,u1,2026-02-01T10:00:00Z\n/b,u1,2026-02-01T11:00:00Z\n");
    let direct = ["query", "--bundle", bundle.to_str().unwrap(), sql, "-o", "csv", "--no-header"];
    assert_eq!(elsewhere.run(&direct).exits(0).out, rows);
    elsewhere.run(&["query", "--bundle", "none.sfb", "SELECT 1"]).exits(2).says("none.sfb");
    let schema = fs::read_to_string(format!("{project}/schemas/web.click.json")).unwrap();
    assert!(schema.contains("required"), "{schema}");
    // Opened again it is the same folder, and into a folder of one's own it goes once.
    let again = elsewhere.run(&["bundle", "open", bundle.to_str().unwrap(), "-o", "json"]).exits(0).json();
    assert_eq!(again["project"], opened["project"]);
    elsewhere.run(&["bundle", "open", bundle.to_str().unwrap(), "--dir", "own"]).exits(0);
    elsewhere.run(&["bundle", "open", bundle.to_str().unwrap(), "--dir", "own"]).exits(2).says("exists already");
}

#[test]
fn bundle_of_data_without_a_server_has_the_schemas_of_its_project() {
    let place = Place::new();
    place.write("config.yaml", "");
    place.write("schemas/web.click.json", SCHEMA);
    let mut server = Server::start_in(place, &[]);
    server.run(&["send", "web.click", "-d", "page=/"]).exits(0);
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    let made = server.run(&["bundle", "export", "b.sfb", "-o", "json"]).exits(0).json();
    assert_eq!((made["events"].as_u64(), made["schemas"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn what_is_no_bundle_is_refused() {
    let place = Place::new();
    place.write("x.sfb", "SELECT 1");
    place.run(&["bundle", "open", "x.sfb"]).exits(2).says("it is no bundle");
    place.run(&["bundle", "open", "missing.sfb"]).exits(2).says("missing.sfb");
}
