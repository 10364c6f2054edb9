//! Gathers events into requests of a good size.

use std::sync::Arc;

use tokio::sync::mpsc;

/// Events of one request: enough that a sync is shared by many, few enough that an answer comes within milliseconds.
pub(super) const BATCH_EVENTS_MAX: usize = 1_000;
/// Bytes of one request, far below the server's limit on bodies.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Requests that wait to be sent; more would only take memory.
pub(super) const WAITING_BATCHES_MAX: usize = 4;

/// The events of one request.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// What the events were read from.
    pub(super) origin: Arc<str>,
    /// NDJSON.
    pub(super) body: Vec<u8>,
    /// Line of the input on which each event begins; empty for events that come from no file.
    pub(super) lines: Vec<u64>,
    pub(super) events: usize,
}

impl Batch {
    fn of(origin: Arc<str>) -> Self {
        Self { origin, body: Vec::new(), lines: Vec::new(), events: 0 }
    }
}

/// Nobody takes batches any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

/// Fills batches and hands each full one over.
#[derive(Debug)]
pub(super) struct Batcher {
    batch: Batch,
    to: mpsc::Sender<Batch>,
    events_max: usize,
}

impl Batcher {
    /// Returns a batcher of batches of up to `events_max` events.
    pub(super) fn new(to: mpsc::Sender<Batch>, events_max: usize) -> Self {
        Self { batch: Batch::of("".into()), to, events_max: events_max.clamp(1, BATCH_EVENTS_MAX) }
    }

    /// Says what the events from now on are read from. The batch before must have been handed over.
    pub(super) fn begin(&mut self, origin: &str) {
        self.batch.origin = origin.into();
    }

    /// Lets `write` append one event, and the line's end after it.
    pub(super) fn write(&mut self, line: u64, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stopped> {
        self.batch.lines.push(line);
        self.write_unplaced(write)
    }

    /// As [`Batcher::write`], for an event that comes from no file.
    pub(super) fn write_unplaced(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stopped> {
        write(&mut self.batch.body);
        self.batch.body.push(b'\n');
        self.batch.events += 1;
        if self.batch.events >= self.events_max || self.batch.body.len() >= BATCH_BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands over what there is. Waits while enough batches are waiting, so it is called on a thread of its own.
    pub(super) fn flush(&mut self) -> Result<(), Stopped> {
        if self.batch.events == 0 {
            return Ok(());
        }
        let next = Batch::of(Arc::clone(&self.batch.origin));
        self.to.blocking_send(std::mem::replace(&mut self.batch, next)).map_err(|_| Stopped)
    }
}
