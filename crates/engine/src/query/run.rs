//! Runs one statement on the query threads, inside its limits.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;

use super::failure::{self, Names};
use super::piece::array_bytes;
use super::scan::{BYTES_SCANNED, ROWS_SCANNED};
use super::states::State;
use super::stop::{StopSign, stoppable};
use super::{Answer, AnswerStats, Query, QueryError, UnseenPath, as_of, rewrite, session, statement};
use crate::tail::PathTypes;

/// Bytes of an answer. It is held in memory until it is sent, beside the text that is made of it.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// A statement that can be executed.
pub(super) struct Planned {
    pub(super) plan: Arc<dyn ExecutionPlan>,
    pub(super) context: Arc<TaskContext>,
    /// Paths of the statement that no event has.
    pub(super) unseen: Vec<UnseenPath>,
}

/// Plans a statement, which will make one row more than `rows_max` if it has as many.
pub(super) async fn plan(
    state: State,
    query: &Query,
    paths: &Arc<PathTypes>,
    rows_max: Option<usize>,
    stop: &StopSign,
) -> Result<Planned, QueryError> {
    let planning = |error: &DataFusionError| {
        let names = Names { functions: super::catalog::function_names(&state), paths: Arc::clone(paths) };
        failure::of_planning(error, &query.sql, &names)
    };
    let mut statement = statement::parse(&query.sql, &query.params)?;
    if let Some(time) = query.as_of {
        as_of::everywhere(&mut statement, time);
    }
    let unseen = rewrite::statement(&mut statement, paths)?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| planning(&error))?;
    only_reads(&plan)?;
    let plan = match rows_max {
        Some(rows_max) => bounded(plan, rows_max).map_err(|error| planning(&error))?,
        None => plan,
    };
    let plan = state.create_physical_plan(&plan).await.map_err(|error| planning(&error))?;
    let plan = stoppable(plan, stop).map_err(|error| planning(&error))?;
    let unseen = unseen.into_iter().map(|path| failure::unseen(path, paths)).collect();
    Ok(Planned { plan, context: session::task_context(&state), unseen })
}

/// Plans a statement and collects up to `rows_max` rows of it.
pub(super) async fn run(
    state: State,
    query: &Query,
    paths: &Arc<PathTypes>,
    rows_max: usize,
    stop: &StopSign,
) -> Result<Answer, QueryError> {
    let Planned { plan, context, unseen } = plan(state, query, paths, Some(rows_max), stop).await?;
    let mut stream = execute_stream(Arc::clone(&plan), context).map_err(|error| failure::of_running(&error))?;
    let mut taken = Taken { rows_max, ..Taken::default() };
    while let Some(batch) = stream.next().await {
        taken.add(batch.map_err(|error| failure::of_running(&error))?)?;
        if taken.truncated {
            break;
        }
    }
    drop(stream);
    let mut stats = AnswerStats { rows: taken.rows, ..AnswerStats::default() };
    count(&plan, &mut stats);
    let notes = unseen.iter().map(failure::note_unseen).collect();
    Ok(Answer { schema: plan.schema(), batches: taken.batches, truncated: taken.truncated, notes, unseen, stats })
}

/// Refuses what the grammar let through but would write.
fn only_reads(plan: &LogicalPlan) -> Result<(), QueryError> {
    let options = datafusion::execution::context::SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    options.verify_plan(plan).map_err(|_| QueryError::new("sql_read_only", "the statement does more than read"))
}

/// Asks for one row more than may be answered, which tells whether there are more.
fn bounded(plan: LogicalPlan, rows_max: usize) -> Result<LogicalPlan, DataFusionError> {
    if matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_)) {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan).limit(0, Some(rows_max.saturating_add(1)))?.build()
}

/// Rows of an answer so far.
#[derive(Default)]
struct Taken {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    rows_max: usize,
    truncated: bool,
}

impl Taken {
    fn add(&mut self, batch: RecordBatch) -> Result<(), QueryError> {
        let room = self.rows_max - self.rows;
        self.truncated = batch.num_rows() > room;
        let batch = if self.truncated { batch.slice(0, room) } else { batch };
        self.bytes += batch.columns().iter().map(|column| array_bytes(column.as_ref())).sum::<usize>();
        if self.bytes > ANSWER_BYTES_MAX {
            let limit = ANSWER_BYTES_MAX >> 20;
            return Err(QueryError::new("result_too_large", format!("the answer is larger than {limit} MiB"))
                .hint("ask for fewer columns or rows"));
        }
        self.rows += batch.num_rows();
        if batch.num_rows() > 0 {
            self.batches.push(batch);
        }
        Ok(())
    }
}

/// Adds up what the scans of a plan counted.
pub(super) fn count(plan: &Arc<dyn ExecutionPlan>, stats: &mut AnswerStats) {
    if let Some(metrics) = plan.metrics() {
        let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |sum| sum.as_usize() as u64);
        stats.rows_scanned += sum(ROWS_SCANNED);
        stats.bytes_scanned += sum(BYTES_SCANNED);
    }
    for child in plan.children() {
        count(child, stats);
    }
}
