//! Questions and their answers over a few events, as tables.

mod answers;
mod build;
mod errors;
mod filters;
mod groups;
mod history;
mod limits;
mod notes;
mod pages;
mod paths;
mod pushdown;
mod questions;

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::json;

use self::build::{sealed, snapshot_of};
use super::{Answer, Query, QueryEngine, QueryError, QueryLimits};
use crate::encode::{self, Header};
use crate::snapshot::Snapshot;

/// Four events over two chunks. `n` is an integer in one chunk and a fraction in the other, `mixed` differs in type.
fn sample() -> Snapshot {
    snapshot_of(&[
        &[
            json!({"timestamp": "2026-11-23T10:00:00Z", "type": "web.click", "source": "web", "user_id": "u1", "severity": "low",
                   "data": {"page": "/a", "n": 1, "ok": true, "mixed": 5, "geo": {"city": "Oslo"}, "userAgent": "x", "user_agent": "curl"}}),
            json!({"timestamp": "2026-11-23T10:30:00Z", "type": "web.click", "source": "web", "user_id": "u2", "severity": "medium",
                   "data": {"page": "/b", "n": 2, "ok": false, "mixed": "five", "a.b": "dotted"}, "tags": ["x", "y"]}),
        ],
        &[
            json!({"timestamp": "2026-11-23T11:00:00Z", "type": "api.request", "source": "api", "user_id": "u1", "severity": "high",
                   "data": {"page": "/a", "n": 2.5, "items": [1, {"k": "v"}]}, "metadata": {"host": "h1"}}),
            json!({"timestamp": "2026-11-23T12:00:00Z", "type": "error", "source": "api", "severity": "critical", "data": {}}),
        ],
    ])
}

/// Limits for questions that are not about time: a test machine may be busy.
fn patient() -> QueryLimits {
    QueryLimits { timeout: Duration::from_secs(600), ..QueryLimits::default() }
}

fn engine() -> QueryEngine {
    QueryEngine::new(QueryLimits { memory_bytes: 64 << 20, ..patient() }).unwrap()
}

fn ask(engine: &QueryEngine, snapshot: &Snapshot, query: Query) -> Result<Answer, QueryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(engine.run(snapshot.clone(), query))
}

fn ask_sql(sql: &str) -> Result<Answer, QueryError> {
    static ENGINE: LazyLock<QueryEngine> = LazyLock::new(engine);
    ask(&ENGINE, &sample(), Query { sql: sql.to_owned(), ..Query::default() })
}

/// Returns the answer as CSV with `;` for line ends.
fn shown(answer: &Answer) -> String {
    let mut out = Vec::new();
    encode::csv(&answer.schema, &answer.batches, Header::Names, &mut out);
    String::from_utf8(out).unwrap().trim_end().replace('\n', ";")
}

/// Checks the answer over the tail, over half of it sealed, and over all of it sealed.
#[track_caller]
fn check(sql: &str, expected: &str) {
    static ENGINE: LazyLock<QueryEngine> = LazyLock::new(engine);
    for sealed_chunks in 0..=2 {
        let snapshot = sealed(&sample(), sealed_chunks);
        match ask(&ENGINE, &snapshot, Query { sql: sql.to_owned(), ..Query::default() }) {
            Ok(answer) => assert_eq!(shown(&answer), expected, "{sql} with {sealed_chunks} of 2 sealed"),
            Err(error) => panic!("{sql} with {sealed_chunks} of 2 sealed: {error:?}"),
        }
    }
}

fn short(timeout_ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(timeout_ms))
}
