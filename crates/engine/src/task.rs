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
