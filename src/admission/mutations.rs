//! Tells of mutations to whoever wants to know, and never lets a review wait for it.

use std::sync::Arc;

use jiff::Timestamp;
use streamflow_core::admission::{Outcome, Reviewed, Subject, Summary};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::metrics::Metrics;
use super::{Shared, limits};

/// An object that was given keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    pub at: Timestamp,
    pub summary: Summary,
    /// Keys and maps that were added.
    pub additions: usize,
}

impl Mutation {
    /// Returns the kind of the object.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.summary.subject {
            Some(Subject::Deployment) => "Deployment",
            Some(Subject::Service) => "Service",
            None => "other",
        }
    }
}

/// The mutations that were not taken yet. Those above the limit are dropped, and counted.
#[derive(Debug)]
pub struct Mutations {
    pub(super) waiting: mpsc::Receiver<Mutation>,
    pub(super) shared: Arc<Shared>,
}

impl Mutations {
    /// Returns the next ones, at most `most`, as soon as there is one; none when the webhook has stopped.
    pub async fn next(&mut self, most: usize) -> Vec<Mutation> {
        let mut mutations = Vec::new();
        tokio::select! {
            _ = self.waiting.recv_many(&mut mutations, most) => {}
            // What waits when the webhook stops is still given out.
            () = self.shared.stopping.cancelled() => {
                while let Ok(mutation) = self.waiting.try_recv() {
                    mutations.push(mutation);
                }
            }
        }
        mutations
    }

    /// Counts mutations that reached whom they were for.
    pub fn sent(&self, count: u64) {
        self.shared.metrics.events_sent.inc_by(count);
    }

    /// Counts mutations that did not.
    pub fn lost(&self, count: u64) {
        self.shared.metrics.events_dropped.inc_by(count);
    }
}

/// Where mutations are put; nowhere when nobody wants to know.
#[derive(Debug)]
pub(super) struct Teller(Option<mpsc::Sender<Mutation>>);

impl Teller {
    pub(super) const fn silent() -> Self {
        Self(None)
    }

    pub(super) fn to_somebody() -> (Self, mpsc::Receiver<Mutation>) {
        let (sender, receiver) = mpsc::channel(limits::MUTATIONS_MAX);
        (Self(Some(sender)), receiver)
    }

    /// Tells of a review that changed an object. A dry run changes none.
    pub(super) fn tell(&self, reviewed: &Reviewed, at: Timestamp, metrics: &Metrics) {
        let (Some(to), Outcome::Patched(patch)) = (&self.0, &reviewed.outcome) else { return };
        if reviewed.summary.dry_run {
            return;
        }
        let mutation = Mutation { at, summary: reviewed.summary.clone(), additions: patch.additions().len() };
        match to.try_send(mutation) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {
                metrics.events_dropped.inc();
            }
        }
    }
}
