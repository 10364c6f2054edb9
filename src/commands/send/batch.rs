//! Gathers events into requests of a good size.

use std::sync::Arc;

use tokio::sync::mpsc;

/// Events of one request: enough that a sync is shared by many, few enough that an answer comes within milliseconds.
pub(in crate::commands) const BATCH_EVENTS_MAX: usize = 1_000;
/// Bytes of one request, far below the server's limit on bodies.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Requests that wait to be sent; more would only take memory.
pub(in crate::commands) const WAITING_BATCHES_MAX: usize = 4;

/// The events of one request.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Batch {
    /// What the events were read from.
    pub(in crate::commands) origin: Arc<str>,
    /// NDJSON.
    pub(in crate::commands) body: Vec<u8>,
    /// Line of the input on which each event begins; empty for events that come from no file.
    pub(in crate::commands) lines: Vec<u64>,
    pub(in crate::commands) events: usize,
}

impl Batch {
    fn of(origin: Arc<str>) -> Self {
        Self { origin, body: Vec::new(), lines: Vec::new(), events: 0 }
    }
}

/// Nobody takes batches any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) struct Stopped;

/// Fills batches and hands each full one over.
#[derive(Debug)]
pub(in crate::commands) struct Batcher {
    batch: Batch,
    to: mpsc::Sender<Batch>,
    events_max: usize,
}

impl Batcher {
    /// Returns a batcher of batches of up to `events_max` events.
    pub(in crate::commands) fn new(to: mpsc::Sender<Batch>, events_max: usize) -> Self {
        Self { batch: Batch::of("".into()), to, events_max: events_max.max(1) }
    }

    /// Says what the events from now on are read from. The batch before must have been handed over.
    pub(in crate::commands) fn begin(&mut self, origin: &str) {
        self.batch.origin = origin.into();
    }

    /// Lets `write` append one event, and the line's end after it.
    pub(in crate::commands) fn write(&mut self, line: u64, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stopped> {
        self.batch.lines.push(line);
        self.write_unplaced(write)
    }

    /// As [`Batcher::write`], for an event that comes from no file.
    pub(in crate::commands) fn write_unplaced(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stopped> {
        write(&mut self.batch.body);
        self.batch.body.push(b'\n');
        self.batch.events += 1;
        if self.batch.events >= self.events_max || self.batch.body.len() >= BATCH_BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands over what there is. Waits while enough batches are waiting, so it is called on a thread of its own.
    pub(in crate::commands) fn flush(&mut self) -> Result<(), Stopped> {
        if self.batch.events == 0 {
            return Ok(());
        }
        let next = Batch::of(Arc::clone(&self.batch.origin));
        self.to.blocking_send(std::mem::replace(&mut self.batch, next)).map_err(|_| Stopped)
    }
}
