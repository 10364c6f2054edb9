//! Opens one group of a segment: only the leaf columns that are needed, rows that do not pass a condition left out
//! before anything else of them is decoded.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::physical_plan::metrics::Count;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter,
};

use super::condition::Condition;
use super::leaf::Reading;
use super::part::Part;
use super::piece::{BATCH_ROWS, Wish, or_false};
use super::take::Take;
use crate::segment::Segment;

/// How readings are answered from the batches of one group.
#[derive(Debug)]
pub(super) struct GroupPlan {
    takes: Vec<Take>,
    leaves: Vec<usize>,
    /// A condition that is checked on whole batches, because it reads all that is wanted.
    check: Option<(Arc<Condition>, Vec<Take>)>,
}

impl GroupPlan {
    fn new(readings: &[Reading], segment: &Segment, group: usize, table: &SchemaRef) -> Self {
        let mut leaves = Vec::new();
        let takes = readings.iter().map(|reading| Take::plan(reading, segment, group, table, &mut leaves)).collect();
        Self { takes, leaves, check: None }
    }

    /// Returns the readings as columns, of the rows that pass what is left to be checked.
    pub(super) fn read(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let columns = columns(&self.takes, batch, schema)?;
        let Some((condition, takes)) = &self.check else { return Ok(columns) };
        let passes = condition.passes(&self::columns(takes, batch, &condition.schema)?)?;
        Ok(if passes.true_count() == batch.num_rows() { columns } else { filter_record_batch(&columns, &passes)? })
    }
}

fn columns(takes: &[Take], batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = takes.iter().map(|take| take.read(batch)).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)?)
}

/// Starts to read a part of a file. `rows` counts what was looked at, `bytes` what was read from the file.
pub(super) fn open(
    part: &Part,
    wish: &Wish,
    rows: &Count,
    bytes: &Arc<AtomicU64>,
) -> Result<(GroupPlan, ParquetRecordBatchReader)> {
    let Part { segment, group, .. } = part;
    let mut plan = GroupPlan::new(&wish.readings, segment, *group, &wish.table);
    let parquet = segment.metadata().parquet_schema();
    let source = segment.source(Arc::clone(bytes));
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, segment.metadata().clone())
        .with_row_groups(vec![*group])
        .with_batch_size(BATCH_ROWS);
    rows.add(part.rows());
    if let Some(selection) = part.selection() {
        builder = builder.with_row_selection(selection);
    }
    if let Some(condition) = &wish.condition {
        let checks = GroupPlan::new(&condition.readings, segment, *group, &wish.table);
        if plan.leaves.iter().all(|leaf| checks.leaves.contains(leaf)) {
            // Choosing rows to be read would only cost, for all of them are read already.
            segment.expect(*group, &checks.leaves);
            plan.leaves = checks.leaves;
            plan.check = Some((Arc::clone(condition), checks.takes));
        } else {
            segment.expect(*group, &checks.leaves);
            let mask = ProjectionMask::leaves(parquet, checks.leaves.iter().copied());
            let condition = Arc::clone(condition);
            let passes = move |batch: RecordBatch| {
                let passes = || condition.passes(&columns(&checks.takes, &batch, &condition.schema)?);
                passes().map(or_false).map_err(|error| ArrowError::ExternalError(Box::new(error)))
            };
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(ArrowPredicateFn::new(mask, passes))]));
        }
    } else {
        segment.expect(*group, &plan.leaves);
    }
    let builder = builder.with_projection(ProjectionMask::leaves(parquet, plan.leaves.iter().copied()));
    Ok((plan, builder.build()?))
}
