//! SQL over sealed history and the tail, inside limits of time, rows and memory.
//!
//! A statement is parsed (`statement`), its names and paths are rewritten (`rewrite`), DataFusion plans it over the tables
//! of a snapshot (`session`, `table`), and `run` collects the rows, or `flow` hands them out. Paths into JSON are one
//! function (`accessor`) that the scan (`scan`) answers from typed leaves. DataFusion's types and errors end here.

mod accessor;
mod activity;
mod as_of;
mod catalog;
mod coded_groups;
mod codes;
mod condition;
mod dialect;
mod failure;
mod filter;
mod flow;
mod group;
mod growth;
mod json_text;
mod leaf;
mod part;
mod path;
mod piece;
mod planner;
mod prune;
mod rewrite;
mod run;
mod scan;
mod scope;
mod session;
mod severity;
mod statement;
mod states;
mod stop;
mod table;
mod take;
#[cfg(test)]
mod tests;
mod text_equals;
mod utc;
mod wanted;
mod wrapped;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

pub use activity::{Activity, RunningStatement};
pub use catalog::{Catalog, CatalogColumn, CatalogTable};
pub use filter::Filter;
pub use flow::{Ended, Flow};

use self::activity::Watch;
use self::failure::Names;
use self::states::States;
use self::stop::StopSign;
use crate::clock::{Clock, Micros, SystemClock};
use crate::snapshot::Snapshot;

/// Limits that hold for every query, whatever it asks for.
#[derive(Debug, Clone)]
pub struct QueryLimits {
    /// `query.timeout`, 30 s.
    pub timeout: Duration,
    /// `query.export_timeout`, 1 h: for rows that are handed out as they come.
    pub export_timeout: Duration,
    /// Rows of an answer that names no limit, 100,000.
    pub rows_default: usize,
    /// The most rows that a query may ask for.
    pub rows_max: usize,
    /// Memory for all running queries, bytes.
    pub memory_bytes: usize,
    /// Threads of the query runtime.
    pub threads: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            export_timeout: Duration::from_secs(3_600),
            rows_default: 100_000,
            rows_max: 10_000_000,
            memory_bytes: 1 << 30,
            threads: 2,
        }
    }
}

/// One statement with its parameters and the limits that the caller wants.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub sql: String,
    /// Values for `$name` (or `$1`, `$2` by position names "1", "2").
    pub params: Vec<(String, serde_json::Value)>,
    pub timeout: Option<Duration>,
    pub max_rows: Option<usize>,
    /// Answers as of this time of arrival, microseconds since 1970 UTC, where a table names no other.
    pub as_of: Option<Micros>,
}

/// The rows of a statement.
#[derive(Debug, Clone)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// Whether there were more rows than `max_rows`.
    pub truncated: bool,
    /// What the asker should know although it is no error, such as a path that no event has. Lowercase, one line each.
    pub notes: Vec<String>,
    /// Paths of the statement that no event has, each as it is written in SQL.
    pub unseen: Vec<UnseenPath>,
    pub stats: AnswerStats,
}

/// A path inside `data` that no event has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenPath {
    /// As it is written in SQL: `data.pag`.
    pub path: String,
    /// The path that was probably meant.
    pub nearest: Option<String>,
}

/// What a statement cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnswerStats {
    pub rows: usize,
    pub rows_scanned: u64,
    pub bytes_scanned: u64,
    pub elapsed: Duration,
}

/// Why a statement gave no rows. `code` is one of `streamflow_core::error_code`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    pub code: &'static str,
    /// Lowercase, one line.
    pub message: String,
    pub hint: Option<String>,
    /// Line and column in the statement, from 1.
    pub place: Option<(u64, u64)>,
}

impl QueryError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, place: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Checks that a text is one SQL expression and nothing behind it, so that it can stand in brackets in a statement.
///
/// # Errors
/// When it is none, or more.
pub fn check_condition(text: &str) -> Result<(), QueryError> {
    statement::parse_expression(text).map(drop).map_err(|error| QueryError { code: "invalid_filter", ..error })
}

/// Statements that run at the same time. Each waits for its share of few threads, so more would only wait longer.
const QUERIES_MAX: usize = 64;
/// Stack of a query thread. Planning walks the tree of a statement; pages that no statement needs are never touched.
const STACK_BYTES: usize = 16 << 20;
/// How much query threads give way to the threads that take events.
const NICENESS: i32 = 5;

/// DataFusion on its own threads, which start with the first statement.
#[derive(Debug)]
pub struct QueryEngine {
    limits: QueryLimits,
    clock: Arc<dyn Clock>,
    slots: Arc<Semaphore>,
    export_slots: Arc<Semaphore>,
    watch: Arc<Watch>,
    runtime: OnceLock<Runtime>,
    states: Arc<States>,
}

impl QueryEngine {
    /// Returns a query engine that takes the time from the machine.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn new(limits: QueryLimits) -> std::io::Result<Self> {
        Self::with_clock(limits, Arc::new(SystemClock::default()))
    }

    /// Returns a query engine whose `NOW()` is the clock's.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn with_clock(limits: QueryLimits, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        Ok(Self {
            states: Arc::new(States::new(limits.clone())),
            limits,
            slots: Arc::new(Semaphore::new(QUERIES_MAX)),
            export_slots: Arc::new(Semaphore::new(flow::EXPORTS_MAX)),
            watch: Arc::new(Watch::new(Arc::clone(&clock))),
            clock,
            runtime: OnceLock::new(),
        })
    }

    /// Runs one read-only statement over a snapshot.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or passes a limit.
    pub async fn run(&self, snapshot: Snapshot, query: Query) -> Result<Answer, QueryError> {
        let slot = self.slot()?;
        let (timeout, rows_max, now) = (self.timeout(&query), self.rows_max(&query), self.clock.now());
        let (states, threads) = (Arc::clone(&self.states), self.limits.threads);
        let mut watched = self.watch.begin(&query.sql);
        let stop = StopSign::default();
        let (sign, runtime) = (stop.clone(), self.runtime()?);
        let task = runtime.spawn(async move {
            let _slot = slot;
            let mut state = states.take()?;
            session::prepare(&mut state, &snapshot, threads, now).map_err(|error| failure::of_running(&error))?;
            run::run(state, &query, &snapshot.paths, rows_max, &sign).await
        });
        let mut running = Running { task, stop };
        let outcome = match tokio::time::timeout(timeout, &mut running.task).await {
            Ok(Ok(answer)) => answer.map(|mut answer| {
                answer.stats.elapsed = watched.elapsed();
                answer
            }),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a query ended early");
                Err(QueryError::new("query_failed", "the SQL engine can not run this statement")
                    .hint("try a simpler form of it; the server's log has the reason"))
            }
            Err(_) => Err(QueryError::new("query_timeout", format!("the query took longer than {timeout:?}"))
                .hint("ask for a shorter time range or fewer groups")),
        };
        watched.ended(&outcome);
        outcome
    }

    /// Returns which statements run, and how those before them ended.
    #[must_use]
    pub fn activity(&self) -> Activity {
        Activity {
            running_max: QUERIES_MAX,
            memory_bytes: self.states.memory_bytes(),
            memory_bytes_max: self.limits.memory_bytes,
            ..self.watch.activity()
        }
    }

    fn slot(&self) -> Result<OwnedSemaphorePermit, QueryError> {
        Arc::clone(&self.slots).try_acquire_owned().map_err(|_| {
            QueryError::new("query_busy", format!("{QUERIES_MAX} queries are running")).hint("try again in a moment")
        })
    }

    fn timeout(&self, query: &Query) -> Duration {
        query.timeout.unwrap_or(self.limits.timeout).min(self.limits.timeout)
    }

    fn rows_max(&self, query: &Query) -> usize {
        query.max_rows.unwrap_or(self.limits.rows_default).min(self.limits.rows_max)
    }

    /// Compiles a filter: a SQL boolean expression over the columns of `events`.
    ///
    /// # Errors
    /// When the expression is wrong.
    pub fn filter(&self, snapshot: &Snapshot, expression: &str) -> Result<Filter, QueryError> {
        let mut state = self.states.take()?;
        session::set_now(&mut state, self.clock.now());
        let names = Names { functions: catalog::function_names(&state), paths: Arc::clone(&snapshot.paths) };
        Filter::compile(&state, expression, &names).map_err(|error| QueryError { code: "invalid_filter", ..error })
    }

    /// Lists tables, columns with the paths seen inside `data`, and functions.
    ///
    /// # Errors
    /// When the SQL engine does not start.
    pub fn catalog(&self, snapshot: &Snapshot) -> Result<Catalog, QueryError> {
        Ok(Catalog::of(self.states.first()?, &snapshot.paths))
    }

    /// Returns the query threads, starting them for the first statement.
    fn runtime(&self) -> Result<&Runtime, QueryError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.limits.threads.max(1))
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            // Refused on some systems; then queries only have the same priority as everything else.
            .on_thread_start(|| _ = rustix::process::nice(NICENESS))
            .enable_time()
            .build()
            .map_err(|error| QueryError::new("query_failed", format!("no threads for queries: {error}")))?;
        if let Err(second) = self.runtime.set(runtime) {
            // Another statement started the threads at the same time; these were not used.
            second.shutdown_background();
        }
        self.runtime.get().ok_or_else(|| QueryError::new("query_failed", "no threads for queries"))
    }
}

impl Drop for QueryEngine {
    fn drop(&mut self) {
        // A runtime must not wait for its tasks where an async caller drops it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A statement that ends when nobody waits for it any more.
#[derive(Debug)]
struct Running<T> {
    task: JoinHandle<T>,
    stop: StopSign,
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.stop.raise();
        self.task.abort();
    }
}
