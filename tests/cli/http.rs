//! The HTTP API as the running program serves it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::Place;
use crate::server::Server;
use crate::tool;

const CLICK: &str = r#"{"type":"web.click","source":"web-app","data":{"page":"/dashboard","user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)","button_id":"analytics-tab"},"user_id":"user_12345"}"#;

const SCHEMA: &str = r#"{"type":"object","required":["page"],"properties":{"page":{"type":"string","pattern":"^/"}}}"#;

/// Sends a request and returns the status and the body.
fn call(address: SocketAddr, method: &str, path: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[test]
fn calls_of_existing_users_work_as_they_are() {
    let Some(curl) = tool::find("curl", "calls_of_existing_users_work_as_they_are") else { return };
    let server = Server::start();
    let run = |args: &[&str]| -> Value {
        let output = Command::new(&curl).args(["-sS", "--fail-with-body"]).args(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{args:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&text).unwrap()
    };
    let events = format!("{}/events", server.url("ingestion"));
    let sent = run(&["-X", "POST", &events, "-H", "Content-Type: application/json", "-d", CLICK]);
    assert_eq!(sent, json!({"id": "0:0", "partition": 0, "offset": 0}));

    let ask = |question: &str| {
        let url = format!("{}/api/v1/analytics/{question}", server.url("analytics"));
        let answer = run(&["-H", "Authorization: Bearer demo", &url]);
        assert_eq!(answer["success"], true);
        answer["data"].clone()
    };
    let trends = ask("event-trends?hours=24");
    let total: u64 = trends.as_array().unwrap().iter().map(|bucket| bucket["total"].as_u64().unwrap()).sum();
    assert_eq!(total, 1, "{trends}");
    assert_eq!(ask("user-distribution"), json!([{"name": "mobile", "users": 1, "events": 1, "percentage": 100.0}]));
    assert_eq!(ask("top-sources?limit=10")[0]["source"], "web-app");
}

#[test]
fn form_that_curl_sends_by_itself_is_answered_with_what_to_add() {
    let Some(curl) = tool::find("curl", "form_that_curl_sends_by_itself_is_answered_with_what_to_add") else { return };
    let server = Server::start();
    let output = Command::new(curl).args(["-sS", &format!("{}/events", server.url("gateway")), "-d", CLICK]).output();
    let answer: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(answer["error"]["code"], "unsupported_media_type");
    assert_eq!(answer["error"]["hint"], "add `-H 'Content-Type: application/json'`");
}

#[test]
fn schemas_of_a_project_hold_from_the_start_and_the_settings_choose_what_they_do() {
    let place = Place::new();
    place.write("config.yaml", "schemas:\n  web.pageview: warn\n");
    place.write("schemas/web.click.json", SCHEMA);
    place.write("schemas/web.pageview.json", SCHEMA);
    let server = Server::start_in(place, &[]);
    let send = |kind: &str, page: &str| {
        let event = json!({"type": kind, "source": "s", "data": {"page": page}}).to_string();
        call(server.address("ingestion"), "POST", "/events", &event)
    };
    let (status, refused) = send("web.click", "no-slash");
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("schema_violation")), "{refused}");
    assert_eq!((send("web.click", "/").0, send("web.pageview", "no-slash").0), (201, 201));

    let (status, kept) = call(server.address("storage"), "GET", "/api/v1/schemas/web.pageview", "");
    assert_eq!((status, &kept["data"]["mode"]), (200, &json!("warn")), "{kept}");
    let (status, _) = call(server.address("storage"), "DELETE", "/api/v1/schemas/web.click", "");
    assert_eq!((status, send("web.click", "no-slash").0), (204, 201));
    assert!(!server.place.dir().join("schemas/web.click.json").exists());
}

#[test]
fn schema_that_is_none_keeps_the_server_from_starting() {
    let place = Place::new();
    place.write("config.yaml", "");
    place.write("schemas/web.click.json", r#"{"type":"strng"}"#);
    place.run(&["start", "--port-base=0"]).exits(2).says("web.click.json").says("is no JSON Schema at /type");
}

#[test]
fn client_that_never_finishes_does_not_keep_the_server_from_stopping() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  limits:\n    drain_timeout: 1s\n");
    let mut server = Server::start_in(place, &[]);
    let mut stuck = TcpStream::connect(server.address("ingestion")).unwrap();
    stuck
        .write_all(
            b"POST /events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
        )
        .unwrap();
    assert_eq!(call(server.address("ingestion"), "POST", "/events", CLICK).0, 201);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait(), 0);
}
