//! Events in, from the command line: by hand, from files and pipes, made up.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use crate::program::{Ended, Place};
use crate::server::Server;

fn stored(server: &Server) -> u64 {
    let rows = server.run(&["query", "SELECT count(*) AS n FROM events", "-o", "json"]).exits(0).json();
    rows["rows"][0]["n"].as_u64().unwrap()
}

#[test]
fn event_by_hand_prints_its_id_and_holds_what_was_said() {
    let server = Server::start();
    let id = server
        .run(&["send", "web.click", "-d", "page=/cart", "-d", "n=5", "-d", "list:=[1]", "-d", "geo.city=Oslo"])
        .exits(0)
        .out;
    assert_eq!(id, "0:0\n");
    let flags = ["send", "x", "--user", "u", "--session", "s", "--severity", "high", "--tag", "a", "--tag", "b"];
    server
        .run(&[&flags[..], &["--timestamp", "2026-01-02T03:04:05Z", "--source", "till", "--id", "mine"]].concat())
        .exits(0);
    let event = server.run(&["events", "get", "0:0", "-o", "json"]).exits(0).json();
    assert_eq!(event["source"], "cli");
    assert_eq!(event["data"].to_string(), r#"{"page":"/cart","n":5,"list":[1],"geo":{"city":"Oslo"}}"#);
    let event = server.run(&["events", "get", "mine", "-o", "json"]).exits(0).json();
    assert_eq!((event["user_id"].as_str(), event["session_id"].as_str()), (Some("u"), Some("s")));
    assert_eq!((event["severity"].as_str(), event["source"].as_str()), (Some("high"), Some("till")));
    assert_eq!(event["tags"].to_string(), r#"["a","b"]"#);
    assert!(event["timestamp"].as_str().unwrap().starts_with("2026-01-02T03:04:05"));
}

#[test]
fn event_with_an_id_of_its_own_is_stored_once() {
    let server = Server::start();
    server.run(&["send", "x", "--id", "one"]).exits(0);
    let again = server.run(&["send", "x", "--id", "one", "-o", "json"]).exits(0).says("stored already").json();
    assert_eq!((again["duplicate"].as_bool(), again["offset"].as_u64()), (Some(true), Some(0)));
    assert_eq!(stored(&server), 1);
}

#[test]
fn bad_arguments_are_refused_before_anything_is_sent() {
    let place = Place::new();
    let check = |args: &[&str], words: &str| drop(place.run(args).exits(2).says(words));
    check(&["send"], "TYPE");
    check(&["send", "x", "-d", "page"], "is not KEY=VALUE");
    check(&["send", "x", "-d", "a:=oops"], "is not JSON");
    check(&["send", "x", "--severity", "huge"], "huge");
    check(&["send", "--generate", "5", "--body-template", "{{oops}}"], "unknown placeholder");
    check(&["send", "--generate", "0", "--over", "1h"], "--over");
    check(&["send", "--generate", "5", "--rate", "0"], "above 0");
    check(&["send", "-f", "nowhere.ndjson"], "cannot open nowhere.ndjson: no such file");
    check(&["send", "-f", "a.ndjson", "--user", "u"], "--user");
}

#[test]
fn without_a_server_sending_is_a_retryable_failure_with_the_next_step() {
    let place = Place::new();
    for args in [&["send", "x"] as &[&str], &["send", "--generate", "10"], &["send", "-"]] {
        let args = [args, &["--server", "127.0.0.1:1"]].concat();
        place.feed(b"{\"type\":\"x\",\"source\":\"y\"}\n", &args).exits(3).says("streamflow start");
    }
}

#[test]
fn files_of_every_layout_are_sent_whole() {
    let server = Server::start();
    let place = &server.place;
    let line = "{\"type\":\"t\",\"source\":\"s\",\"data\":{\"text\":\"a\\n}]\"}}\n";
    place.write("lines.ndjson", &line.repeat(2_500));
    place.write("array.json", &format!("[\n{}\n]", vec![line; 1_500].join(",")));
    place.write("table.csv", "type,user_id,n\nrow,7,1\nrow,8,2\n");
    let file = std::fs::File::create(place.dir().join("lines.ndjson.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    gzip.write_all(line.repeat(700).as_bytes()).unwrap();
    gzip.finish().unwrap();
    let check = |file: &str, events: u64| {
        let sent = server.run(&["send", "-f", file, "-o", "json"]).exits(0).json();
        assert_eq!(sent["accepted"], events, "{file}: {sent}");
    };
    check("lines.ndjson", 2_500);
    check("array.json", 1_500);
    check("table.csv", 2);
    check("lines.ndjson.gz", 700);
    assert_eq!(stored(&server), 4_702);
    let piped = place.feed(line.repeat(3).as_bytes(), &["send", "-", "-o", "json"]).exits(0).json();
    assert_eq!(piped["accepted"], 3);
}

#[test]
fn bad_events_are_named_by_file_and_line_and_the_good_ones_kept() {
    let server = Server::start();
    let good = "{\"type\":\"t\",\"source\":\"s\"}\n";
    let text = format!("{}{{\"type\":\"t\"}}\n\n  nope\n{good}", good.repeat(1_200));
    server.place.write("mixed.ndjson", &text);
    let ended = server.run(&["send", "-f", "mixed.ndjson", "-o", "json"]).exits(1);
    let sent = ended.json();
    assert_eq!((sent["accepted"].as_u64(), sent["rejected"].as_u64()), (Some(1_201), Some(2)));
    let ended = ended.says("mixed.ndjson:1201: ").says("(missing_field)").says("mixed.ndjson:1203: column 4");
    assert!(ended.err.contains("streamflow events rejected"), "{}", ended.err);
    assert_eq!(stored(&server), 1_201);
}

#[test]
fn rejected_events_are_listed_and_sent_again_mended() {
    let server = Server::start();
    server.place.feed(b"{\"type\":\"t\"}\nnope\n", &["send", "-"]).exits(1);
    let listed = server.run(&["events", "rejected", "-o", "json"]).exits(0).json();
    let codes: Vec<&str> = listed["rows"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["invalid_json", "missing_field"]);
    let missing = ["events", "rejected", "--code", "missing_field", "--jq", ".rows[].offset"];
    let offset = server.run(&missing).exits(0).out;
    server.run(&["events", "resend", "--id", offset.trim()]).exits(1);
    let mended = server.run(&["events", "resend", "--id", offset.trim(), "--set", "source=till", "--set", "data.n:=5"]);
    assert!(mended.exits(0).out.contains(" accepted 0:0"));
    let event = server.run(&["events", "get", "0:0", "-o", "json"]).exits(0).json();
    assert_eq!((event["source"].as_str(), event["data"]["n"].as_u64()), (Some("till"), Some(5)));
    let all = server.run(&["events", "resend", "--all", "--set", "source=other"]).exits(1);
    assert!(all.err.contains("0 of 3 accepted, 2 stored before"), "mended ones are not sent again: {}", all.err);
    assert_eq!(stored(&server), 1);
    server.run(&["events", "resend", "--id", "999"]).exits(5).says("events rejected");
    server.run(&["events", "get", "no-such-id"]).exits(5);
}

#[test]
fn the_same_seed_makes_the_same_events() {
    let server = Server::start();
    let sent = |seed: &str| {
        let args = ["send", "--generate", "1500", "--seed", seed, "--with-ids", "--over", "24h", "-o", "json"];
        server.run(&args).exits(0).json()
    };
    assert_eq!(sent("1")["accepted"], 1_500);
    assert_eq!(sent("1")["duplicates"], 1_500);
    assert_eq!(sent("2")["accepted"], 1_500);
    let spread = "SELECT count(*) FROM events WHERE timestamp < now() - INTERVAL '12 hours'";
    server.run(&["query", spread, "--expect", "value>1000"]).exits(0);
    for profile in ["api", "iot"] {
        server.run(&["send", "--generate", "100", "--profile", profile]).exits(0);
    }
}

#[test]
fn interrupted_sending_says_what_was_acknowledged() {
    let server = Server::start();
    let mut command = server.place.command(&["send", "--generate", "0", "--rate", "2000", "-o", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while stored(&server) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = Ended::of(&child.wait_with_output().unwrap()).exits(130);
    let sent = ended.json();
    let (accepted, unanswered) = (sent["accepted"].as_u64().unwrap(), sent["unanswered"].as_u64().unwrap());
    let stored = stored(&server);
    assert!((accepted..=accepted + unanswered).contains(&stored), "{accepted} + {unanswered} said, {stored} stored");
}

#[test]
fn sending_waits_for_a_server_that_restarts_and_counts_each_event_once() {
    let mut server = Server::start_in(Place::new(), &[]);
    let port = server.url("gateway").rsplit(':').next().unwrap().to_owned();
    let mut command = server.place.command(&["send", "--generate", "6000", "--rate", "3000", "-o", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while stored(&server) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    let start = ["start", "--port-base=0", "--dashboard-port", &port, "--ready-fd=1"];
    let mut again = server.place.command(&start).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let sent = Ended::of(&child.wait_with_output().unwrap());
    let stored = stored(&server);
    again.kill().unwrap();
    again.wait().unwrap();
    let sent = sent.exits(0).json();
    assert_eq!(sent["accepted"], 6_000, "{sent}");
    assert!(sent["retries"].as_u64().unwrap() > 0, "{sent}");
    assert_eq!(stored, 6_000);
}
