//! Which statements run, and how those before them ended: for those who watch over a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;

/// Characters of a statement that are told.
const SQL_CHARS_MAX: usize = 200;

/// What the query engine does now, and what it did since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// Statements under way, the oldest first.
    pub running: Vec<RunningStatement>,
    /// Statements that may run at the same time, exports not counted.
    pub running_max: usize,
    /// Statements that gave all that was asked for.
    pub answered: u64,
    /// Statements that were wrong or passed a limit.
    pub failed: u64,
    /// Statements whose asker went away.
    pub cancelled: u64,
    /// Time from start to end of all statements that ended.
    pub elapsed: Duration,
    /// Memory that running statements hold, and the most that all may, bytes.
    pub memory_bytes: usize,
    pub memory_bytes_max: usize,
}

/// A statement under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningStatement {
    /// In one line, cut where it is long. Values of parameters are not in it.
    pub sql: String,
    pub elapsed: Duration,
}

/// Counts statements. Shared by those that run.
#[derive(Debug)]
pub(super) struct Watch {
    clock: Arc<dyn Clock>,
    running: Mutex<BTreeMap<u64, Begun>>,
    begun: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    elapsed_micros: AtomicU64,
}

#[derive(Debug)]
struct Begun {
    sql: String,
    at: Duration,
}

impl Watch {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            running: Mutex::default(),
            begun: AtomicU64::default(),
            answered: AtomicU64::default(),
            failed: AtomicU64::default(),
            cancelled: AtomicU64::default(),
            elapsed_micros: AtomicU64::default(),
        }
    }

    /// Notes that a statement runs until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>, sql: &str) -> Watched {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let at = self.clock.monotonic();
        self.running.lock().insert(number, Begun { sql: in_one_line(sql), at });
        Watched { watch: Arc::clone(self), number, at, end: End::Cancelled }
    }

    /// Says what was noted; limits and memory are others' to add.
    pub(super) fn activity(&self) -> Activity {
        let now = self.clock.monotonic();
        let told = |begun: &Begun| RunningStatement { sql: begun.sql.clone(), elapsed: now.saturating_sub(begun.at) };
        Activity {
            running: self.running.lock().values().map(told).collect(),
            answered: self.answered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            cancelled: self.cancelled.load(Ordering::Relaxed),
            elapsed: Duration::from_micros(self.elapsed_micros.load(Ordering::Relaxed)),
            ..Activity::default()
        }
    }
}

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    Failed,
    /// Nobody waited for it any more.
    Cancelled,
}

/// A statement that is noted as running. It counts as cancelled unless it is told otherwise.
#[derive(Debug)]
pub(super) struct Watched {
    watch: Arc<Watch>,
    number: u64,
    at: Duration,
    end: End,
}

impl Watched {
    /// Returns the time since the statement began.
    pub(super) fn elapsed(&self) -> Duration {
        self.watch.clock.monotonic().saturating_sub(self.at)
    }

    /// Says how the statement ended.
    pub(super) fn ended<T, E>(&mut self, outcome: &Result<T, E>) {
        self.end = if outcome.is_ok() { End::Answered } else { End::Failed };
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.running.lock().remove(&self.number);
        let counter = match self.end {
            End::Answered => &self.watch.answered,
            End::Failed => &self.watch.failed,
            End::Cancelled => &self.watch.cancelled,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.watch.elapsed_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

fn in_one_line(sql: &str) -> String {
    let mut line = String::with_capacity(sql.len().min(SQL_CHARS_MAX));
    let mut chars = 0;
    for word in sql.split_whitespace() {
        let space = usize::from(chars > 0);
        let room = SQL_CHARS_MAX.saturating_sub(chars + space);
        if room == 0 || word.chars().count() > room {
            line.push('…');
            break;
        }
        line.extend(std::iter::repeat_n(' ', space));
        line.push_str(word);
        chars += space + word.chars().count();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn statements_are_counted_by_their_end() {
        let watch = Arc::new(Watch::new(Arc::new(SystemClock::default())));
        let mut answered = watch.begin("SELECT\n  1");
        let mut failed = watch.begin("SELECT x");
        let cancelled = watch.begin("SELECT 2");
        let running: Vec<String> = watch.activity().running.into_iter().map(|statement| statement.sql).collect();
        assert_eq!(running, ["SELECT 1", "SELECT x", "SELECT 2"]);
        answered.ended::<_, ()>(&Ok(()));
        failed.ended::<(), _>(&Err(()));
        drop((answered, failed, cancelled));
        let activity = watch.activity();
        assert_eq!((activity.answered, activity.failed, activity.cancelled), (1, 1, 1));
        assert_eq!(activity.running, []);
    }

    #[test]
    fn a_long_statement_is_cut_between_words() {
        let long = in_one_line(&"word ".repeat(100));
        assert!(long.ends_with("word…") && long.chars().count() <= SQL_CHARS_MAX + 1, "{long}");
        assert_eq!(in_one_line(&"x".repeat(1_000)), "…");
        assert_eq!(in_one_line(" SELECT\t1 "), "SELECT 1");
    }
}
