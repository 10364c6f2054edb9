//! Starts tasks and threads by name, so that logs and panics say which part of the program they show.

use std::future::Future;
use std::io;
use std::thread::{Builder, JoinHandle};

use tracing::Instrument;

/// Starts a task on the current runtime, inside a span of that name.
#[expect(clippy::disallowed_methods, reason = "this is the one place that spawns tasks")]
pub fn spawn<F>(name: &'static str, future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.instrument(tracing::info_span!("task", name)))
}

/// Starts a named thread.
///
/// # Errors
/// When the system refuses another thread.
pub fn thread<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).spawn(body)
}
