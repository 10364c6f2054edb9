//! Hands out the rows of one statement batch by batch, so that an answer of any size takes little memory.
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

use super::run::{Planned, plan};
use super::states::State;
use super::stop::StopSign;
use super::{Query, QueryEngine, QueryError, Running, failure, session};
use crate::snapshot::Snapshot;

/// Batches that wait for the taker: one is written while the next is made.
const BATCHES_WAITING_MAX: usize = 2;
/// Statements whose rows flow at the same time. Each may run for as long as `QueryLimits::export_timeout`.
pub(super) const FLOWS_MAX: usize = 8;

/// The rows of a statement under way.
#[derive(Debug)]
pub struct Flow {
    schema: SchemaRef,
    /// What the asker should know although it is no error, such as a path that no event has. Lowercase, one line each.
    pub notes: Vec<String>,
    batches: mpsc::Receiver<Result<RecordBatch, QueryError>>,
    /// Ends the statement when nobody takes its rows any more.
    _running: Running<()>,
}

impl Flow {
    /// Returns the columns of every batch.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the next rows, an error that ends them, or nothing after the last.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        self.batches.recv().await
    }
}

impl QueryEngine {
    /// Runs one read-only statement over a snapshot and returns its rows as they come, all of them unless
    /// `query.max_rows` says how many.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or too many run. What goes wrong later comes in place of a batch.
    pub async fn flow(&self, snapshot: Snapshot, query: Query) -> Result<Flow, QueryError> {
        let slot = Arc::clone(&self.flow_slots).try_acquire_owned().map_err(|_| {
            QueryError::new("query_busy", format!("{FLOWS_MAX} exports are running")).hint("try again in a moment")
        })?;
        let timeout = query.timeout.unwrap_or(self.limits.export_timeout).min(self.limits.export_timeout);
        let mut state = self.states.take()?;
        session::prepare(&mut state, &snapshot, self.limits.threads, self.clock.now())
            .map_err(|error| failure::of_running(&error))?;
        let (head, told) = oneshot::channel();
        let (to, batches) = mpsc::channel(BATCHES_WAITING_MAX);
        let stop = StopSign::default();
        let source = Source { state, query, snapshot, stop: stop.clone(), _slot: slot };
        let task = self.runtime()?.spawn(source.run(timeout, head, to));
        let running = Running { task, stop };
        let (schema, notes) = told.await.map_err(|_| ended_early())??;
        Ok(Flow { schema, notes, batches, _running: running })
    }
}

fn ended_early() -> QueryError {
    QueryError::new("query_failed", "the SQL engine can not run this statement")
        .hint("try a simpler form of it; the server's log has the reason")
}

type Head = Result<(SchemaRef, Vec<String>), QueryError>;
type Batches = mpsc::Sender<Result<RecordBatch, QueryError>>;

/// The side that makes the rows.
struct Source {
    state: State,
    query: Query,
    snapshot: Snapshot,
    stop: StopSign,
    _slot: OwnedSemaphorePermit,
}

impl Source {
    async fn run(self, timeout: Duration, head: oneshot::Sender<Head>, to: Batches) {
        let failed = to.clone();
        if tokio::time::timeout(timeout, self.make(head, to)).await.is_err() {
            let error = QueryError::new("query_timeout", format!("the export took longer than {timeout:?}"))
                .hint("export a shorter time range, or raise query.export_timeout");
            // Nobody is left to be told when the taker has gone.
            failed.send(Err(error)).await.unwrap_or_default();
        }
    }

    async fn make(self, head: oneshot::Sender<Head>, to: Batches) {
        let rows_max = self.query.max_rows.unwrap_or(usize::MAX);
        let paths = &self.snapshot.paths;
        let Planned { plan, context, unseen } =
            match plan(self.state, &self.query, paths, self.query.max_rows, &self.stop).await {
                Ok(planned) => planned,
                Err(error) => return head.send(Err(error)).unwrap_or_default(),
            };
        let mut stream = match execute_stream(Arc::clone(&plan), context) {
            Ok(stream) => stream,
            Err(error) => return head.send(Err(failure::of_running(&error))).unwrap_or_default(),
        };
        let notes = unseen.iter().map(failure::note_unseen).collect();
        if head.send(Ok((plan.schema(), notes))).is_err() {
            return;
        }
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| failure::of_running(&error));
            let is_last = batch.is_err();
            let batch = batch.map(|batch| batch.slice(0, batch.num_rows().min(rows_max - rows)));
            rows += batch.as_ref().map_or(0, RecordBatch::num_rows);
            if to.send(batch).await.is_err() || is_last || rows == rows_max {
                return;
            }
        }
    }
}
