//! Makes up requests: single events and lists, with ids, keys and bad events among the good ones.

use streamflow_engine::ingest::{Ack, Body, Framing, RequestKey};

use crate::Chance;

/// One event that is sent. Its marker is in `correlation_id`, so that it is recognised wherever it turns up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) marker: u64,
    pub(super) id: Option<u64>,
    /// Whether it is an event at all; a bad one has no source.
    pub(super) good: bool,
    /// Seed of the filler.
    filler: u64,
    filler_bytes: usize,
}

/// One request, so complete that it can be sent again byte by byte.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) events: Vec<Sent>,
    pub(super) framing: Framing,
    pub(super) ack: Ack,
    pub(super) key: Option<u64>,
}

/// Makes up requests.
#[derive(Debug)]
pub(super) struct Requests {
    chance: Chance,
    markers: u64,
    ids: u64,
    keys: u64,
}

/// Events of a list at most.
const LIST_EVENTS_MAX: u64 = 16;
/// Bytes of filler at most: a list crosses several sectors, a single event some times.
const FILLER_BYTES_MAX: u64 = 700;

impl Requests {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, markers: 0, ids: 0, keys: 0 }
    }

    /// Returns a request that was never sent before; some of its events carry ids that were.
    pub(super) fn next(&mut self) -> Sending {
        let framing = if self.chance.one_in(2) { Framing::Lines } else { Framing::Json };
        let count = match framing {
            Framing::Lines => self.chance.between(1, LIST_EVENTS_MAX),
            _ => 1,
        };
        let events = (0..count).map(|_| self.event()).collect();
        let ack = if self.chance.one_in(8) { Ack::Memory } else { Ack::Disk };
        let key = self.chance.one_in(4).then(|| {
            self.keys += 1;
            self.keys
        });
        Sending { events, framing, ack, key }
    }

    /// Returns a plain request with one good event.
    pub(super) fn probe(&mut self) -> Sending {
        self.markers += 1;
        let event = Sent { marker: self.markers, id: None, good: true, filler: 0, filler_bytes: 0 };
        Sending { events: vec![event], framing: Framing::Json, ack: Ack::Disk, key: None }
    }

    fn event(&mut self) -> Sent {
        self.markers += 1;
        let id = match self.chance.below(6) {
            0 | 1 => {
                self.ids += 1;
                Some(self.ids)
            }
            2 if self.ids > 0 => Some(self.chance.between(1, self.ids)),
            _ => None,
        };
        Sent {
            marker: self.markers,
            id,
            good: !self.chance.one_in(15),
            filler: self.chance.number(),
            filler_bytes: usize::try_from(self.chance.below(FILLER_BYTES_MAX)).expect("below a small bound"),
        }
    }
}

impl Sending {
    pub(super) fn body(&self) -> Body {
        let lines: Vec<String> = self.events.iter().map(Sent::json).collect();
        Body { bytes: lines.join("\n").into(), framing: self.framing }
    }

    pub(super) fn request_key(&self) -> Option<RequestKey> {
        self.key.map(|key| RequestKey(format!("key-{key}")))
    }
}

impl Sent {
    fn json(&self) -> String {
        let source = if self.good { "\"source\":\"sim\"," } else { "" };
        let id = self.id.map(|id| format!("\"id\":\"id-{id}\",")).unwrap_or_default();
        let filler = filler(self.filler, self.filler_bytes);
        let marker = self.marker;
        format!(
            "{{\"type\":\"sim.event\",{source}{id}\"correlation_id\":\"m{marker}\",\"data\":{{\"filler\":\"{filler}\"}}}}"
        )
    }
}

/// Returns letters without a pattern, so that compression leaves frames of many sizes.
fn filler(seed: u64, bytes: usize) -> String {
    let mut state = seed | 1;
    let letter = || {
        // xorshift: drawn for every byte sent, so it has to be cheap.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    };
    std::iter::repeat_with(letter).take(bytes).collect()
}
