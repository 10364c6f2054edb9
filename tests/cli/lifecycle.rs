//! The life of a server: start, stop, status, health, logs, signals.

use std::fs;

use rustix::process::Signal;

use crate::program::Place;
use crate::server::Server;

#[test]
fn detached_server_serves_answers_and_stops() {
    let place = Place::new();
    place.run(&["init", "."]).exits(0);
    let ready = place.run(&["start", "--detach", "--port-base=0", "-o", "json"]).exits(0).json();
    let pid = ready["pid"].as_u64().unwrap();
    let status = place.run(&["status", "-o", "json"]).exits(0).json();
    assert_eq!((status["state"].as_str(), status["pid"].as_u64()), (Some("running"), Some(pid)));
    assert_eq!(status["url"], ready["gateway"]);
    place.run(&["health"]).exits(0);
    place.run(&["start", "--detach", "--port-base=0"]).exits(2).says("in use by process").says("streamflow stop");
    place.run(&["send", "web.click", "-d", "page=/"]).exits(0);
    let log = place.run(&["logs"]).exits(0).out;
    assert!(log.contains("serving"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    assert_eq!(place.run(&["stop", "-o", "json"]).exits(0).json()["pid"].as_u64(), Some(pid));
    let status = place.run(&["status", "-o", "json"]).exits(0).json();
    assert_eq!((status["state"].as_str(), status["pid"].as_u64()), (Some("stopped"), None));
    assert_eq!(status["events"]["stored"], 1);
    place.run(&["health"]).exits(3).says("streamflow start");
}

#[test]
fn detached_server_that_cannot_start_says_why() {
    let server = Server::start();
    let port = server.address("gateway").port().to_string();
    let place = Place::new();
    let ended = place.run(&["start", "--detach", "--port-base=0", "--dashboard-port", &port]).exits(2);
    assert!(ended.err.contains("--port-base"), "{}", ended.err);
    assert_eq!(place.run(&["status", "--jq", ".state"]).out, "stopped\n");
}

#[test]
fn fresh_folder_gets_its_own_data() {
    let server = Server::start();
    assert!(server.place.dir().join("streamflow-data/journal").is_dir());
    server.run(&["send", "web.click"]).exits(0);
    assert_eq!(server.run(&["status", "--jq", ".events.stored"]).exits(0).out, "1\n");
}

#[test]
fn signals_stop_a_server_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start();
        server.run(&["send", "web.click"]).exits(0);
        server.signal(signal);
        assert_eq!(server.wait(), 0, "{signal:?}");
        assert_eq!(server.run(&["status", "--jq", ".events.stored"]).exits(0).out, "1\n", "{signal:?}");
    }
}

#[test]
fn closed_terminal_does_not_stop_a_server() {
    let server = Server::start();
    server.signal(Signal::HUP);
    server.run(&["health"]).exits(0);
}

#[test]
fn killed_server_leaves_no_lock_behind() {
    let mut server = Server::start();
    server.run(&["send", "web.click"]).exits(0);
    server.signal(Signal::KILL);
    server.wait();
    assert!(fs::read_to_string(server.place.dir().join("streamflow-data/LOCK")).is_ok());
    assert_eq!(server.run(&["status", "--jq", ".state"]).exits(0).out, "stopped\n");
    server.run(&["stop"]).exits(0).says("no server runs");
}

#[test]
fn other_machines_are_let_in_only_with_a_token_or_on_purpose() {
    let place = Place::new();
    place.run(&["start", "--host=0.0.0.0", "--port-base=0"]).exits(2).says("server.token").says("--insecure");
}

#[test]
fn monitoring_systems_get_their_form() {
    let server = Server::start();
    let nagios = server.run(&["health", "--format", "nagios"]).exits(0).out;
    assert!(nagios.starts_with("STREAMFLOW OK - "), "{nagios}");
    let prometheus = server.run(&["health", "--format", "prometheus"]).exits(0).out;
    assert!(prometheus.contains("streamflow_up 1\n"), "{prometheus}");
    let json = server.run(&["health", "--format", "json"]).exits(0).json();
    assert_eq!(json["status"], "healthy");
    let gone = ["health", "--server", "127.0.0.1:1", "--format"];
    let nagios = Place::new().run(&[&gone as &[&str], &["nagios"]].concat()).exits(3).out;
    assert!(nagios.starts_with("STREAMFLOW CRITICAL - cannot connect"), "{nagios}");
}

#[test]
fn doctor_warns_without_failing_and_fails_on_a_taken_port() {
    let place = Place::new();
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().port().to_string();
    let free = [
        ("INGESTION_PORT", "0"),
        ("ANALYTICS_PORT", "0"),
        ("ALERTING_PORT", "0"),
        ("STORAGE_PORT", "0"),
        ("DASHBOARD_PORT", "0"),
    ];
    place.run_with(&free, &["doctor"]).exits(0);
    let mut busy_ports = free;
    busy_ports[4].1 = &taken;
    let ended =
        place.run_with(&busy_ports, &["doctor", "--jq", ".rows[] | select(.result == \"failed\") | .check"]).exits(10);
    assert_eq!(ended.out, "ports\n");
}

#[test]
fn only_the_named_roles_are_served() {
    let server = Server::start_in(Place::new(), &["--role", "analytics,ingestion"]);
    let status = server.run(&["status", "-o", "json"]).exits(0).json();
    let roles: Vec<&String> = status["ports"].as_object().unwrap().keys().collect();
    assert_eq!(roles, ["ingestion", "analytics"]);
    assert_eq!(status["url"], server.url("ingestion"), "commands talk to the first role");
    server.run(&["send", "web.click"]).exits(0);
    let port = server.address("analytics").port().to_string();
    server.run(&["query", "SELECT 1"]).exits(5).says(&format!("port {port} (analytics) has it"));
    let count =
        ["query", "SELECT count(*) FROM events", "-o", "csv", "--no-header", "--server", server.url("analytics")];
    assert_eq!(server.run(&count).exits(0).out, "1\n");
    server.run(&["health"]).exits(0);
    server.run(&["schema", "list"]).exits(5).says("has not the role storage; start it with `--role storage`");
}

#[test]
fn misspelt_role_is_answered_with_the_right_one_wherever_it_is_written() {
    let place = Place::new();
    place.run(&["start", "--role", "ingestoin"]).exits(2).says("did you mean \"ingestion\"?").says("flag (--role)");
    place.write("config.yaml", "server:\n  roles: [gatway]\n");
    place.run(&["start"]).exits(2).says("there is no role \"gatway\"").says("config.yaml:2").says("hint:");
}
