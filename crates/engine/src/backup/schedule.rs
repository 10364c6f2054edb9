//! Makes a backup when the last one is old enough.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::{BackupError, Backups, Manifest};
use crate::clock::Micros;
use crate::task;

/// How often the thread looks whether a backup is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How much the thread gives way to the threads that take events and answer questions.
const NICENESS: i32 = 10;
/// After a failure it is tried again no sooner than this.
const RETRY_PAUSE: Duration = Duration::from_secs(300);

/// The handle to the thread that makes backups.
#[derive(Debug)]
pub(crate) struct BackupThread {
    running: Mutex<Option<SyncSender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    stopping: Arc<AtomicBool>,
}

impl BackupThread {
    /// Starts the thread; none if no backups are wanted by themselves.
    pub(crate) fn start(backups: Backups) -> io::Result<Option<Self>> {
        if backups.options.location.is_none() || backups.options.interval.is_zero() {
            return Ok(None);
        }
        let (running, ended) = sync_channel(1);
        let stopping = Arc::clone(&backups.source.stopping);
        let thread = task::thread("backup", move || run(&backups, &ended))?;
        Ok(Some(Self { running: Mutex::new(Some(running)), thread: Mutex::new(Some(thread)), stopping }))
    }

    /// Ends the thread; a backup that it was making is given up.
    pub(crate) fn close(&self) {
        self.stopping.store(true, Ordering::Release);
        drop(self.running.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that makes backups panicked");
        }
    }
}

fn run(backups: &Backups, ended: &Receiver<()>) {
    // Refused on some systems; then it only has the same priority as everything else.
    _ = rustix::process::nice(NICENESS);
    let interval = Micros::try_from(backups.options.interval.as_micros()).unwrap_or(Micros::MAX);
    let mut last = newest(backups);
    let mut failed: Option<Duration> = None;
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LOOK_INTERVAL.min(backups.options.interval)) {
        let is_due = last.is_none_or(|last| backups.source.clock.now().saturating_sub(last) >= interval);
        let may_try = failed.is_none_or(|at| backups.source.clock.monotonic().saturating_sub(at) >= RETRY_PAUSE);
        if !is_due || !may_try {
            continue;
        }
        match backups.create(None) {
            Ok(report) => {
                tracing::info!(id = report.manifest.id, bytes = report.copied_bytes, "a backup was made");
                (last, failed) = (Some(report.manifest.created_at), None);
            }
            Err(BackupError::Stopped) => {}
            Err(error) => {
                tracing::error!(%error, "no backup was made; it is tried again in five minutes");
                failed = Some(backups.source.clock.monotonic());
            }
        }
    }
}

/// Returns when the newest backup was made.
fn newest(backups: &Backups) -> Option<Micros> {
    let place = backups.place(backups.options.location.as_ref()?).ok()?;
    let all = Manifest::list(&*place.disk, &place.path).ok()?;
    all.into_iter().filter_map(Result::ok).map(|manifest| manifest.created_at).max()
}
