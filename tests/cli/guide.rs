//! Runs the README and the user guide: the `sh` blocks of each, in order, as one session.

use std::process::Command;

use crate::program::{Ended, PROGRAM, Place};
use crate::server::Server;
use crate::tool;

/// Returns the commands of all blocks of a language.
fn script(document: &str, language: &str) -> String {
    let begin = format!("```{language}");
    let mut script = String::from("set -eu\n");
    let mut inside = false;
    for line in document.lines() {
        match line {
            line if line == begin => inside = true,
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

/// The calls of any HTTP client name the usual ports, which may be taken here.
#[test]
fn calls_of_the_readme_are_answered() {
    if tool::find("curl", "calls_of_the_readme_are_answered").is_none() {
        return;
    }
    let server = Server::start();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let mut script =
        script(&std::fs::read_to_string(path).unwrap(), "bash").replace("curl ", "curl -sS --fail-with-body ");
    for (port, role) in [("localhost:8001", "ingestion"), ("localhost:8002", "analytics")] {
        assert!(script.contains(port), "{script}");
        script = script.replace(port, &server.address(role).to_string());
    }
    assert!(!script.contains("localhost:"), "another port is named: {script}");
    let ended = Ended::of(&Command::new("bash").arg("-c").arg(script).output().unwrap()).exits(0);
    assert!(ended.out.contains("\"id\":\"0:0\"") && ended.out.contains("\"success\":true"), "{}", ended.out);
}

fn works(document: &str) {
    let place = Place::new();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let script = script(&std::fs::read_to_string(path).unwrap(), "sh");
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
