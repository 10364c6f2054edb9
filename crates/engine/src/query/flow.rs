//! Hands out the rows of one statement batch by batch: an answer of any size takes little memory, and its first rows are
//! there before its last.
//!
//! The statement runs on the query threads and waits while nobody takes its rows. It ends with its time, its last row, or
//! when nobody is left to take one.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::activity::Watched;
use super::run::{Planned, count, plan};
use super::states::State;
use super::stop::StopSign;
use super::{AnswerStats, Query, QueryEngine, QueryError, Running, failure, session};
use crate::snapshot::Snapshot;

/// Batches that wait for the taker: one is written while the next is made.
const BATCHES_WAITING_MAX: usize = 2;
/// Exports that run at the same time. Each may take as long as `QueryLimits::export_timeout`.
pub(super) const EXPORTS_MAX: usize = 8;

/// The rows of a statement under way.
#[derive(Debug)]
pub struct Flow {
    schema: SchemaRef,
    /// What the asker should know although it is no error, such as a path that no event has. Lowercase, one line each.
    pub notes: Vec<String>,
    pieces: mpsc::Receiver<Result<Piece, QueryError>>,
    ended: Option<Ended>,
    /// Ends the statement when nobody takes its rows any more.
    _running: Running<()>,
}

/// What is known of a statement after its last row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ended {
    /// Whether there were more rows than were asked for.
    pub truncated: bool,
    pub stats: AnswerStats,
}

#[derive(Debug)]
enum Piece {
    Rows(RecordBatch),
    End(Ended),
}

impl Flow {
    /// Returns the columns of every batch.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the next rows, an error that ends them, or nothing after the last.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        match self.pieces.recv().await? {
            Ok(Piece::Rows(batch)) => Some(Ok(batch)),
            Ok(Piece::End(ended)) => {
                self.ended = Some(ended);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Returns what is known after the last row; nothing before it.
    #[must_use]
    pub const fn ended(&self) -> Option<Ended> {
        self.ended
    }
}

/// What holds for a statement whose rows flow.
struct Bounds {
    _slot: OwnedSemaphorePermit,
    timeout: Duration,
    /// What to do when the time is up.
    hint: &'static str,
    /// None for all rows.
    rows_max: Option<usize>,
}

impl QueryEngine {
    /// Runs one read-only statement over a snapshot and returns its rows as they come, all of them unless
    /// `query.max_rows` says how many.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or too many run. What goes wrong later comes in place of a batch.
    pub async fn export(&self, snapshot: Snapshot, query: Query) -> Result<Flow, QueryError> {
        let slot = Arc::clone(&self.export_slots).try_acquire_owned().map_err(|_| {
            QueryError::new("query_busy", format!("{EXPORTS_MAX} exports are running")).hint("try again in a moment")
        })?;
        let bounds = Bounds {
            _slot: slot,
            timeout: query.timeout.unwrap_or(self.limits.export_timeout).min(self.limits.export_timeout),
            hint: "export a shorter time range, or raise query.export_timeout",
            rows_max: query.max_rows,
        };
        self.flow(snapshot, query, bounds).await
    }

    /// Runs one read-only statement over a snapshot inside the limits of [`QueryEngine::run`], and returns its rows as they
    /// come.
    ///
    /// # Errors
    /// As [`QueryEngine::export`].
    pub async fn stream(&self, snapshot: Snapshot, query: Query) -> Result<Flow, QueryError> {
        let bounds = Bounds {
            _slot: self.slot()?,
            timeout: self.timeout(&query),
            hint: "ask for a shorter time range or fewer groups",
            rows_max: Some(self.rows_max(&query)),
        };
        self.flow(snapshot, query, bounds).await
    }

    async fn flow(&self, snapshot: Snapshot, query: Query, bounds: Bounds) -> Result<Flow, QueryError> {
        let watched = self.watch.begin(&query.sql);
        let mut state = self.states.take()?;
        session::prepare(&mut state, &snapshot, self.limits.threads, self.clock.now())
            .map_err(|error| failure::of_running(&error))?;
        let (head, told) = oneshot::channel();
        let (to, pieces) = mpsc::channel(BATCHES_WAITING_MAX);
        let stop = StopSign::default();
        let source = Source { state, query, snapshot, stop: stop.clone(), bounds };
        let task = self.runtime()?.spawn(source.run(watched, head, to));
        let running = Running { task, stop };
        let (schema, notes) = told.await.map_err(|_| ended_early())??;
        Ok(Flow { schema, notes, pieces, ended: None, _running: running })
    }
}

fn ended_early() -> QueryError {
    QueryError::new("query_failed", "the SQL engine can not run this statement")
        .hint("try a simpler form of it; the server's log has the reason")
}

type Head = Result<(SchemaRef, Vec<String>), QueryError>;
type Pieces = mpsc::Sender<Result<Piece, QueryError>>;

/// Why no more rows are made.
enum Stop {
    /// The taker has gone, or knows why.
    Silent,
    Failed(QueryError),
}

/// The side that makes the rows.
struct Source {
    state: State,
    query: Query,
    snapshot: Snapshot,
    stop: StopSign,
    bounds: Bounds,
}

impl Source {
    async fn run(self, mut watched: Watched, head: oneshot::Sender<Head>, to: Pieces) {
        let Bounds { timeout, hint, .. } = self.bounds;
        let made = match tokio::time::timeout(timeout, self.make(&mut watched, head, &to)).await {
            Ok(made) => made,
            Err(_) => Err(Stop::Failed(
                QueryError::new("query_timeout", format!("the statement took longer than {timeout:?}")).hint(hint),
            )),
        };
        let last = match made {
            Ok(ended) => Ok(Piece::End(ended)),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Silent) => return,
        };
        watched.ended(&last);
        // The statement is over, whenever its last piece is taken.
        drop(watched);
        to.send(last).await.unwrap_or_default();
    }

    async fn make(self, watched: &mut Watched, head: oneshot::Sender<Head>, to: &Pieces) -> Result<Ended, Stop> {
        let rows_max = self.bounds.rows_max.unwrap_or(usize::MAX);
        let paths = &self.snapshot.paths;
        let begun = async {
            let planned = plan(self.state, &self.query, paths, self.bounds.rows_max, &self.stop).await?;
            let Planned { plan, context, unseen } = planned;
            let stream = execute_stream(Arc::clone(&plan), context).map_err(|error| failure::of_running(&error))?;
            Ok((plan, stream, unseen))
        };
        let (plan, mut stream, unseen) = match begun.await {
            Ok(begun) => begun,
            Err(error) => {
                watched.ended::<(), _>(&Err(()));
                head.send(Err(error)).unwrap_or_default();
                return Err(Stop::Silent);
            }
        };
        let notes = unseen.iter().map(failure::note_unseen).collect();
        head.send(Ok((plan.schema(), notes))).map_err(|_| Stop::Silent)?;
        let mut ended = Ended::default();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| Stop::Failed(failure::of_running(&error)))?;
            let room = rows_max - ended.stats.rows;
            ended.truncated = batch.num_rows() > room;
            let batch = if ended.truncated { batch.slice(0, room) } else { batch };
            ended.stats.rows += batch.num_rows();
            if batch.num_rows() > 0 {
                to.send(Ok(Piece::Rows(batch))).await.map_err(|_| Stop::Silent)?;
            }
            if ended.truncated {
                break;
            }
        }
        drop(stream);
        count(&plan, &mut ended.stats);
        ended.stats.elapsed = watched.elapsed();
        Ok(ended)
    }
}
