//! Folders as earlier versions wrote them still open, answer as they did, and are brought up to date. Each is kept in
//! `tests/fixtures`, by the version of its catalog.

use std::fs;
use std::path::Path;

use crate::history::{check_agreement, ours, project, send, stop};
use crate::program::Place;
use crate::server::Server;
use crate::tool;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Puts the folder of a format into a project.
fn place_with(name: &str) -> Place {
    let place = project();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name), &place.dir().join("data"));
    place
}

fn check(name: &str) {
    let place = place_with(name);
    let questions = [
        ("SELECT count(*), sum(_offset), min(_offset), max(_offset) FROM events", vec!["200", "19900", "0", "199"]),
        ("SELECT count(*) FROM events WHERE data.ms = '25 ms' AND data.page = '/p4'", vec!["1"]),
        ("SELECT count(*) FROM rejected_events", vec!["1"]),
    ];
    let check = |place: &Place, when: &str| {
        for (sql, expected) in &questions {
            assert_eq!(ours(place, sql)[0], *expected, "{name} {when}: {sql}");
        }
    };
    check(&place, "as it is");
    place.run(&["storage", "verify"]).exits(0);
    let mut server = Server::start_in(place, &[]);
    check(&server.place, "with a server");
    server.run(&["storage", "compact"]).exits(0);
    check(&server.place, "merged");
    send(&server, 200..210);
    stop(&mut server);
    server.place.run(&["storage", "verify"]).exits(0);
    assert_eq!(ours(&server.place, "SELECT count(*), max(_offset) FROM events"), [["210", "209"]]);
    if let Some(python) = tool::python_with_duckdb("folders_of_every_format_open") {
        check_agreement(&python, &server.place, &server.place.dir().join("data/catalog.db"), name);
    }
}

#[test]
fn folders_of_every_format_open() {
    let mut names: Vec<String> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("data-"))
        .collect();
    names.sort();
    assert!(names.contains(&"data-1".to_owned()), "{names:?}");
    names.iter().for_each(|name| check(name));
}
