use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::commands::bench::traffic::{Ids, Shape};
use crate::telemetry::task;

/// Answers every POST as `answer` says, given the number of the request over all connections.
fn serve(answer: impl Fn(u64) -> &'static str + Send + Sync + 'static) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::new((answer, AtomicU64::new(0)));
    task::thread("test-server", move || {
        for stream in listener.incoming() {
            let shared = Arc::clone(&shared);
            task::thread("test-conn", move || {
                serve_connection(stream.unwrap(), || (shared.0)(shared.1.fetch_add(1, Ordering::Relaxed)));
            })
            .unwrap();
        }
    })
    .unwrap();
    Target::local(address)
}

fn serve_connection(mut stream: TcpStream, answer: impl Fn() -> &'static str) {
    stream.set_nodelay(true).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
        }
        while let Some(length) = request_length(&received) {
            received.drain(..length);
            if stream.write_all(answer().as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn request_length(received: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: usize = head.split_once("content-length: ")?.1.parse().unwrap();
    (body.len() >= length).then_some(head.len() + 4 + length)
}

const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
const REFUSED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nfull";

fn plan(milliseconds: u64) -> Plan {
    Plan {
        per_second: None,
        warm_up: Duration::ZERO,
        duration: Duration::from_millis(milliseconds),
        requests_max: None,
        drain: Duration::from_millis(500),
        server: None,
    }
}

fn measure(target: &Target, plan: &Plan, connections: usize) -> Measured {
    let shape = Shape { path: "/events", batch: None, ids: Ids::None, seed: 1 };
    run(target, plan, shape.requests(target, connections), &mut 0).unwrap()
}

#[test]
fn a_bound_on_requests_is_met_exactly() {
    let target = serve(|_| CREATED);
    let plan = Plan { requests_max: Some(500), ..plan(20_000) };
    let measured = measure(&target, &plan, 4);
    assert_eq!((measured.requests, measured.events, measured.latency.len()), (500, 500, 500));
    assert!(measured.elapsed < Duration::from_secs(10), "the end came with the last answer");
}

#[test]
fn what_the_warm_up_sent_is_acknowledged_but_not_measured() {
    let target = serve(|_| CREATED);
    let plan = Plan { warm_up: Duration::from_millis(100), requests_max: Some(5), ..plan(20_000) };
    let measured = measure(&target, &plan, 2);
    // The requests on their way when the measurement began are answered within it.
    assert!((5..=7).contains(&measured.requests), "{}", measured.requests);
    assert!(measured.acknowledged > 7, "{}", measured.acknowledged);
}

#[test]
fn an_open_loop_offers_its_rate() {
    let target = serve(|_| CREATED);
    let measured = measure(&target, &Plan { per_second: Some(500.0), ..plan(1_000) }, 4);
    assert_eq!(measured.latency.len(), 500);
    assert_eq!(measured.unanswered, 0);
}

// One answer in 500 takes long. A client that waits for it before it counts the next request would see one bad latency;
// the requests that were due meanwhile had to wait as well, and are a third of all.
#[test]
fn a_stall_of_the_server_shows_in_every_request_that_had_to_wait() {
    let target = serve(|number| {
        if number == 100 {
            std::thread::sleep(Duration::from_millis(400));
        }
        CREATED
    });
    let measured = measure(&target, &Plan { per_second: Some(500.0), ..plan(1_000) }, 1);
    let waited = measured.latency.count_between(100_000_000, LATENCY_MAX_NS);
    assert!(waited >= 100, "{waited} of {} waited 100 ms", measured.latency.len());
}

#[test]
fn giving_up_counts_what_never_got_an_answer() {
    let target = serve(|_| {
        std::thread::sleep(Duration::from_millis(50));
        CREATED
    });
    let plan = Plan { per_second: Some(1_000.0), drain: Duration::from_millis(100), ..plan(500) };
    let measured = measure(&target, &plan, 1);
    assert!(measured.unanswered > 400, "{}", measured.unanswered);
    assert_eq!(measured.latency.len(), 500);
    assert!(measured.latency.max() >= 500_000_000, "the first of them has waited for the whole run");
}

#[test]
fn refusals_are_counted_and_the_first_is_kept() {
    let target = serve(|number| if number % 2 == 0 { REFUSED } else { CREATED });
    let measured = measure(&target, &Plan { requests_max: Some(100), ..plan(20_000) }, 1);
    assert_eq!((measured.refused, measured.acknowledged), (50, 50));
    assert_eq!(measured.first_refusal.as_deref(), Some("429 full"));
}
