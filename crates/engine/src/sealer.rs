//! The sealer: turns the tail into files of history, and gives back the journal that held it.
//!
//! One seal is: take the chunks there are, write them sorted by time, sync, rename, sync the folder; then one catalog
//! transaction; then, under one lock, the file takes the place of the chunks, so that a query finds each row once; and last
//! the journal files go. A crash before the transaction leaves a file that nobody names, which the next start removes; a
//! crash after it leaves journal files that the next start passes over. Where the lake is in an object store, a file that
//! is in its place is an object that the store has said to have.

mod journal_files;
mod lake;
mod late;
mod open;
mod recovery;
mod seal;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

pub(crate) use open::{History, open_history, read_history};
pub(crate) use recovery::while_reading;

use crate::catalog::{Catalog, CatalogError};
use crate::clock::Clock;
use crate::disk::{Disk, Folder};
use crate::ingest::Store;
use crate::object::failure::MARK;
use crate::segment::{SegmentError, WriteOptions};
use crate::task;

/// The tail is sealed when it takes this much memory: about 64 MB of events as they came in, with their columns.
const TAIL_BYTES: usize = 128 << 20;
/// A tail up to this size is sealed at a lower priority: sealing keeps up.
const CALM_BYTES: usize = 2 * TAIL_BYTES;
/// A tail of this size is sealed whenever that was done last.
const URGENT_BYTES: usize = 4 * TAIL_BYTES;
/// A tail that may not grow beyond this many times its size is sealed, however small it is.
const FULL_SHARE: usize = 4;
/// Under load seals are this far apart, so that files grow instead of becoming many; unless events should be sealed
/// sooner than that.
const PAUSE: Duration = Duration::from_secs(5);
/// How often the sealer looks whether there is something to do, or more often if events should be sealed sooner.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often it looks while there is much to do.
const BUSY_LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Requests to seal at once that may wait.
const REQUESTS_MAX: usize = 16;

/// What paths of a store begin with.
const STORE_ROOT: &str = "s3:";

/// What one seal did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SealReport {
    pub events: u64,
    pub rejected_events: u64,
    pub files: u64,
    /// Bytes of the new files.
    pub bytes: u64,
    pub journal_files_removed: u64,
}

/// Why nothing was sealed. The events are in the journal as before.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Segment(#[from] SegmentError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("{}: {reason}", path.display())]
    Io { path: PathBuf, reason: String },
    /// The catalog names files that are not where history is.
    #[error("{missing} files that the catalog names are not in {}, {example} among them; it was last opened with {said}", lake.display())]
    Elsewhere { lake: PathBuf, said: String, missing: usize, example: String },
    #[error("{} holds the history of another data folder", lake.display())]
    Foreign { lake: PathBuf },
    /// A transaction took effect although the disk said that it failed.
    #[error("the catalog holds events that the tail has, too; start the server anew")]
    Ahead,
    #[error("the sealer has stopped")]
    Stopped,
}

impl SealError {
    /// Returns whether it is about a store: then whoever asked may know its reason, for it is nothing of this machine's.
    #[must_use]
    pub fn is_of_store(&self) -> bool {
        matches!(self, Self::Io { path, .. } if path.starts_with(STORE_ROOT))
    }

    /// Returns the error of a file of history, with its reason.
    pub(crate) fn of_segment(path: impl Into<PathBuf>, error: SegmentError) -> Self {
        let reason = match &error {
            SegmentError::Io(reason) => reason.to_string(),
            SegmentError::Parquet(reason) => reason.to_string(),
            SegmentError::Arrow(reason) => reason.to_string(),
            _ => return error.into(),
        };
        let reason = reason.find(MARK).map_or(reason.as_str(), |at| &reason[at..]).to_owned();
        Self::Io { path: path.into(), reason }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::Io { path: path.into(), reason: error.to_string() }
    }
}

type Reply = SyncSender<Result<SealReport, SealError>>;

/// The handle to the sealer's thread.
#[derive(Debug)]
pub(crate) struct Sealer {
    requests: Mutex<Option<SyncSender<Reply>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the sealer works with.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) store: Arc<Store>,
    pub(crate) catalog: Arc<Mutex<Catalog>>,
    /// Of the journal.
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Folder of the lake: a folder for each table in it.
    pub(crate) lake: Folder,
    /// Folder of the journal.
    pub(crate) journal: PathBuf,
    pub(crate) write_options: WriteOptions,
    /// No event stays unsealed for longer, so that other engines see it.
    pub(crate) interval: Duration,
}

impl Sealer {
    /// Starts the thread.
    pub(crate) fn start(workshop: Workshop) -> io::Result<Self> {
        let (requests, receiver) = sync_channel(REQUESTS_MAX);
        let thread = task::thread("sealer", move || run(workshop, &receiver))?;
        Ok(Self { requests: Mutex::new(Some(requests)), thread: Mutex::new(Some(thread)) })
    }

    /// Seals everything acknowledged so far, and waits for it.
    ///
    /// # Errors
    /// When the disk or the catalog fails, or the engine is being closed.
    pub(crate) fn seal(&self) -> Result<SealReport, SealError> {
        let requests = self.requests.lock().clone().ok_or(SealError::Stopped)?;
        let (reply, answer) = sync_channel(1);
        requests.send(reply).map_err(|_| SealError::Stopped)?;
        drop(requests);
        answer.recv().map_err(|_| SealError::Stopped)?
    }

    /// Seals what is left and ends the thread. The journal must be closed already, for all of its files may go.
    pub(crate) fn close(&self) {
        drop(self.requests.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the sealer panicked; what it had not sealed is in the journal");
        }
    }
}

fn run(mut workshop: Workshop, requests: &Receiver<Reply>) {
    let mut last = workshop.clock.monotonic();
    let mut failed = false;
    loop {
        let look = if has_much(&workshop) { BUSY_LOOK_INTERVAL } else { LOOK_INTERVAL };
        let request = match requests.recv_timeout(look.min(workshop.interval)) {
            Ok(reply) => Some(reply),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let since = workshop.clock.monotonic().saturating_sub(last);
        if request.is_none() && !is_due(&workshop, since, failed) {
            continue;
        }
        // As long as there is room, sealing lets acknowledgements go first; then the tail must not outgrow its limit.
        let outcome = match workshop.store.tail.bytes() < CALM_BYTES {
            true => task::in_background("sealer-calm", || workshop.seal(journal_files::Kept::Newest)),
            false => workshop.seal(journal_files::Kept::Newest),
        };
        last = workshop.clock.monotonic();
        failed = outcome.is_err();
        match &outcome {
            Ok(report) => tracing::debug!(?report, "sealed"),
            Err(error) => {
                tracing::error!(%error, "history was not sealed; the events stay in the journal and it is tried again");
            }
        }
        if let Some(reply) = request {
            // Whoever asked may have gone.
            drop(reply.send(outcome));
        }
    }
    if let Err(error) = workshop.seal(journal_files::Kept::None) {
        tracing::error!(%error, "history was not sealed at the end; the next start reads the journal again");
    }
}

impl Workshop {
    /// Seals what is replayed so far, and leaves the journal that is being read.
    pub(crate) fn seal_recovering(&mut self) -> Result<SealReport, SealError> {
        self.seal(journal_files::Kept::All)
    }

    /// Seals everything acknowledged so far, as the thread does.
    pub(crate) fn seal_now(&mut self) -> Result<SealReport, SealError> {
        self.seal(journal_files::Kept::Newest)
    }
}

/// Returns whether the tail takes so much memory that it should be sealed.
fn has_much(workshop: &Workshop) -> bool {
    let full = workshop.store.options.tail_bytes_max / FULL_SHARE;
    workshop.store.tail.bytes() >= TAIL_BYTES.min(full)
}

/// What failed is tried again after a pause, however much there is.
fn is_due(workshop: &Workshop, since_last: Duration, failed: bool) -> bool {
    let full = workshop.store.options.tail_bytes_max / FULL_SHARE;
    if !failed && workshop.store.tail.bytes() >= URGENT_BYTES.min(full) {
        return true;
    }
    if since_last < PAUSE.min(workshop.interval) {
        return false;
    }
    if has_much(workshop) {
        return true;
    }
    let age_max = i64::try_from(workshop.interval.as_micros()).unwrap_or(i64::MAX);
    let oldest = workshop.store.oldest_unsealed();
    oldest.is_some_and(|oldest| workshop.clock.now().saturating_sub(oldest) >= age_max)
}
