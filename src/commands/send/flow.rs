//! Keeps several requests on their way at once and adds up what became of their events.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::batch::Batch;
use super::delivery::{Delivered, Delivery, Rejection};
use crate::client::ClientError;
use crate::printer::Progress;

/// Requests on their way at once: while the server syncs one, it decodes the next.
pub(in crate::commands) const IN_FLIGHT_MAX: usize = 8;
/// What comes from a pipe is stored in its order, so that one request waits for the other's answer.
pub(in crate::commands) const IN_FLIGHT_ORDERED: usize = 1;
/// Rejected events that are shown; the server keeps them all.
pub(in crate::commands) const REJECTIONS_SHOWN_MAX: usize = 20;

/// What became of all events so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::commands) struct Totals {
    pub(in crate::commands) accepted: u64,
    pub(in crate::commands) duplicates: u64,
    /// Of the accepted ones, those that an earlier run had stored.
    pub(in crate::commands) replayed: u64,
    pub(in crate::commands) rejected: u64,
    pub(in crate::commands) requests: u64,
    pub(in crate::commands) retries: u64,
    pub(in crate::commands) bytes: u64,
    /// Events that were sent, answered or not.
    pub(in crate::commands) sent: u64,
    /// The first rejected ones.
    pub(in crate::commands) rejections: Vec<Rejection>,
}

impl Totals {
    fn add(&mut self, delivered: Delivered) {
        self.accepted += delivered.accepted;
        self.duplicates += delivered.duplicates;
        self.replayed += delivered.replayed;
        self.rejected += delivered.rejected;
        self.requests += 1;
        self.retries += delivered.retries;
        self.bytes += delivered.bytes;
        let room = REJECTIONS_SHOWN_MAX - self.rejections.len();
        self.rejections.extend(delivered.rejections.into_iter().take(room));
    }

    pub(in crate::commands) fn answered(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected
    }

    /// Returns how many events were under way when the sending ended early.
    pub(in crate::commands) fn unanswered(&self) -> u64 {
        self.sent.saturating_sub(self.answered())
    }
}

/// How fast events are sent.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) enum Speed {
    /// As fast as the server takes them.
    Full,
    /// So many events a second, whether or not the server has answered the ones before.
    PerSecond(f64),
}

impl Speed {
    /// Returns how long after a batch of so many events the next one is due.
    fn interval(self, events: usize) -> Duration {
        match self {
            Self::Full => Duration::ZERO,
            Self::PerSecond(rate) => Duration::try_from_secs_f64(events as f64 / rate).unwrap_or(Duration::MAX),
        }
    }
}

/// Sends every batch that comes until there are no more or one fails. `totals` is right at any moment, so that it can be
/// shown when this is dropped half-way.
pub(in crate::commands) async fn run(
    delivery: &Delivery,
    mut batches: mpsc::Receiver<Batch>,
    in_flight_max: usize,
    speed: Speed,
    progress: &Progress,
    totals: &mut Totals,
) -> Result<(), ClientError> {
    let mut under_way = FuturesUnordered::new();
    let mut number = 0;
    let mut due = Instant::now();
    let mut open = true;
    loop {
        tokio::select! {
            Some(done) = under_way.next(), if !under_way.is_empty() => {
                totals.add(done?);
                progress.set(totals.answered());
            }
            next = next_due(&mut batches, due), if open && under_way.len() < in_flight_max => match next {
                None => open = false,
                Some(batch) => {
                    due += speed.interval(batch.events);
                    totals.sent += batch.events as u64;
                    under_way.push(delivery.deliver(number, batch));
                    number += 1;
                }
            },
            else => return Ok(()),
        }
    }
}

/// Returns the next batch when its time has come. Nothing is lost when it is dropped before.
async fn next_due(batches: &mut mpsc::Receiver<Batch>, due: Instant) -> Option<Batch> {
    tokio::time::sleep_until(due).await;
    batches.recv().await
}
