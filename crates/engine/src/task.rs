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

/// Does something with every item, on several threads, and returns what came of each in their order, or the first error.
///
/// # Errors
/// The first that `work` has; what was begun then is finished.
pub fn each<T: Send, R: Send, E: Send>(
    name: &str,
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let count = items.len();
    let waiting = std::sync::Mutex::new(items.into_iter().enumerate());
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let drain = || -> Result<Vec<(usize, R)>, E> {
        let mut done = Vec::new();
        while let Some((number, item)) = next() {
            match work(item) {
                Ok(result) => done.push((number, result)),
                Err(error) => {
                    while next().is_some() {}
                    return Err(error);
                }
            }
        }
        Ok(done)
    };
    let done = std::thread::scope(|scope| {
        let started: Vec<_> = (1..threads.min(count))
            .filter_map(|_| Builder::new().name(name.to_owned()).spawn_scoped(scope, drain).ok())
            .collect();
        let mut done = vec![drain()];
        for thread in started {
            match thread.join() {
                Ok(part) => done.push(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    let mut all = Vec::with_capacity(count);
    for part in done {
        all.extend(part?);
    }
    all.sort_unstable_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, result)| result).collect())
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

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn every_item_is_worked_on_once_and_answers_keep_their_order() {
        for threads in [0, 1, 3, 50] {
            let doubled: Result<Vec<u32>, ()> = each("test", threads, (0..20).collect(), |number| Ok(number * 2));
            assert_eq!(doubled.unwrap(), (0..20).map(|number| number * 2).collect::<Vec<_>>());
            let failed: Result<Vec<u32>, u32> =
                each("test", threads, (0..20).collect(), |number| if number == 7 { Err(number) } else { Ok(number) });
            assert_eq!(failed.unwrap_err(), 7);
        }
    }
}
