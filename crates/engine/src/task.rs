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

/// How far work in the background stands back: it gets about a third of what a busy thread of the foreground gets.
const BACKGROUND_NICE: i32 = 5;

/// Runs `body` on a thread that lets threads that answer somebody go first, and waits for it. Where the system gives no
/// such thread, it runs on the calling one.
pub fn in_background<T: Send>(name: &str, body: impl FnOnce() -> T + Send) -> T {
    let body = std::sync::Mutex::new(Some(body));
    let take = || body.lock().ok().and_then(|mut body| body.take());
    std::thread::scope(|scope| {
        let started = Builder::new().name(name.to_owned()).spawn_scoped(scope, || {
            stand_back();
            take().map(|body| body())
        });
        match started.map(|thread| thread.join()) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => take().map(|body| body()),
        }
    })
    .expect("the body was there to be run")
}

/// Lets threads that answer somebody go before the calling one from now on.
pub fn stand_back() {
    // On Linux this is the priority of the calling thread alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, BACKGROUND_NICE) {
        tracing::debug!(%error, "work in the background has the priority of everything else");
    }
}
