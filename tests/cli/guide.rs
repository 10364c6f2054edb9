//! Runs the README and the user guide: the `sh` blocks of each, in order, as one session.

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
fn readme_works_as_it_is_written() {
    works("README.md");
}

#[test]
fn user_guide_works_as_it_is_written() {
    works("docs/guide.md");
}

fn works(document: &str) {
    let place = Place::new();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let script = script(&std::fs::read_to_string(path).unwrap());
    assert!(script.contains("streamflow start --detach"), "{document} has no block to run");
    let program_dir = std::path::Path::new(PROGRAM).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    command.arg("-c").arg(script).current_dir(place.dir()).env_clear();
    command.env("HOME", place.home()).env("PATH", format!("{}:{path}", program_dir.display()));
    for port in ["INGESTION", "ANALYTICS", "ALERTING", "STORAGE", "DASHBOARD"] {
        command.env(format!("{port}_PORT"), "0");
    }
    let ended = Ended::of(&command.output().unwrap());
    // A document that failed half-way has left its server running.
    place.run(&["stop", "--project", "shop"]);
    ended.exits(0);
}
