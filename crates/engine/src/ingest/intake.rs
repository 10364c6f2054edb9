//! The queue to the journal thread, and the thread: gathers the requests that wait into groups and commits them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::prepared::Prepared;
use super::request::{Ack, AppendError, Appended, RequestKey};
use super::store::Store;
use super::writer::{Request, Writer};
use crate::clock::Clock;
use crate::task;

/// Requests that may wait for the journal. With a commit every 300 µs this is far more than ever waits; a queue this long
/// means that the disk has stopped answering.
const QUEUE_REQUESTS_MAX: usize = 16_384;
/// Memory that waiting requests may hold; beyond it senders wait.
const QUEUE_BYTES_MAX: usize = 256 << 20;
/// Memory of one group, so that one commit stays a matter of milliseconds.
const GROUP_BYTES_MAX: usize = 16 << 20;
/// Under load commits are at least this far apart: syncing more often costs more than it gains.
const COMMIT_INTERVAL: Duration = Duration::from_micros(300);

/// Commits whose events take more memory than this are not small: syncing them costs more than a file's new length does.
const SMALL_COMMIT_BYTES_MAX: usize = 256 << 10;
/// A file that could not be filled ahead is not tried again for so long: the disk is full or failing.
const FILL_RETRY_DELAY: Duration = Duration::from_secs(5);

type Outcome = Result<Appended, AppendError>;

struct Job {
    request: Request,
    reply: oneshot::Sender<Outcome>,
}

/// The sending side of the journal thread.
#[derive(Debug)]
pub(crate) struct Intake {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    queued_bytes: Arc<AtomicUsize>,
    store: Arc<Store>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Intake {
    /// Starts the journal thread and the thread that merges the tail's small chunks.
    pub(crate) fn start(writer: Writer, store: Arc<Store>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE_REQUESTS_MAX);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let merger = Merger::start(Arc::clone(&store))?;
        let worker = JournalThread {
            writer,
            receiver,
            replies: Replies::start(),
            queued_bytes: Arc::clone(&queued_bytes),
            clock,
            recent_bytes: 0,
            filling: Arc::default(),
            merger,
        };
        let thread = task::thread("journal", move || worker.run())?;
        Ok(Self { jobs: Mutex::new(Some(sender)), queued_bytes, store, thread: Mutex::new(Some(thread)) })
    }

    /// Returns whether a request that needs about so much memory would be taken now, before work is spent on it.
    ///
    /// # Errors
    /// [`AppendError::Full`] when it would not.
    pub(crate) fn check_room(&self, bytes: usize) -> Result<(), AppendError> {
        let queued = self.queued_bytes.load(Ordering::Relaxed);
        let full = self.store.tail.bytes() + queued + bytes > self.store.options.tail_bytes_max;
        if full || queued > QUEUE_BYTES_MAX {
            return Err(AppendError::Full { retry_after_seconds: 1 });
        }
        Ok(())
    }

    /// Queues a request and waits for its answer.
    pub(crate) async fn append(
        &self,
        prepared: Prepared,
        ack: Ack,
        key: Option<RequestKey>,
    ) -> Result<Appended, AppendError> {
        let bytes = prepared.bytes;
        self.check_room(bytes)?;
        let sender = self.jobs.lock().clone().ok_or(AppendError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let job = Job { request: Request { prepared, ack, key }, reply };
        if sender.try_send(job).is_err() {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(AppendError::Full { retry_after_seconds: 1 });
        }
        drop(sender);
        answer.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Takes no more requests, commits those that wait, and closes the journal.
    pub(crate) fn close(&self) {
        drop(self.jobs.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the journal thread panicked; what it had acknowledged is on disk");
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.close();
    }
}

struct JournalThread {
    writer: Writer,
    receiver: mpsc::Receiver<Job>,
    replies: Replies,
    queued_bytes: Arc<AtomicUsize>,
    clock: Arc<dyn Clock>,
    /// Memory of a group, averaged over the last few.
    recent_bytes: usize,
    /// Whether another thread is filling the next file ahead.
    filling: Arc<AtomicBool>,
    merger: Merger,
}

impl JournalThread {
    fn run(mut self) {
        let mut last_commit = Duration::ZERO;
        while let Some(first) = self.receiver.blocking_recv() {
            let since = self.clock.monotonic().saturating_sub(last_commit);
            if since < COMMIT_INTERVAL {
                std::thread::sleep(COMMIT_INTERVAL - since);
            }
            let jobs = self.gather(first);
            last_commit = self.clock.monotonic();
            self.commit(jobs);
            self.fill_ahead();
        }
        if let Err(error) = self.writer.close() {
            tracing::warn!(%error, "the journal file could not be closed neatly");
        }
        self.merger.stop();
    }

    fn gather(&mut self, first: Job) -> Vec<Job> {
        let mut bytes = first.request.prepared.bytes;
        let mut jobs = vec![first];
        while bytes < GROUP_BYTES_MAX
            && let Ok(job) = self.receiver.try_recv()
        {
            bytes += job.request.prepared.bytes;
            jobs.push(job);
        }
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.recent_bytes = (self.recent_bytes * 7 + bytes) / 8;
        jobs
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let rows: usize = jobs.iter().map(|job| job.request.prepared.rows()).sum();
        let (requests, mut senders): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.request, Some(job.reply))).unzip();
        let mut answered = Vec::with_capacity(senders.len());
        let early: Vec<bool> = requests.iter().map(|request: &Request| request.ack == Ack::Memory).collect();
        self.writer.commit(requests, &mut |index, outcome| match senders[index].take() {
            Some(sender) if early[index] => send(sender, outcome),
            Some(sender) => answered.push((sender, outcome)),
            None => {}
        });
        self.replies.send(answered);
        self.merger.published(rows);
    }

    /// Has the next file filled with zeros by a thread of its own, one at a time.
    fn fill_ahead(&mut self) {
        // Large commits gain little from a file filled ahead, and would have to share the disk with the filling.
        let small = self.recent_bytes < SMALL_COMMIT_BYTES_MAX;
        if !small || !self.writer.wants_spare() || self.filling.swap(true, Ordering::AcqRel) {
            return;
        }
        let (fill, filling) = (self.writer.fill_ahead(), Arc::clone(&self.filling));
        let started = task::thread("journal-fill", move || {
            if let Err(error) = fill() {
                tracing::warn!(%error, "the next journal file could not be filled ahead; commits are slower without it");
                std::thread::sleep(FILL_RETRY_DELAY);
            }
            filling.store(false, Ordering::Release);
        });
        if started.is_err() {
            self.filling.store(false, Ordering::Release);
        }
    }
}

fn send(sender: oneshot::Sender<Outcome>, outcome: Outcome) {
    // A client that has gone does not want its answer.
    drop(sender.send(outcome));
}

/// Hands a group's answers to the connections that wait for them.
///
/// Waking a task from outside its runtime takes a lock and often a system call, for each of them. So a group goes to one
/// task, which wakes the others from inside.
#[derive(Debug)]
struct Replies(Option<mpsc::Sender<Vec<Reply>>>);

/// An answer and where it goes.
type Reply = (oneshot::Sender<Outcome>, Outcome);

/// Groups that may wait for the task that hands them out.
const GROUPS_WAITING_MAX: usize = 64;

impl Replies {
    /// Starts the task on the runtime of the calling thread; without one, answers go out from the journal thread.
    fn start() -> Self {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Self(None) };
        let (groups, mut waiting) = mpsc::channel::<Vec<_>>(GROUPS_WAITING_MAX);
        runtime.spawn(async move {
            while let Some(group) = waiting.recv().await {
                group.into_iter().for_each(|(sender, outcome)| send(sender, outcome));
            }
        });
        Self(Some(groups))
    }

    fn send(&self, group: Vec<Reply>) {
        let left = match &self.0 {
            Some(groups) if group.len() > 1 => match groups.try_send(group) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(group) | mpsc::error::TrySendError::Closed(group)) => group,
            },
            _ => group,
        };
        left.into_iter().for_each(|(sender, outcome)| send(sender, outcome));
    }
}

/// The thread that makes columns of single events and merges the small chunks of the tail.
#[derive(Debug)]
struct Merger {
    signal: std::sync::mpsc::SyncSender<()>,
    waiting_rows: usize,
    store: Arc<Store>,
    thread: Option<JoinHandle<()>>,
}

impl Merger {
    fn start(store: Arc<Store>) -> io::Result<Self> {
        let (signal, wake) = std::sync::mpsc::sync_channel(1);
        let tail = Arc::clone(&store);
        let thread = task::thread("tail-merge", move || {
            while wake.recv().is_ok() {
                tail.settle();
                while tail.tail.merge_some() {}
            }
        })?;
        Ok(Self { signal, waiting_rows: 0, store, thread: Some(thread) })
    }

    /// Counts what was published, and wakes the thread when there is enough of it.
    fn published(&mut self, rows: usize) {
        self.waiting_rows += rows;
        if self.store.tail.wants_merging(self.waiting_rows) || self.store.wants_settling() {
            self.waiting_rows = 0;
            // A signal that is still waiting serves for both.
            let _already_signalled = self.signal.try_send(()).is_err();
        }
    }

    fn stop(self) {
        drop(self.signal);
        if let Some(thread) = self.thread {
            drop(thread.join());
        }
    }
}
