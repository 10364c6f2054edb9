//! The machine that runs the writer: its disk, its clock, and the writer while it is up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use streamflow_core::event::Limits;
use streamflow_engine::clock::Micros;
use streamflow_engine::disk::Disk;
use streamflow_engine::ingest::{self, AppendError, Appended, Request, Store, StoreOptions, Writer};
use streamflow_engine::journal::{Floor, JournalError, JournalOptions, OnDamage};

use super::observed::Observed;
use super::requests::Sending;
use crate::{Chance, SimClock, SimDisk};

/// 2026-01-01 UTC.
const START: Micros = 1_767_225_600_000_000;
/// Small, so that every run has many files.
const FILE_BYTES: u64 = 24 << 10;
const FREE_BYTES_MIN: u64 = 4 << 10;
/// Longer than a run with all its jumps, so that no id is forgotten.
const DEDUP_WINDOW: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

pub(super) struct Machine {
    pub(super) disk: SimDisk,
    pub(super) clock: Arc<SimClock>,
    running: Option<Running>,
}

struct Running {
    writer: Writer,
    store: Arc<Store>,
}

/// The answer to each request of a group; none if the power went before there was one.
pub(super) type Answers = Vec<Option<Result<Appended, AppendError>>>;

impl Machine {
    pub(super) fn new(chance: Chance) -> Self {
        let clock = Arc::new(SimClock::starting_at(START));
        let disk = SimDisk::new(chance, Arc::clone(&clock));
        Self { disk, clock, running: None }
    }

    pub(super) fn dir() -> PathBuf {
        Path::new("/data/journal/0").to_owned()
    }

    pub(super) fn start(&mut self, on_damage: OnDamage) -> Result<(), JournalError> {
        self.running = None;
        let options = JournalOptions {
            dir: Self::dir(),
            file_bytes_target: FILE_BYTES,
            min_free_bytes: FREE_BYTES_MIN,
            on_damage,
            floor: Floor::default(),
        };
        let store = Arc::new(Store::new(StoreOptions { dedup_window: DEDUP_WINDOW, ..StoreOptions::default() }));
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let clock = Arc::clone(&self.clock);
        let (writer, _) = Writer::open(disk, clock, options, Arc::clone(&store))?;
        self.running = Some(Running { writer, store });
        Ok(())
    }

    /// Stops as a server does that was asked to.
    pub(super) fn stop(&mut self) -> Result<(), JournalError> {
        self.running.take().map_or(Ok(()), |mut running| running.writer.close())
    }

    /// Commits a group. The last answer to each request counts: the earlier one was given without waiting for the disk.
    pub(super) fn commit(&mut self, sendings: &[Sending]) -> Answers {
        let Running { writer, store } = self.running.as_mut().expect("the machine was started");
        let prepare = |sending: &Sending| {
            let prepared = ingest::prepare(sending.body(), store, Limits::default());
            let prepared = prepared.expect("bodies of the simulation are lists of objects");
            Request { prepared, ack: sending.ack, key: sending.request_key() }
        };
        let requests = sendings.iter().map(prepare).collect();
        let mut answers: Answers = vec![None; sendings.len()];
        writer.commit(requests, &mut |index, answer| answers[index] = Some(answer));
        answers
    }

    pub(super) fn fill_ahead(&mut self) {
        let running = self.running.as_mut().expect("the machine was started");
        if running.writer.wants_spare() {
            // A file that can't be filled ahead only makes commits slower.
            drop(running.writer.fill_ahead()());
        }
    }

    pub(super) fn observe(&self) -> Observed {
        Observed::of(&self.running.as_ref().expect("the machine was started").store.snapshot())
    }
}
