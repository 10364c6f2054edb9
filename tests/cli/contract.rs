//! What scripts rely on: streams, exit codes, forms, closed pipes, colour.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Ended, Place};
use crate::server::Server;

/// Calls that print data without a server.
const OFFLINE: [&[&str]; 7] = [
    &["errors"],
    &["config", "view"],
    &["config", "path"],
    &["context", "list"],
    &["context", "show"],
    &["version"],
    &["status"],
];

#[test]
fn exit_codes_are_as_documented() {
    let place = Place::new();
    let check = |args: &[&str], code: i32, words: &str| {
        place.run(args).exits(code).says(words);
    };
    check(&["version"], 0, "");
    check(&[], 2, "Usage:");
    check(&["verison"], 2, "did you mean \"version\"?");
    check(&["errors", "--jqq", "."], 2, "did you mean \"--jq\"?");
    check(&["errors", "invalid_jsno"], 5, "did you mean \"invalid_json\"?");
    check(&["errors", "--fields", "cod"], 2, "did you mean \"code\"?");
    check(&["errors", "-o", "jsno"], 2, "did you mean \"json\"?");
    check(&["health", "--server", "127.0.0.1:1"], 3, "cannot connect");
    check(&["status", "--context", "prod"], 2, "there is no context \"prod\"");
    check(&["help", "exit-code"], 2, "did you mean \"exit-codes\"?");
    check(&["status", "--project", "nowhere"], 2, "streamflow init");
    check(&["logs"], 5, "there is no log");
    check(&["stop"], 0, "no server runs");
    check(&["top", "--interval", "5"], 2, "`streamflow trends` has --interval");
    check(&["top", "--las", "5h"], 2, "did you mean \"--last\"?");
    check(&["paths", "--depth", "x"], 2, "see `streamflow paths --help`");
}

#[test]
fn json_of_every_offline_listing_parses_and_names_its_schema() {
    let place = Place::new();
    for args in OFFLINE {
        let document = place.run(&[args, &["-o", "json"]].concat()).exits(0).json();
        let schema = document["schema"].as_str().unwrap().to_owned();
        let short = schema.trim_start_matches("streamflow.").trim_end_matches("/1");
        let described = place.run(&["help", "schema", short]).exits(0).json();
        assert_eq!(described["title"], schema, "{args:?}");
        check_fields(&document, &described);
    }
}

/// Every field of the document is one that the schema describes, and the other way round.
fn check_fields(document: &Value, schema: &Value) {
    let rows = &schema["properties"]["rows"]["items"]["properties"];
    let (objects, described) = match document["rows"].as_array() {
        Some(rows_there) => (rows_there.clone(), rows.as_object().unwrap()),
        None => (vec![document.clone()], schema["properties"].as_object().unwrap()),
    };
    for object in objects {
        for key in object.as_object().unwrap().keys() {
            // `config view` prints origins only when asked.
            assert!(described.contains_key(key), "{key} is not in the schema");
        }
    }
}

#[test]
fn every_form_of_output_is_data_alone() {
    let place = Place::new();
    for form in ["table", "json", "ndjson", "csv", "tsv", "yaml", "markdown", "vertical"] {
        let ended = place.run(&["errors", "-o", form]).exits(0);
        assert!(ended.out.contains("invalid_json"), "{form}: {}", ended.out);
        assert_eq!(ended.err, "", "{form}");
    }
    assert_eq!(place.run(&["errors", "-o", "none"]).exits(0).out, "");
    place.run(&["errors", "-o", "parquet"]).exits(2).says("does not write parquet");
}

#[test]
fn rows_left_out_are_said_on_stderr_and_in_json() {
    let ended = Place::new().run(&["errors", "-o", "json", "--limit", "2"]).exits(0).says("(--limit)");
    let document = ended.json();
    assert_eq!(document["truncated"], true);
    assert_eq!(document["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn jq_and_templates_shape_the_data() {
    let place = Place::new();
    let ended = place.run(&["errors", "--jq", ".rows[] | select(.code == \"usage\") | .exit"]).exits(0);
    assert_eq!(ended.out, "2\n");
    let ended = place.run(&["errors", "--template", "{{ code }}={{ exit }}"]).exits(0);
    assert!(ended.out.lines().any(|line| line == "usage=2"), "{}", ended.out);
    place.run(&["errors", "--jq", ".rows["]).exits(2).says("<jq>:1:7");
}

#[test]
fn reader_that_leaves_is_success() {
    let place = Place::new();
    for args in
        [&["errors"] as &[&str], &["help", "flags"], &["config", "schema"], &["completion", "bash"], &["version"]]
    {
        let mut child = place.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_who_forces_it() {
    let place = Place::new();
    let coloured = |variables: &[(&str, &str)], args: &[&str]| {
        let ended = place.run_with(variables, args);
        ended.out.contains('\u{1b}') || ended.err.contains('\u{1b}')
    };
    for args in [&["errors"] as &[&str], &["errors", "usage"], &["help", "flags"], &["--help"], &["nonsense"]] {
        assert!(!coloured(&[], args), "{args:?}: a pipe is plain");
        assert!(coloured(&[("CLICOLOR_FORCE", "1")], args), "{args:?}: forced");
        assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], args), "{args:?}: NO_COLOR wins");
        let never = [args, &["--color", "never"]].concat();
        assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &never), "{args:?}: --color never wins");
    }
}

#[test]
fn json_of_every_listing_of_a_server_parses() {
    let server = Server::start();
    server.run(&["send", "web.click", "-d", "page=/", "--source", "shop"]).exits(0);
    for args in
        [&["status"] as &[&str], &["health"], &["doctor"], &["schema", "list"], &["top"], &["trends"], &["sessions"]]
    {
        let document = server.run(&[args, &["-o", "json"]].concat()).exits(0).json();
        assert!(document["schema"].as_str().unwrap().starts_with("streamflow."), "{args:?}: {document}");
    }
}

#[test]
fn output_that_cannot_be_written_is_said_and_is_no_fault_of_ours() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = Ended::of(&place.command(&["errors"]).stdout(full).output().unwrap());
    ended.exits(2).says("cannot write the output: no space left on device").says("make room");
}
