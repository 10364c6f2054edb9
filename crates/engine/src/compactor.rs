//! The compactor: keeps history in few files, removes what became too old, and deletes files that nobody needs any more.
//!
//! It works beside the sealer, on a thread of its own, on files that are sealed: neither waits for the other but for the
//! moment of a transaction. A file that is replaced stays for a while, for other engines that read it and for their reading
//! of earlier snapshots; whoever reads here keeps it open until the answer is given.

mod cut;
mod expiry;
mod rewrite;
mod rule;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use arrow::array::{BooleanArray, RecordBatch};
use parking_lot::Mutex;

pub use cut::Until;
pub use expiry::{Retention, RetentionReport};

use crate::catalog::{Catalog, DataFile, Reason};
use crate::clock::Clock;
use crate::disk::Folder;
use crate::ingest::Store;
use crate::sealer::SealError;
use crate::segment::{Table, WriteOptions};
use crate::task;
use expiry::Patience;
use rule::Zeal;

/// How often the compactor looks whether files should be merged.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often it looks for rows that are too old; the first time after one look.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(3_600);
/// How often it looks for files to delete, or more often if they stay for less than that.
const DELETION_INTERVAL: Duration = Duration::from_secs(60);
/// How much the thread gives way to the threads that take events and answer questions.
const NICENESS: i32 = 10;
/// Requests that may wait.
const REQUESTS_MAX: usize = 16;

/// What the compactor goes by.
#[derive(Debug, Clone)]
pub struct CompactorOptions {
    pub retention: Retention,
    /// How long a file stays after it was replaced or removed (`storage.replaced_grace`).
    pub replaced_grace: Duration,
    pub write_options: WriteOptions,
}

impl Default for CompactorOptions {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            replaced_grace: Duration::from_secs(3_600),
            write_options: WriteOptions::default(),
        }
    }
}

/// What merging did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactReport {
    pub merges: u64,
    pub files_before: u64,
    pub files_after: u64,
    pub rows: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
}

/// How far merging is behind, and what it did.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) files_waiting: AtomicU64,
    pub(crate) bytes_waiting: AtomicU64,
    pub(crate) merges: AtomicU64,
}

/// What the compactor works with.
#[derive(Debug, Clone)]
pub(crate) struct Compactor {
    pub(crate) store: Arc<Store>,
    pub(crate) catalog: Arc<Mutex<Catalog>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Folder of the lake: a folder for each table in it.
    pub(crate) lake: Folder,
    pub(crate) options: CompactorOptions,
    pub(crate) progress: Arc<Progress>,
    /// Held by whoever copies files of history: none is deleted meanwhile.
    pub(crate) copying: Arc<Mutex<()>>,
    pub(crate) stopping: Arc<AtomicBool>,
}

type Reply<T> = SyncSender<Result<T, SealError>>;

/// What somebody asks for.
#[derive(Debug)]
enum Request {
    Compact(Reply<CompactReport>),
    Expire(Reply<RetentionReport>),
}

/// The handle to the compactor's thread.
#[derive(Debug)]
pub(crate) struct CompactorThread {
    requests: Mutex<Option<SyncSender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    stopping: Arc<AtomicBool>,
}

impl CompactorThread {
    /// Starts the thread.
    pub(crate) fn start(compactor: Compactor) -> io::Result<Self> {
        let (requests, receiver) = sync_channel(REQUESTS_MAX);
        let stopping = Arc::clone(&compactor.stopping);
        let thread = task::thread("compactor", move || {
            task::stand_back();
            run(&compactor, &receiver);
        })?;
        Ok(Self { requests: Mutex::new(Some(requests)), thread: Mutex::new(Some(thread)), stopping })
    }

    /// Merges whatever makes fewer files, and waits for it.
    ///
    /// # Errors
    /// When the disk or the catalog fails, or the engine is being closed.
    pub(crate) fn compact(&self) -> Result<CompactReport, SealError> {
        self.ask(Request::Compact)
    }

    /// Removes every row that is too old, and waits for it.
    ///
    /// # Errors
    /// As [`CompactorThread::compact`].
    pub(crate) fn expire(&self) -> Result<RetentionReport, SealError> {
        self.ask(Request::Expire)
    }

    fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, SealError> {
        let requests = self.requests.lock().clone().ok_or(SealError::Stopped)?;
        let (reply, answer) = sync_channel(1);
        requests.send(request(reply)).map_err(|_| SealError::Stopped)?;
        drop(requests);
        answer.recv().map_err(|_| SealError::Stopped)?
    }

    /// Ends the thread; what it was doing is given up.
    pub(crate) fn close(&self) {
        self.stopping.store(true, Ordering::Release);
        drop(self.requests.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the compactor panicked; history is as it was before its last step");
        }
    }
}

fn run(compactor: &Compactor, requests: &Receiver<Request>) {
    // Refused on some systems; then it only has the same priority as everything else.
    _ = rustix::process::nice(NICENESS);
    let clock = &compactor.clock;
    let deletion_interval = DELETION_INTERVAL.min(compactor.options.replaced_grace);
    let (mut expired, mut deleted) = (None, clock.monotonic());
    let is_due = |last: Duration, interval: Duration| clock.monotonic().saturating_sub(last) >= interval;
    loop {
        // Whoever asked may have gone.
        match requests.recv_timeout(LOOK_INTERVAL) {
            Ok(Request::Compact(reply)) => drop(reply.send(told("merged", compactor.compact(Zeal::Whole)))),
            Ok(Request::Expire(reply)) => drop(reply.send(told("removed", compactor.expire(Patience::None)))),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                drop(told("merged", compactor.compact(Zeal::Steady)));
                if expired.is_none_or(|last| is_due(last, EXPIRY_INTERVAL)) {
                    drop(told("removed", compactor.expire(Patience::Some)));
                    expired = Some(clock.monotonic());
                }
            }
        }
        if is_due(deleted, deletion_interval) {
            drop(told("removed", compactor.trim()));
            drop(told("deleted", compactor.delete_unused()));
            deleted = clock.monotonic();
        }
    }
}

fn told<T: std::fmt::Debug + Default + PartialEq>(what: &str, outcome: Result<T, SealError>) -> Result<T, SealError> {
    match &outcome {
        Ok(report) if *report == T::default() => {}
        Ok(report) => tracing::info!(?report, "history: {what}"),
        Err(SealError::Stopped) => {}
        Err(error) => tracing::error!(%error, "history stays as it is, and it is tried again"),
    }
    outcome
}

impl Compactor {
    /// Merges until nothing is left to be merged.
    ///
    /// # Errors
    /// When the disk or the catalog fails, or the engine is being closed.
    fn compact(&self, zeal: Zeal) -> Result<CompactReport, SealError> {
        let mut report = CompactReport::default();
        for table in [Table::Events, Table::RejectedEvents] {
            while let Some(files) = self.next(table, zeal)? {
                if self.stopping.load(Ordering::Acquire) {
                    return Err(SealError::Stopped);
                }
                let all = |batch: &RecordBatch| BooleanArray::from(vec![true; batch.num_rows()]);
                let new = self.rewrite(table, &files, &all, Reason::Merge)?;
                report.merges += 1;
                report.files_before += files.len() as u64;
                report.files_after += 1;
                report.rows += new.summary.rows;
                report.bytes_before += files.iter().map(|file| file.bytes).sum::<u64>();
                report.bytes_after += new.summary.bytes;
                self.progress.merges.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.note_waiting()?;
        Ok(report)
    }

    /// Merges whatever makes fewer files, as the thread does when somebody asks.
    pub(crate) fn compact_whole(&self) -> Result<CompactReport, SealError> {
        self.compact(Zeal::Whole)
    }

    /// Removes every row that is too old, as the thread does when somebody asks.
    pub(crate) fn expire_now(&self) -> Result<RetentionReport, SealError> {
        self.expire(Patience::None)
    }

    fn next(&self, table: Table, zeal: Zeal) -> Result<Option<Vec<DataFile>>, SealError> {
        self.note_waiting()?;
        Ok(rule::next(&self.files(table)?, zeal))
    }

    fn note_waiting(&self) -> Result<(), SealError> {
        let (files, bytes) = rule::waiting(&self.files(Table::Events)?);
        self.progress.files_waiting.store(files, Ordering::Relaxed);
        self.progress.bytes_waiting.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn files(&self, table: Table) -> Result<Vec<DataFile>, SealError> {
        Ok(self.catalog.lock().files(table)?)
    }

    /// Deletes the files that were replaced or removed long enough ago, and returns how many.
    ///
    /// # Errors
    /// When the disk or the catalog fails; it is tried again.
    pub(crate) fn delete_unused(&self) -> Result<u64, SealError> {
        let Some(_nobody_copies) = self.copying.try_lock() else { return Ok(0) };
        let now = self.clock.now();
        let grace = i64::try_from(self.options.replaced_grace.as_micros()).unwrap_or(i64::MAX);
        self.catalog.lock().forget_ended(now.saturating_sub(grace), now)?;
        let files = self.catalog.lock().unused_files()?;
        if files.is_empty() {
            return Ok(0);
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| SealError::io(path, &error)
        };
        for file in &files {
            let path = self.lake.path.join(&file.path);
            match self.lake.disk.remove(&path) {
                // It went before a crash, or at a start.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(&path)(error)),
                _ => {}
            }
            if let Some(dir) = path.parent() {
                self.lake.disk.sync_dir(dir).map_err(io(dir))?;
            }
        }
        self.catalog.lock().deleted(&files)?;
        Ok(files.len() as u64)
    }
}
