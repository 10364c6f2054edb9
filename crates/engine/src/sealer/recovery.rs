//! Seals what is read back of a journal while the rest is read: a journal may hold more than the tail may.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::{Builder, scope, sleep};
use std::time::Duration;

use super::Workshop;

/// A tail of this share of its limit is sealed. A smaller one is not: the server serves sooner without.
const SHARE: usize = 2;
/// How often a full tail is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Has the journal read by `read`, which calls what it is given after each frame. When a seal fails, everything stays in memory,
/// as it does when the sealer fails later.
///
/// # Errors
/// When the system refuses a thread. Nothing was read then.
pub(crate) fn while_reading<T>(workshop: &mut Workshop, read: impl FnOnce(&mut dyn FnMut()) -> T) -> io::Result<T> {
    let store = Arc::clone(&workshop.store);
    let limit = store.options.tail_bytes_max;
    let is_much = &|| store.tail.bytes() >= limit / SHARE;
    let failed = &AtomicBool::new(false);
    let (asks, asked) = sync_channel(1);
    let seal = move || {
        while asked.recv().is_ok() {
            if !is_much() {
                continue;
            }
            match workshop.seal_recovering() {
                Ok(report) => tracing::info!(events = report.events, "sealed while the journal is read"),
                Err(error) => {
                    tracing::error!(%error, "nothing is sealed while the journal is read; the events stay in memory");
                    failed.store(true, Ordering::Release);
                    return;
                }
            }
        }
    };
    scope(|scope| {
        Builder::new().name("sealer".to_owned()).spawn_scoped(scope, seal)?;
        let outcome = read(&mut || {
            if !is_much() || failed.load(Ordering::Acquire) {
                return;
            }
            // If one was asked for already, that is enough.
            asks.try_send(()).unwrap_or_default();
            while store.tail.bytes() >= limit && !failed.load(Ordering::Acquire) {
                sleep(LOOK_INTERVAL);
            }
        });
        // The thread ends when nobody can ask any more.
        drop(asks);
        Ok(outcome)
    })
}
