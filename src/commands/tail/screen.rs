//! Prints events one by one, each once, and says what was missed.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{EVENT, line};
use crate::commands::{Session, range};
use crate::printer::{CommandError, Printer, Stream};

/// Whether there is use in going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// As many events were printed as were asked for.
    Full,
}

/// Where events are printed.
pub(super) struct Screen<'a> {
    printer: &'a Printer,
    stream: Stream<'a>,
    /// `2026-11-23`; events of other days show theirs.
    today: String,
    /// Events that may still be printed.
    left: Option<u64>,
    printed: u64,
    /// The last offset printed of each partition: the past and the live events overlap.
    seen: HashMap<u64, u64>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(session: &'a Session, count: Option<u64>) -> Result<Self, CommandError> {
        let printer = session.printer();
        let today = range::now(session).to_string().chars().take_while(|c| *c != 'T').collect();
        let stream = printer.stream(EVENT.name, EVENT.columns())?;
        Ok(Self { printer, stream, today, left: count, printed: 0, seen: HashMap::new() })
    }

    /// Prints an event unless it was printed before.
    pub(super) fn event(&mut self, event: Map<String, Value>) -> Result<State, CommandError> {
        if self.stream.is_full() {
            return Ok(State::Full);
        }
        if !self.is_new(&event) {
            return Ok(State::Open);
        }
        self.stream.line(&event, line::human(&event, &self.today))?;
        self.printed += 1;
        self.left = self.left.map(|left| left.saturating_sub(1));
        let is_full = self.left == Some(0) || self.stream.is_full();
        Ok(if is_full { State::Full } else { State::Open })
    }

    /// Returns whether `--limit` leaves no room for another event.
    pub(super) const fn is_at_limit(&self) -> bool {
        self.stream.is_full()
    }

    /// Notes that there is an event for which `--limit` left no room.
    pub(super) const fn cut(&mut self) {
        self.stream.cut();
    }

    fn is_new(&mut self, event: &Map<String, Value>) -> bool {
        let number = |name| event.get(name).and_then(Value::as_u64);
        let (Some(partition), Some(offset)) = (number("_partition"), number("_offset")) else { return true };
        match self.seen.get_mut(&partition) {
            Some(last) if *last >= offset => false,
            Some(last) => {
                *last = offset;
                true
            }
            None => {
                self.seen.insert(partition, offset);
                true
            }
        }
    }

    /// Returns the offset behind the last event that was printed; 0 before the first.
    pub(super) fn next_offset(&self) -> u64 {
        self.seen.values().max().map_or(0, |last| last + 1)
    }

    /// Takes every event for new, whatever was printed before.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }

    /// Says that events went by unseen.
    pub(super) fn gap(&self, missed: u64) {
        self.printer
            .insist(format_args!("… {missed} events went by unseen: they came faster than they could be shown"));
    }

    /// Says how many events stand for how many.
    pub(super) fn sampled(&self, matched: u64, sent: u64) {
        self.printer.talk(format_args!("… {sent} of {matched} events shown"));
    }

    /// Returns whether nothing was printed.
    pub(super) fn is_empty(&self) -> bool {
        self.printed == 0
    }

    /// Ends what was printed.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        self.stream.finish()
    }

    /// Tells whether fewer events came than were asked for.
    pub(super) fn is_short_of_count(&self) -> bool {
        self.left.is_some_and(|left| left > 0)
    }
}
