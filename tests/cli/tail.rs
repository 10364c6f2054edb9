//! Live events: filters, the past first, ends.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::server::Server;

/// A `tail` under way.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(server: &Server, args: &[&str]) -> Self {
        let mut command = server.place.command(&[&["tail", "-o", "ndjson"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Returns `data.n` of the next event.
    fn next(&mut self) -> i64 {
        let line = self.lines.next().expect("the tail goes on").unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["data"]["n"].as_i64().unwrap()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn send(server: &Server, kind: &str, numbers: std::ops::Range<i64>) {
    let events: String =
        numbers.map(|n| format!("{{\"type\":\"{kind}\",\"source\":\"s\",\"data\":{{\"n\":{n}}}}}\n")).collect();
    server.place.feed(events.as_bytes(), &["send", "-", "-q", "-o", "none"]).exits(0);
}

#[test]
fn live_events_follow_those_of_the_past_without_a_hole() {
    let server = Server::start();
    send(&server, "a", 0..2_000);
    let mut tail = Tail::start(&server, &["--since", "1h"]);
    let mut expected = 0;
    // Sent while the past is still being printed.
    send(&server, "a", 2_000..2_500);
    while expected < 2_500 {
        assert_eq!(tail.next(), expected);
        expected += 1;
    }
    send(&server, "a", 2_500..2_501);
    assert_eq!(tail.next(), 2_500);
}

#[test]
fn filter_is_words_or_sql() {
    let server = Server::start();
    send(&server, "a", 0..5);
    send(&server, "b", 5..10);
    for filter in [&["type=b"] as &[&str], &["type=b", "source=s"], &["type = 'b' AND data.n > 4"]] {
        let mut tail = Tail::start(&server, &[filter, &["--last", "2"]].concat());
        assert_eq!((tail.next(), tail.next()), (8, 9), "{filter:?}");
    }
    server.run(&["tail", "typo > 1 AND"]).exits(2).says("error:");
    server.run(&["tail", "nothing(1) > 2", "--count", "1", "--timeout", "5s"]).exits(2);
}

#[test]
fn tail_ends_when_it_was_told_to() {
    let server = Server::start();
    send(&server, "a", 0..10);
    let lines = |args: &[&str], code: i32| {
        server.run(&[&["tail", "-o", "ndjson"], args].concat()).exits(code).out.lines().count()
    };
    assert_eq!(lines(&["--last", "4", "--count", "3"], 0), 3);
    assert_eq!(lines(&["--since", "1h", "--until", "now"], 0), 10);
    assert_eq!(lines(&["--last", "2", "--timeout", "1s"], 0), 2);
    assert_eq!(lines(&["--last", "2", "--count", "5", "--timeout", "1s"], 124), 2);
    assert_eq!(lines(&["--last", "5", "--limit", "2"], 0), 2);
}

#[test]
fn people_get_one_line_an_event() {
    let server = Server::start();
    server.run(&["send", "web.click", "-d", "page=/cart", "--user", "u7", "--severity", "high"]).exits(0);
    let line = server.run(&["tail", "--last", "1", "--count", "1"]).exits(0).out;
    assert!(line.ends_with(" high     web.click cli u7 page=/cart\n"), "{line}");
}

#[test]
fn reader_that_leaves_is_success() {
    let server = Server::start();
    send(&server, "a", 0..10);
    let mut command = server.place.command(&["tail", "--since", "1h"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn server_that_goes_is_a_retryable_failure() {
    let mut server = Server::start();
    send(&server, "a", 0..1);
    let mut tail = Tail::start(&server, &["--last", "1", "--retry-for", "0s"]);
    assert_eq!(tail.next(), 0);
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    assert_eq!(tail.child.wait().unwrap().code(), Some(3));
    let mut server = Server::start();
    send(&server, "a", 0..1);
    let mut tail = Tail::start(&server, &["--last", "1", "--retry-for", "1s"]);
    assert_eq!(tail.next(), 0);
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    assert_eq!(tail.child.wait().unwrap().code(), Some(3));
}

#[test]
fn tail_goes_on_over_a_restart_without_a_hole_and_shows_nothing_twice() {
    let mut server = Server::start();
    send(&server, "a", 0..3);
    let mut tail = Tail::start(&server, &["type=a", "--last", "2"]);
    assert_eq!((tail.next(), tail.next()), (1, 2));
    send(&server, "b", 3..4);
    send(&server, "a", 4..5);
    assert_eq!(tail.next(), 4);
    for round in 0..2 {
        server.signal(rustix::process::Signal::KILL);
        server.wait();
        // The new server has other ports, and takes events before the tail finds it.
        server = server.again(&[]);
        let first = 10 * (round + 1);
        send(&server, "b", 0..5);
        send(&server, "a", first..first + 3);
        assert_eq!((tail.next(), tail.next(), tail.next()), (first, first + 1, first + 2));
    }
}

#[test]
fn events_while_the_tail_had_shown_nothing_yet_are_not_lost() {
    let mut server = Server::start();
    send(&server, "a", 0..3);
    let mut tail = Tail::start(&server, &[]);
    // The second event tells that the tail is there: the first may have come before it.
    loop {
        send(&server, "a", 100..101);
        if server.run(&["status", "--jq", ".live_subscribers"]).out == "1\n" {
            break;
        }
    }
    send(&server, "a", 200..201);
    while tail.next() != 200 {}
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    server = server.again(&[]);
    send(&server, "a", 300..301);
    assert_eq!(tail.next(), 300);
}

#[test]
fn json_of_what_came_is_one_document_however_the_tail_ended() {
    let server = Server::start();
    send(&server, "a", 0..4);
    let rows = |args: &[&str]| {
        let document = server.run(&[&["tail", "-o", "json"], args].concat()).exits(0).json();
        assert_eq!(document["schema"], "streamflow.event/1");
        document["rows"].as_array().unwrap().len()
    };
    assert_eq!(rows(&["--last", "3", "--until", "now"]), 3);
    assert_eq!(rows(&["--last", "2", "--count", "2"]), 2);
    assert_eq!(rows(&["type=none", "--timeout", "1s"]), 0);
    let mut command = server.place.command(&["tail", "-o", "json", "--last", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("\"n\":3") {
        assert!(out.read_line(&mut text).unwrap() > 0, "{text}");
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    std::io::Read::read_to_string(&mut out, &mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
}

#[test]
fn a_bare_word_is_an_event_type() {
    let server = Server::start();
    server.run(&["send", "web.click", "-d", "page=/"]).exits(0);
    server.run(&["send", "web.view", "-d", "page=/"]).exits(0);
    let past = |filter: &str| server.run(&["tail", filter, "--last", "9", "--until", "now", "-o", "ndjson"]).exits(0);
    let found = past("web.click").says("reading \"web.click\" as type=web.click");
    assert_eq!(found.out.lines().count(), 1, "{}", found.out);
    past("web.clik").says("no event has the event type \"web.clik\"; did you mean \"web.click\" (1 event)?");
    let live = ["tail", "web.clik", "--timeout", "500ms"];
    server.run(&live).exits(0).says("did you mean \"web.click\"");
    server.run(&["top", "pages", "--filter", "web.view"]).exits(0).says("reading \"web.view\" as type=web.view");
}

#[test]
fn events_around_a_moment_are_shown() {
    let server = Server::start();
    let event = |time: &str| format!("{{\"type\":\"a\",\"source\":\"s\",\"timestamp\":\"{time}\"}}\n");
    let events = ["2026-01-01T11:00:00Z", "2026-01-01T11:50:00Z", "2026-01-01T12:10:00Z"].map(event).concat();
    server.place.feed(events.as_bytes(), &["send", "-"]).exits(0);
    let found = server.run(&["tail", "--around", "2026-01-01 12:00", "-o", "ndjson"]).exits(0);
    assert_eq!(found.out.lines().count(), 2, "{}", found.out);
    found.says("from 2026-01-01T11:45:00Z to 2026-01-01T12:15:00Z");
    server.run(&["tail", "--around", "1h", "--since", "2h"]).exits(2);
}
