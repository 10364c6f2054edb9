//! Starts threads by name, so that a stack trace, `top -H` and a panic message say which part of the engine they show.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a named thread. Linux shows the first 15 bytes of the name.
///
/// # Errors
/// When the system refuses another thread.
pub fn thread<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).spawn(body)
}

/// How far work in the background stands back: it gets about a tenth of what a busy thread of the foreground gets.
const BACKGROUND_NICE: i32 = 10;

/// Starts a named thread for work that nobody waits for: threads that answer somebody go first.
///
/// # Errors
/// When the system refuses another thread.
pub fn background_thread<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread(name, move || {
        // On Linux this is the priority of the calling thread alone.
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::process::setpriority_process(None, BACKGROUND_NICE) {
            tracing::debug!(%error, "work in the background has the priority of everything else");
        }
        body()
    })
}
