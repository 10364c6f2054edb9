//! Contexts: choosing whom commands talk to.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::program::Place;
use crate::server::Server;

#[test]
fn contexts_are_added_chosen_and_removed() {
    let place = Place::new();
    place.run(&["context", "add", "prod", "--url", "https://events.example.com/"]).exits(0);
    place.run(&["context", "add", "stage", "--url", "stage.example.com:8005"]).exits(0);
    let current = || place.run(&["context", "list", "--jq", ".rows[] | select(.current) | .name"]).exits(0).out;
    assert_eq!(current(), "local\n");
    place.run(&["context", "use", "prod"]).exits(0);
    assert_eq!(current(), "prod\n");
    place.run(&["context", "use", "stage"]).exits(0);
    place.run(&["context", "use", "-"]).exits(0);
    assert_eq!(current(), "prod\n");
    assert_eq!(place.run(&["context", "show", "--jq", ".url"]).exits(0).out, "https://events.example.com\n");
    let with = place.run_with(&[("STREAMFLOW_CONTEXT", "stage")], &["context", "show", "--jq", ".url"]);
    assert_eq!(with.exits(0).out, "http://stage.example.com:8005\n");
    place.run(&["context", "rm", "prod"]).exits(0);
    assert_eq!(current(), "local\n");
}

#[test]
fn unknown_context_is_answered_with_the_nearest() {
    let place = Place::new();
    place.run(&["context", "add", "production", "--url", "https://events.example.com"]).exits(0);
    for args in [
        &["context", "use", "prodction"] as &[&str],
        &["status", "--context", "prodction"],
        &["context", "rm", "prodction"],
    ] {
        place.run(args).exits(2).says("did you mean \"production\"?");
    }
    place.run_with(&[("STREAMFLOW_CONTEXT", "prodction")], &["status"]).exits(2).says("did you mean \"production\"?");
}

#[test]
fn tokens_are_for_the_user_alone_and_never_shown() {
    let place = Place::new();
    place.run(&["context", "add", "prod", "--url", "https://events.example.com", "--token", "hunter2"]).exits(0);
    let file = place.home().join(".config/streamflow/contexts.yaml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&file).unwrap().contains("hunter2"));
    for args in [&["context", "list"] as &[&str], &["context", "show", "prod"], &["context", "list", "-o", "json"]] {
        assert!(!place.run(args).exits(0).out.contains("hunter2"), "{args:?}");
    }
}

#[test]
fn validation_asks_the_server() {
    let server = Server::start();
    let url = server.url("gateway").to_owned();
    server.run(&["context", "add", "here", "--url", &url]).exits(0);
    server.run(&["context", "validate", "here"]).exits(0);
    server.run(&["context", "add", "gone", "--url", "http://127.0.0.1:1"]).exits(0);
    server.run(&["context", "validate", "gone"]).exits(3).says("cannot connect");
}

#[test]
fn wrong_token_is_exit_code_4() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  token: right\n");
    let server = Server::start_in(place, &[]);
    let url = server.url("gateway").to_owned();
    // In the project's folder the token comes from its settings.
    server.run(&["status"]).exits(0);
    server.run(&["status", "--server", &url]).exits(4);
    server.run(&["status", "--server", &url, "--token", "wrong"]).exits(4);
    server.run(&["status", "--server", &url, "--token", "right"]).exits(0);
}

#[test]
fn protected_context_wants_consent_for_a_write() {
    let server = Server::start();
    let url = server.url("gateway").to_owned();
    server.run(&["context", "add", "prod", "--url", &url, "--protected"]).exits(0);
    server.place.write("web.click.json", "{\"type\": \"object\"}");
    let put = ["schema", "put", "web.click", "web.click.json", "--context", "prod"];
    server
        .run(&put)
        .exits(2)
        .says("context \"prod\" is protected")
        .says("your consent to change the schema")
        .says("--yes");
    server.run(&["status", "--context", "prod"]).exits(0);
}

#[test]
fn list_is_in_words_and_a_wrong_flag_names_the_right_call() {
    let place = Place::new();
    let url = "http://127.0.0.1:1";
    let right = format!("streamflow context add prod --url {url}");
    place.run(&["context", "add", "prod", "--server", url]).exits(2).says(&right);
    place.run(&["context", "add", "prod"]).exits(2).says("--url, --dir or --service");
    place.run(&["context", "add", "prod", "--url", url, "--protected"]).exits(0);
    let table = place.run(&["context", "list"]).exits(0).out;
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["*", "local", "this", "folder's", "project", "none", "no"], "{table}");
    assert_eq!(rows[1], ["prod", url, "none", "yes"], "{table}");
    let json = place.run(&["context", "list", "-o", "json"]).exits(0).json();
    assert_eq!(
        (json["rows"][0]["current"].as_bool(), json["rows"][1]["protected"].as_bool()),
        (Some(true), Some(true))
    );
}
