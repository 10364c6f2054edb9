//! Reads rows of history and the tail as a step of a plan: only the columns and paths asked for, and only what can pass the
//! conditions that were handed down. Knows nothing of tables or SQL.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::conjunction;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};

use super::codes::Codes;
use super::condition::Condition;
use super::leaf::Reading;
use super::piece::{Coding, Counters, Piece, PieceReader, TimeOrder, Wish, deal, spread};
use super::take::lists_few_texts;
use super::wanted::{Wanted, column_name, schema_of};

/// Names of the counters that a scan keeps.
pub(super) const ROWS_SCANNED: &str = "rows_scanned";
pub(super) const BYTES_SCANNED: &str = "bytes_scanned";

const GROUPS_PASSED_OVER: &str = "groups_passed_over";

/// Numbering texts pays from this many rows on.
const CODED_ROWS_MIN: usize = 32_768;
/// So many times as many rows have to be in files as in memory, where equal texts lie in different places.
const CODED_SEALED_SHARE: usize = 4;

/// Reads pieces of history and the tail.
#[derive(Debug, Clone)]
pub(super) struct ScanExec {
    partitions: Arc<[Vec<Piece>]>,
    wish: Wish,
    properties: Arc<PlanProperties>,
    /// The order in which pieces are in their partitions, where that is the order of time.
    order: Option<TimeOrder>,
    /// Columns whose texts come as numbers. Comes last: the columns of such a scan are not changed any more.
    coding: Option<Coding>,
    rows_max: Option<usize>,
    threads: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanExec {
    /// Reads the given columns of the table from the pieces, spread over up to `threads` partitions in their order.
    pub(super) fn new(
        pieces: Vec<Piece>,
        table: SchemaRef,
        columns: &[usize],
        rows_max: Option<usize>,
        threads: usize,
    ) -> Self {
        let readings: Vec<Reading> = columns.iter().map(|index| Reading::Column(*index)).collect();
        let names: Vec<&str> = columns.iter().map(|index| table.field(*index).name().as_str()).collect();
        let schema = schema_of(&readings, &names, &table);
        let partitions: Arc<[_]> = spread(pieces, threads).into();
        Self {
            properties: properties_of(SchemaRef::clone(&schema), partitions.len()),
            partitions,
            wish: Wish { readings: readings.into(), schema, table, condition: None },
            order: None,
            coding: None,
            rows_max,
            threads,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// Returns this scan with other columns.
    fn with_readings(&self, readings: Vec<Reading>, names: &[&str]) -> Self {
        let schema = schema_of(&readings, names, &self.wish.table);
        Self {
            properties: properties_of(SchemaRef::clone(&schema), self.partitions.len()),
            wish: Wish { readings: readings.into(), schema, ..self.wish.clone() },
            metrics: ExecutionPlanMetricsSet::new(),
            ..self.clone()
        }
    }

    /// Returns whether the texts of a column come again and again: most rows are in files, which list few of them.
    pub(super) fn repeats(&self, column: usize) -> bool {
        let Some(reading) = self.wish.readings.get(column) else { return false };
        let (mut sealed, mut others) = (0, 0);
        for piece in self.partitions.iter().flatten() {
            match piece {
                Piece::Part(part) if lists_few_texts(reading, &part.segment, part.group) => sealed += piece.rows(),
                Piece::Part(_) => return false,
                Piece::Chunk(_) | Piece::Rows(_) => others += piece.rows(),
            }
        }
        sealed >= CODED_ROWS_MIN && others <= sealed / CODED_SEALED_SHARE
    }

    /// Returns this scan with numbers in the place of the texts of some columns.
    pub(super) fn with_codes(&self, codes: &BTreeMap<usize, Arc<Codes>>) -> Self {
        let fields = self.wish.schema.fields().iter().enumerate().map(|(column, field)| match codes.get(&column) {
            Some(_) => Arc::new(Field::new(field.name(), DataType::UInt32, field.is_nullable())),
            None => Arc::clone(field),
        });
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = codes.iter().map(|(column, codes)| (*column, Arc::clone(codes))).collect();
        Self {
            properties: properties_of(SchemaRef::clone(&schema), self.partitions.len()),
            coding: Some(Coding { schema, columns }),
            metrics: ExecutionPlanMetricsSet::new(),
            ..self.clone()
        }
    }

    /// Returns this scan with one more condition; groups and pages that can not pass it are left out. Once the plan around it relies
    /// on the number of partitions, that stays.
    fn with_condition(&self, filters: &[Arc<dyn PhysicalExpr>], phase: FilterPushdownPhase) -> Result<Self> {
        let own = Condition::new(&conjunction(filters.iter().cloned()), &self.wish.readings, &self.wish.table)?;
        let narrowed = |piece: &Piece| match piece {
            Piece::Chunk(_) | Piece::Rows(_) => Some(piece.clone()),
            Piece::Part(part) => own.narrowed(part).map(Piece::Part),
        };
        let left = |pieces: &Vec<Piece>| pieces.iter().filter_map(narrowed).collect::<Vec<Piece>>();
        let partitions: Arc<[_]> = match phase {
            FilterPushdownPhase::Pre => spread(self.partitions.iter().flat_map(left).collect(), self.threads).into(),
            FilterPushdownPhase::Post => self.partitions.iter().map(left).collect(),
        };
        let condition = match &self.wish.condition {
            Some(earlier) => earlier.and(&own, &self.wish.table)?,
            None => own,
        };
        Ok(Self {
            properties: properties_of(SchemaRef::clone(&self.wish.schema), partitions.len()),
            partitions,
            wish: Wish { condition: Some(Arc::new(condition)), ..self.wish.clone() },
            metrics: ExecutionPlanMetricsSet::new(),
            ..self.clone()
        })
    }

    fn rows(&self, partition: Option<usize>) -> usize {
        let rows = |pieces: &Vec<Piece>| pieces.iter().map(Piece::rows).sum::<usize>();
        let rows = match partition {
            Some(partition) => self.partitions.get(partition).map_or(0, rows),
            None => self.partitions.iter().map(rows).sum(),
        };
        self.rows_max.map_or(rows, |max| rows.min(max))
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let columns: Vec<String> = self.wish.readings.iter().map(|reading| reading.shown(&self.wish.table)).collect();
        let chunks = self.partitions.iter().flatten().filter(|piece| !matches!(piece, Piece::Part(_))).count();
        let groups = self.partitions.iter().map(Vec::len).sum::<usize>() - chunks;
        let columns = columns.join(", ");
        write!(
            f,
            "EventsScan: columns=[{columns}], groups={groups}, chunks={chunks}, partitions={}",
            self.partitions.len()
        )?;
        if let Some(condition) = &self.wish.condition {
            let readings = condition.readings.iter().map(|reading| reading.shown(&self.wish.table));
            write!(f, ", condition={condition} over [{}]", readings.collect::<Vec<_>>().join(", "))?;
        }
        if let Some(coding) = &self.coding {
            let readings = coding.columns.iter().filter_map(|(column, _)| self.wish.readings.get(*column));
            let numbered: Vec<String> = readings.map(|reading| reading.shown(&self.wish.table)).collect();
            write!(f, ", numbered=[{}]", numbered.join(", "))?;
        }
        self.rows_max.map_or(Ok(()), |rows| write!(f, ", rows<={rows}"))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "EventsScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.wish.condition.as_ref().map_or(Ok(TreeNodeRecursion::Continue), |condition| visit(condition.expr()))
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let counter = |name| MetricBuilder::new(&self.metrics).counter(name, partition);
        let counters = Counters {
            rows: counter(ROWS_SCANNED),
            bytes: counter(BYTES_SCANNED),
            groups_passed_over: counter(GROUPS_PASSED_OVER),
        };
        let pieces = self.partitions.get(partition).cloned().unwrap_or_default();
        let coding = self.coding.as_ref();
        coding
            .into_iter()
            .flat_map(|coding| &coding.columns)
            .for_each(|(_, codes)| codes.account(context.memory_pool()));
        let reader = PieceReader::new(pieces, self.order, self.wish.clone(), coding, self.rows_max, counters);
        let rows = RecordBatchStreamAdapter::new(self.schema(), futures::stream::iter(reader));
        Ok(Box::pin(cooperative(rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let rows = self.rows(args.partition());
        let is_exact = self.wish.condition.is_none();
        let whole = args.partition().is_none() && self.rows_max.is_none() && is_exact;
        let columns = self.wish.readings.iter().map(|reading| match reading {
            Reading::Column(index) if whole && self.wish.table.field(*index).name() == "timestamp" => {
                self.times(*index)
            }
            _ => ColumnStatistics::new_unknown(),
        });
        Ok(Arc::new(Statistics {
            num_rows: if is_exact { Precision::Exact(rows) } else { Precision::Inexact(rows) },
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

    /// Takes over conditions, which are then checked before anything else of a row is read.
    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let filters: Vec<Arc<dyn PhysicalExpr>> =
            result.parent_filters.into_iter().map(|filter| filter.filter).collect();
        // A limit holds for the rows before a condition that comes to it later.
        if filters.is_empty() || self.rows_max.is_some() {
            return Ok(FilterPushdownPropagation::with_parent_pushdown_result(vec![PushedDown::No; filters.len()]));
        }
        let scan = self.with_condition(&filters, phase)?;
        let taken = FilterPushdownPropagation::with_parent_pushdown_result(vec![PushedDown::Yes; filters.len()]);
        Ok(taken.with_updated_node(Arc::new(scan)))
    }

    /// Reads the newest (or oldest) pieces first where rows are wanted in the order of time: a query for a few of them then
    /// finds that it needs no others.
    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let first = order.first().and_then(|order| Some((order.expr.downcast_ref::<Column>()?, order.options)));
        let Some((column, options)) = first.filter(|_| self.rows_max.is_none()) else {
            return Ok(SortOrderPushdownResult::Unsupported);
        };
        match self.wish.readings.get(column.index()) {
            Some(Reading::Column(index)) if self.wish.table.field(*index).name() == "timestamp" => {
                let mut pieces: Vec<Piece> = self.partitions.iter().flatten().cloned().collect();
                if options.descending {
                    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.times().1));
                } else {
                    pieces.sort_by_key(|piece| piece.times().0);
                }
                let partitions: Arc<[_]> = deal(pieces, self.partitions.len()).into();
                let order = Some(TimeOrder { newest_first: options.descending });
                let scan = Self { partitions, order, metrics: ExecutionPlanMetricsSet::new(), ..self.clone() };
                Ok(SortOrderPushdownResult::Inexact { inner: Arc::new(scan) })
            }
            _ => Ok(SortOrderPushdownResult::Unsupported),
        }
    }

    /// Takes the columns and paths of a projection into the scan; what it computes from them stays above.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let mut wanted = Wanted::of(&self.wish.readings);
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

impl ScanExec {
    /// Returns what is known of the event time.
    fn times(&self, column: usize) -> ColumnStatistics {
        let DataType::Timestamp(_, zone) = self.wish.table.field(column).data_type().clone() else {
            return ColumnStatistics::new_unknown();
        };
        let pieces = || self.partitions.iter().flatten();
        let value = |time| Precision::Exact(ScalarValue::TimestampMicrosecond(time, zone.clone()));
        ColumnStatistics {
            min_value: value(pieces().map(|piece| piece.times().0).min()),
            max_value: value(pieces().map(|piece| piece.times().1).max()),
            null_count: Precision::Exact(0),
            ..ColumnStatistics::new_unknown()
        }
    }
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
