//! Single events that are on disk and not columns yet.
//!
//! Making columns costs more a batch than a row, and single events come in small groups. So the journal thread keeps
//! their text alone; it becomes one chunk of the tail when there is enough of it, or before anybody looks.

use bytes::Bytes;
use parking_lot::Mutex;

use super::decoder::Decoder;
use super::fingerprint::Fingerprint;
use crate::clock::Micros;
use crate::tail::Tail;

/// With so many rows or bytes of text another thread makes columns of them.
const ENOUGH: Amount = Amount { rows: 1_024, bytes: 1 << 20 };
/// With so many the journal thread does not wait for the other one any more.
const FULL: Amount = Amount { rows: 4_096, bytes: 4 << 20 };

struct Amount {
    rows: usize,
    bytes: usize,
}

/// Single events that are on disk and not columns yet.
#[derive(Debug)]
pub(crate) struct Pending {
    events: Mutex<Events>,
    /// Held from taking events to publishing their chunk, so that chunks follow each other by offset.
    decoder: Mutex<Decoder>,
}

/// Events with neighbouring offsets.
#[derive(Debug, Default)]
struct Events {
    /// A line each.
    lines: Vec<u8>,
    base_offset: u64,
    rows: usize,
    /// How many rows came together, and when.
    arrivals: Vec<(usize, Micros)>,
}

impl Pending {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { events: Mutex::default(), decoder: Mutex::new(decoder) }
    }

    /// Adds the events of one commit, which follow those added before unless all of these were settled.
    pub(crate) fn add(&self, lines: Vec<u8>, rows: usize, base_offset: u64, appended_at: Micros) {
        let mut events = self.events.lock();
        if events.rows == 0 {
            *events = Events { lines, base_offset, rows, arrivals: vec![(rows, appended_at)] };
            return;
        }
        debug_assert_eq!(events.base_offset + events.rows as u64, base_offset, "what came between settles these first");
        events.lines.extend_from_slice(&lines);
        events.rows += rows;
        events.arrivals.push((rows, appended_at));
    }

    /// Returns whether it is worth waking the thread that settles in the background.
    pub(crate) fn has_enough(&self) -> bool {
        self.events.lock().reach(&ENOUGH)
    }

    /// Returns whether they have to be settled at once.
    pub(crate) fn is_full(&self) -> bool {
        self.events.lock().reach(&FULL)
    }

    /// Publishes all events added before the call.
    pub(crate) fn settle(&self, tail: &Tail, fingerprint: &Fingerprint) {
        let mut decoder = self.decoder.lock();
        let events = std::mem::take(&mut *self.events.lock());
        if events.rows == 0 {
            return;
        }
        let body = Bytes::from(events.lines);
        decoder.decode_stored(&body, fingerprint).expect("each of these events was decoded before");
        let draft = decoder.columns.finish(body);
        tail.push(draft.place(events.base_offset, &events.arrivals));
    }
}

impl Events {
    fn reach(&self, amount: &Amount) -> bool {
        self.rows >= amount.rows || self.lines.len() >= amount.bytes
    }
}
