//! Prepares the requests of a run before it starts, so that sending one is a single write.

use super::target::Target;
use crate::generator::{Generator, Options, Profile};

/// Whole requests that a connection owns and sends over and over.
#[derive(Debug)]
pub(super) struct Requests {
    items: Vec<Request>,
    next: usize,
    pub(super) events_per_request: u64,
}

#[derive(Debug)]
struct Request {
    bytes: Vec<u8>,
    /// Where the digits of each event's id stand; empty when events carry none.
    id_slots: Vec<usize>,
}

/// The shape of a run's requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) path: &'static str,
    /// Events of a request: none means one JSON object, any number means so many lines of NDJSON.
    pub(super) batch: Option<usize>,
    pub(super) ids: Ids,
    pub(super) seed: u64,
}

/// Whether events carry a client's `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    None,
    /// Ids begin with this, so that no two runs share one.
    Run(u32),
}

/// Different requests a connection has. Few big ones, so that they stay in the processor's cache as a client's own
/// freshly written body would be.
const BATCHES_PER_CONNECTION: usize = 4;
const SINGLES_PER_CONNECTION: usize = 64;
/// Hexadecimal digits of the counting part of an id.
const ID_DIGITS: usize = 16;

impl Shape {
    pub(super) fn events_per_request(&self) -> u64 {
        self.batch.unwrap_or(1) as u64
    }

    /// Returns the requests of each of `connections`.
    pub(super) fn requests(&self, target: &Target, connections: usize) -> Vec<Requests> {
        let clicks = Generator::new(Options { profile: Profile::Click, seed: self.seed, ..Options::default() });
        (0..connections as u64).map(|connection| self.of_connection(target, clicks.stream(connection))).collect()
    }

    fn of_connection(&self, target: &Target, mut clicks: Generator) -> Requests {
        let count = if self.batch.is_some() { BATCHES_PER_CONNECTION } else { SINGLES_PER_CONNECTION };
        let items = (0..count).map(|_| self.request(target, &mut clicks)).collect();
        Requests { items, next: 0, events_per_request: self.events_per_request() }
    }

    fn request(&self, target: &Target, clicks: &mut Generator) -> Request {
        let mut body = Vec::new();
        let mut id_slots = Vec::new();
        for _ in 0..self.events_per_request() {
            clicks.write_event(&mut body);
            if let Ids::Run(run) = self.ids {
                id_slots.push(write_id_slot(run, &mut body));
            }
            if self.batch.is_some() {
                body.push(b'\n');
            }
        }
        let content_type = if self.batch.is_some() { "application/x-ndjson" } else { "application/json" };
        let mut bytes = Vec::with_capacity(body.len() + 256);
        target.write_post(self.path, content_type, &body, &mut bytes);
        let head_bytes = bytes.len() - body.len();
        id_slots.iter_mut().for_each(|slot| *slot += head_bytes);
        Request { bytes, id_slots }
    }
}

/// Adds an `id` as the event's last field and returns where its counting part stands.
fn write_id_slot(run: u32, body: &mut Vec<u8>) -> usize {
    assert_eq!(body.pop(), Some(b'}'), "an event is an object");
    body.extend_from_slice(format!(",\"id\":\"b{run:08x}-").as_bytes());
    let slot = body.len();
    body.extend_from_slice(&[b'0'; ID_DIGITS]);
    body.extend_from_slice(b"\"}");
    slot
}

impl Requests {
    /// Moves on to the next request, giving its events ids that count up from `ids_used`.
    pub(super) fn advance(&mut self, ids_used: &mut u64) {
        self.next = (self.next + 1) % self.items.len();
        let request = &mut self.items[self.next];
        for slot in &request.id_slots {
            write_hex(*ids_used, &mut request.bytes[*slot..*slot + ID_DIGITS]);
            *ids_used += 1;
        }
    }

    /// Returns the request to send.
    pub(super) fn current(&self) -> &[u8] {
        &self.items[self.next].bytes
    }
}

fn write_hex(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(shape: Shape, advances: usize) -> Vec<serde_json::Value> {
        let target = Target::local("127.0.0.1:9".parse().unwrap());
        let mut requests = shape.requests(&target, 1).pop().unwrap();
        let mut ids_used = 0;
        let mut events = Vec::new();
        for _ in 0..advances {
            requests.advance(&mut ids_used);
            let text = std::str::from_utf8(requests.current()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            events.extend(body.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()));
        }
        events
    }

    #[test]
    fn ids_differ_even_when_bodies_come_round_again() {
        let shape = Shape { path: "/events", batch: Some(10), ids: Ids::Run(7), seed: 1 };
        let events = bodies(shape, 3 * BATCHES_PER_CONNECTION);
        let ids: std::collections::HashSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!(ids.len(), 30 * BATCHES_PER_CONNECTION);
        assert!(ids.contains("\"b00000007-000000000000000b\""));
    }

    #[test]
    fn a_click_is_as_big_as_the_ones_users_send() {
        let shape = Shape { path: "/events", batch: None, ids: Ids::None, seed: 1 };
        for event in bodies(shape, 100) {
            assert!(event.to_string().len() >= 300, "{event}");
            assert!(event["data"].as_object().unwrap().len() >= 6, "{event}");
            assert!(event.get("id").is_none());
        }
    }
}
