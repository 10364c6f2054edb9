//! New projects: what `init` writes works as it is.

use std::fs;

use crate::program::Place;
use crate::server::Server;

#[test]
fn every_template_makes_a_project_that_checks() {
    for template in ["web", "api", "iot", "empty"] {
        let place = Place::new();
        place.run(&["init", ".", "--template", template]).exits(0);
        place.run(&["config", "check"]).exits(0);
        if template != "empty" {
            place.run(&["schema", "check", "events/sample.ndjson"]).exits(0);
        }
    }
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    place.write("shop/config.yaml", "# mine\n");
    place.run(&["init", "shop"]).exits(2).says("config.yaml already");
    assert_eq!(fs::read_to_string(place.dir().join("shop/config.yaml")).unwrap(), "# mine\n");
    assert!(!place.dir().join("shop/schemas").exists());
}

#[test]
fn samples_of_a_new_project_give_answers() {
    let place = Place::new();
    place.run(&["init", "."]).exits(0);
    let server = Server::start_in(place, &[]);
    server.run(&["send", "-f", "events/sample.ndjson"]).exits(0);
    server.run(&["send", "-f", "events/sample.ndjson"]).exits(0);
    let sent = fs::read_to_string(server.place.dir().join("events/sample.ndjson")).unwrap().lines().count();
    let stored = server.run(&["status", "--jq", ".events.stored"]).exits(0).out;
    assert_eq!(stored, format!("{sent}\n"), "sent twice, stored once");
    let top = server.run(&["top", "-o", "json"]).exits(0).json();
    assert!(!top["rows"].as_array().unwrap().is_empty());
}

#[test]
fn broken_schema_and_breaking_event_are_told_apart() {
    let place = Place::new();
    place.run(&["init", "."]).exits(0);
    place.write("bad.ndjson", "{\"type\":\"web.click\",\"source\":\"s\",\"data\":{\"page\":7}}\n");
    let ended = place.run(&["schema", "check", "bad.ndjson", "-o", "json"]).exits(1);
    let rows = ended.json();
    assert_eq!((rows["rows"][0]["line"].as_u64(), rows["rows"][0]["path"].as_str()), (Some(1), Some("data.page")));
    place.write("schemas/metric.json", "{\"type\": \"objct\"}");
    place.run(&["schema", "check"]).exits(2).says("schemas/metric.json");
    place.write("schemas/metric.json", "{\"type\": ");
    place.run(&["schema", "check"]).exits(2).says("schemas/metric.json:1:");
}

#[test]
fn schemas_are_put_listed_shown_and_removed() {
    let place = Place::new();
    place.run(&["init", ".", "--template", "empty"]).exits(0);
    let server = Server::start_in(place, &[]);
    let schema = b"{\"title\": \"Orders\", \"type\": \"object\", \"required\": [\"amount\"]}";
    server.place.feed(schema, &["schema", "put", "order", "-"]).exits(0);
    let listed = server.run(&["schema", "list", "-o", "csv", "--no-header"]).exits(0).out;
    assert_eq!(listed, "order,reject,Orders\n");
    assert_eq!(server.run(&["schema", "show", "order"]).exits(0).json()["required"][0], "amount");
    server.run(&["send", "order", "-d", "page=/"]).exits(2).says("amount");
    server.run(&["send", "order", "-d", "amount=5"]).exits(0);
    server.run(&["schema", "rm", "order"]).exits(0);
    server.run(&["schema", "show", "order"]).exits(5);
    server.run(&["send", "order", "-d", "page=/"]).exits(0);
    server.place.feed(b"{\"type\": \"objct\"}", &["schema", "put", "order", "-"]).exits(2);
}
