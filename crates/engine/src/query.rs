//! SQL over the tail (and later over sealed history), inside limits of time, rows and memory.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::tail::{Chunk, Snapshot};

/// Limits that hold for every query, whatever it asks for.
#[derive(Debug, Clone)]
pub struct QueryLimits {
    /// `query.timeout`, 30 s.
    pub timeout: Duration,
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
}

/// The rows of a statement.
#[derive(Debug, Clone)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// Whether there were more rows than `max_rows`.
    pub truncated: bool,
    pub stats: AnswerStats,
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

/// DataFusion on its own threads.
#[derive(Debug)]
pub struct QueryEngine {}

impl QueryEngine {
    /// Starts the query runtime.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn new(limits: QueryLimits) -> std::io::Result<Self> {
        let _ = limits;
        unimplemented!()
    }

    /// Runs one read-only statement over a snapshot.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or passes a limit.
    pub async fn run(&self, snapshot: Snapshot, query: Query) -> Result<Answer, QueryError> {
        let _ = (snapshot, query);
        unimplemented!()
    }

    /// Compiles a filter: a SQL boolean expression over the columns of `events`.
    ///
    /// # Errors
    /// When the expression is wrong.
    pub fn filter(&self, snapshot: &Snapshot, expression: &str) -> Result<Filter, QueryError> {
        let _ = (snapshot, expression);
        unimplemented!()
    }
}

/// A compiled filter for live events.
#[derive(Debug)]
pub struct Filter {}

impl Filter {
    /// Returns the rows of the chunk that pass, with all columns of `events`.
    ///
    /// # Errors
    /// When a row makes the expression fail.
    pub fn apply(&self, chunk: &Chunk) -> Result<RecordBatch, QueryError> {
        let _ = chunk;
        unimplemented!()
    }
}
