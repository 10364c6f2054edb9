//! Reads rows of the tail as a step of a plan: only the columns and paths asked for, small chunks joined into larger
//! batches. Knows nothing of tables or SQL.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};

use super::accessor::{Accessor, step};
use super::leaf::{Reading, read_batch};
use crate::tail::Chunk;

/// Names of the counters that a scan keeps.
pub(super) const ROWS_SCANNED: &str = "rows_scanned";
pub(super) const BYTES_SCANNED: &str = "bytes_scanned";

/// Rows that small chunks are joined to; what DataFusion's operators are made for.
const BATCH_ROWS: usize = 8_192;
/// A chunk of at least this many rows is passed on as it is.
const BATCH_ROWS_ALONE: usize = 1_024;
/// A second thread pays from this many rows on.
const PARTITION_ROWS_MIN: usize = 32_768;

/// Reads chunks of the tail.
#[derive(Debug, Clone)]
pub(super) struct TailExec {
    partitions: Arc<[Vec<Arc<Chunk>>]>,
    readings: Arc<[Reading]>,
    /// The table, for names and types of columns.
    table: SchemaRef,
    properties: Arc<PlanProperties>,
    rows_max: Option<usize>,
    metrics: ExecutionPlanMetricsSet,
}

impl TailExec {
    /// Reads the given columns of the table from the chunks, spread over up to `threads` partitions in offset order.
    pub(super) fn new(
        chunks: Vec<Arc<Chunk>>,
        table: SchemaRef,
        columns: &[usize],
        rows_max: Option<usize>,
        threads: usize,
    ) -> Self {
        let readings: Vec<Reading> = columns.iter().map(|index| Reading::Column(*index)).collect();
        let names: Vec<&str> = columns.iter().map(|index| table.field(*index).name().as_str()).collect();
        let schema = schema_of(&readings, &names, &table);
        let partitions: Arc<[_]> = spread(chunks, threads).into();
        Self {
            properties: properties_of(schema, partitions.len()),
            partitions,
            readings: readings.into(),
            table,
            rows_max,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// Returns this scan with other columns.
    fn with_readings(&self, readings: Vec<Reading>, names: &[&str]) -> Self {
        let schema = schema_of(&readings, names, &self.table);
        Self {
            properties: properties_of(schema, self.partitions.len()),
            readings: readings.into(),
            metrics: ExecutionPlanMetricsSet::new(),
            ..self.clone()
        }
    }

    fn rows(&self, partition: Option<usize>) -> usize {
        let rows = |chunks: &Vec<Arc<Chunk>>| chunks.iter().map(|chunk| chunk.batch.num_rows()).sum::<usize>();
        let rows = match partition {
            Some(partition) => self.partitions.get(partition).map_or(0, rows),
            None => self.partitions.iter().map(rows).sum(),
        };
        self.rows_max.map_or(rows, |max| rows.min(max))
    }
}

impl DisplayAs for TailExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let columns: Vec<String> = self.readings.iter().map(|reading| reading.shown(&self.table)).collect();
        let chunks: usize = self.partitions.iter().map(Vec::len).sum();
        write!(f, "TailScan: columns=[{}], chunks={chunks}, partitions={}", columns.join(", "), self.partitions.len())?;
        self.rows_max.map_or(Ok(()), |rows| write!(f, ", rows<={rows}"))
    }
}

impl ExecutionPlan for TailExec {
    fn name(&self) -> &'static str {
        "TailScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reader = Reader {
            chunks: self.partitions.get(partition).cloned().unwrap_or_default().into_iter(),
            readings: Arc::clone(&self.readings),
            small: BatchCoalescer::new(self.schema(), BATCH_ROWS)
                .with_biggest_coalesce_batch_size(Some(BATCH_ROWS_ALONE)),
            schema: self.schema(),
            rows_left: self.rows_max.unwrap_or(usize::MAX),
            rows_scanned: MetricBuilder::new(&self.metrics).counter(ROWS_SCANNED, partition),
            bytes_scanned: MetricBuilder::new(&self.metrics).counter(BYTES_SCANNED, partition),
        };
        let rows = RecordBatchStreamAdapter::new(self.schema(), futures::stream::iter(reader));
        Ok(Box::pin(cooperative(rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let rows = self.rows(args.partition());
        let whole = args.partition().is_none() && self.rows_max.is_none();
        let columns = self.readings.iter().map(|reading| match reading {
            Reading::Column(index) if whole && self.table.field(*index).name() == "timestamp" => self.times(*index),
            _ => ColumnStatistics::new_unknown(),
        });
        Ok(Arc::new(Statistics {
            num_rows: Precision::Exact(rows),
            total_byte_size: Precision::Absent,
            column_statistics: columns.collect(),
        }))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self { rows_max: limit, metrics: ExecutionPlanMetricsSet::new(), ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.rows_max
    }

    /// Takes the columns and paths of a projection into the scan; what it computes from them stays above.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let mut wanted = Wanted::of(&self.readings);
        let mut above = Vec::with_capacity(projection.expr().len());
        for ProjectionExpr { expr, alias } in projection.expr() {
            above.push(ProjectionExpr::new(wanted.take(expr)?, alias.clone()));
        }
        let direct: Option<Vec<(usize, &str)>> = above
            .iter()
            .map(|item| item.expr.downcast_ref::<Column>().map(|column| (column.index(), item.alias.as_str())))
            .collect();
        if let Some(columns) = direct {
            let readings = columns.iter().map(|(index, _)| wanted.readings[*index].clone()).collect();
            let names: Vec<&str> = columns.iter().map(|(_, alias)| *alias).collect();
            return Ok(Some(Arc::new(self.with_readings(readings, &names))));
        }
        if wanted.paths == 0 {
            return Ok(None);
        }
        let names: Vec<String> = (0..wanted.readings.len()).map(column_name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scan: Arc<dyn ExecutionPlan> = Arc::new(self.with_readings(wanted.readings, &names));
        let schema = projection.schema();
        Ok(Some(Arc::new(ProjectionExec::try_new_with_schema_metadata(above, scan, &schema)?)))
    }
}

impl TailExec {
    /// Returns what is known of the event time.
    fn times(&self, column: usize) -> ColumnStatistics {
        let DataType::Timestamp(_, zone) = self.table.field(column).data_type().clone() else {
            return ColumnStatistics::new_unknown();
        };
        let chunks = || self.partitions.iter().flatten();
        let value = |time| Precision::Exact(ScalarValue::TimestampMicrosecond(time, zone.clone()));
        ColumnStatistics {
            min_value: value(chunks().map(|chunk| chunk.timestamp_min).min()),
            max_value: value(chunks().map(|chunk| chunk.timestamp_max).max()),
            null_count: Precision::Exact(0),
            ..ColumnStatistics::new_unknown()
        }
    }
}

/// Collects what expressions over some columns read from chunks.
pub(super) struct Wanted<'a> {
    inputs: &'a [Reading],
    pub(super) readings: Vec<Reading>,
    /// How many accessors were found.
    paths: usize,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(inputs: &'a [Reading]) -> Self {
        Self { inputs, readings: Vec::new(), paths: 0 }
    }

    /// Returns the schema of the readings collected.
    pub(super) fn schema(&self, table: &SchemaRef) -> SchemaRef {
        let names: Vec<String> = (0..self.readings.len()).map(column_name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        schema_of(&self.readings, &names, table)
    }

    /// Returns the expression over the readings collected so far and its own.
    pub(super) fn take(&mut self, expr: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let rewritten = Arc::clone(expr).transform_down(|expr| {
            let Some(reading) = reading_of(&expr, self.inputs) else {
                return Ok(Transformed::no(expr));
            };
            self.paths += usize::from(expr.downcast_ref::<Column>().is_none());
            let known = self.readings.iter().position(|known| *known == reading);
            let index = known.unwrap_or_else(|| {
                self.readings.push(reading);
                self.readings.len() - 1
            });
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(&column_name(index), index));
            Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
        })?;
        Ok(rewritten.data)
    }
}

/// Returns the name that a scan gives to a column which an expression above it reads.
fn column_name(index: usize) -> String {
    format!("c{index}")
}

/// Returns what to read from a chunk to answer the expression, if it is a column or an accessor over `inputs`.
fn reading_of(expr: &Arc<dyn PhysicalExpr>, inputs: &[Reading]) -> Option<Reading> {
    if let Some(column) = expr.downcast_ref::<Column>() {
        return inputs.get(column.index()).cloned();
    }
    let function = expr.downcast_ref::<ScalarFunctionExpr>()?;
    let request = function.fun().inner().downcast_ref::<Accessor>()?.request;
    let (json, keys) = function.args().split_first()?;
    let Reading::Column(column) = *inputs.get(json.downcast_ref::<Column>()?.index())? else {
        return None;
    };
    let path = keys.iter().map(|key| step(key.downcast_ref::<Literal>()?.value()));
    Some(Reading::Path { column, path: path.collect::<Option<_>>()?, request })
}

fn schema_of(readings: &[Reading], names: &[&str], table: &SchemaRef) -> SchemaRef {
    let fields = readings.iter().zip(names).map(|(reading, name)| reading.field(name, table));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn properties_of(schema: SchemaRef, partitions: usize) -> Arc<PlanProperties> {
    let properties = PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(partitions),
        EmissionType::Incremental,
        Boundedness::Bounded,
    );
    Arc::new(properties.with_scheduling_type(SchedulingType::Cooperative))
}

/// Splits chunks into runs of about the same number of rows.
fn spread(chunks: Vec<Arc<Chunk>>, threads: usize) -> Vec<Vec<Arc<Chunk>>> {
    let rows: usize = chunks.iter().map(|chunk| chunk.batch.num_rows()).sum();
    let parts = (rows / PARTITION_ROWS_MIN).clamp(1, threads.max(1));
    let mut partitions = vec![Vec::with_capacity(chunks.len() / parts + 1); parts];
    let mut before = 0;
    for chunk in chunks {
        let part = (before * parts / rows.max(1)).min(parts - 1);
        before += chunk.batch.num_rows();
        partitions[part].push(chunk);
    }
    partitions
}

/// Turns chunks into batches, one at a time.
struct Reader {
    chunks: std::vec::IntoIter<Arc<Chunk>>,
    readings: Arc<[Reading]>,
    schema: SchemaRef,
    small: BatchCoalescer,
    rows_left: usize,
    rows_scanned: Count,
    bytes_scanned: Count,
}

impl Reader {
    fn read(&mut self, chunk: &Chunk) -> Result<RecordBatch> {
        let mut batch = read_batch(chunk, &self.readings, &self.schema)?;
        if batch.num_rows() > self.rows_left {
            batch = batch.slice(0, self.rows_left);
        }
        self.rows_left -= batch.num_rows();
        self.rows_scanned.add(batch.num_rows());
        self.bytes_scanned.add(batch.columns().iter().map(|column| array_bytes(column.as_ref())).sum());
        Ok(batch)
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.small.next_completed_batch() {
                return Ok(Some(batch));
            }
            let chunk = if self.rows_left == 0 { None } else { self.chunks.next() };
            let Some(chunk) = chunk else {
                self.small.finish_buffered_batch()?;
                return Ok(self.small.next_completed_batch());
            };
            let batch = self.read(&chunk)?;
            if batch.num_columns() == 0 {
                return Ok(Some(batch));
            }
            self.small.push_batch(batch)?;
        }
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// Returns the bytes that an array's own values take; buffers that it shares with others count by what it uses of them.
pub(super) fn array_bytes(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => {
            let views = array.as_string_view().views();
            #[expect(clippy::cast_possible_truncation, reason = "a view's lowest 32 bits are its length")]
            let texts: usize = views.iter().map(|view| *view as u32 as usize).sum();
            texts + views.len() * size_of::<u128>()
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            let items =
                list.values().slice(usize::try_from(first).unwrap_or(0), usize::try_from(last - first).unwrap_or(0));
            array_bytes(items.as_ref()) + (list.len() + 1) * size_of::<i32>()
        }
        _ => array.to_data().get_slice_memory_size().unwrap_or(0),
    }
}
