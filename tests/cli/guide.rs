//! Runs the user guide: its `sh` blocks, in order, as one session.

use std::process::Command;

use crate::program::{Ended, PROGRAM, Place};

/// Returns the commands of all `sh` blocks.
fn script(document: &str) -> String {
    let mut script = String::from("set -eu\n");
    let mut inside = false;
    for line in document.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => script = script + line + "\n",
            _ => {}
        }
    }
    script
}

#[test]
fn user_guide_works_as_it_is_written() {
    let place = Place::new();
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide.md")).unwrap();
    let program_dir = std::path::Path::new(PROGRAM).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    command.arg("-c").arg(script(&document)).current_dir(place.dir()).env_clear();
    command.env("HOME", place.home()).env("PATH", format!("{}:{path}", program_dir.display()));
    for port in ["INGESTION", "ANALYTICS", "ALERTING", "STORAGE", "DASHBOARD"] {
        command.env(format!("{port}_PORT"), "0");
    }
    let ended = Ended::of(&command.output().unwrap());
    // A guide that failed half-way has left its server running.
    place.run(&["stop", "--project", "shop"]);
    ended.exits(0);
}
