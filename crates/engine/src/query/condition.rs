//! A condition that a scan checks itself: row by row, and before that on what files say about groups of rows and their pages.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr;
use datafusion::physical_expr_common::physical_expr::snapshot_physical_expr;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use parquet::file::statistics::Statistics;

use super::accessor::Request;
use super::leaf::Reading;
use super::part::Part;
use super::take::descend;
use super::text_equals::faster;
use super::wanted::Wanted;
use crate::segment::layout::TypedLayout;
use crate::segment::shape::LeafType;
use crate::segment::{ColumnLayout, PAGE_ROWS};

/// A condition over columns and paths.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// As it was written; this is what bounds are compared with.
    expr: Arc<dyn PhysicalExpr>,
    /// As it is checked.
    check: Arc<dyn PhysicalExpr>,
    /// What the expression reads, in the order of its columns.
    pub(super) readings: Arc<[Reading]>,
    pub(super) schema: SchemaRef,
}

impl Condition {
    /// Returns the condition that an expression over columns of a scan is.
    pub(super) fn new(expr: &Arc<dyn PhysicalExpr>, inputs: &[Reading], table: &SchemaRef) -> Result<Self> {
        let mut wanted = Wanted::of(inputs);
        let expr = wanted.take(expr)?;
        Self::of(expr, wanted, table)
    }

    fn of(expr: Arc<dyn PhysicalExpr>, wanted: Wanted<'_>, table: &SchemaRef) -> Result<Self> {
        let schema = wanted.schema(table);
        Ok(Self { check: faster(&expr, &schema)?, expr, schema, readings: wanted.readings.into() })
    }

    /// Returns the condition that both hold.
    pub(super) fn and(&self, other: &Self, table: &SchemaRef) -> Result<Self> {
        let mut wanted = Wanted::of(&other.readings);
        wanted.readings = self.readings.to_vec();
        let expr = wanted.take(&other.expr)?;
        let expr: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(Arc::clone(&self.expr), Operator::And, expr));
        Self::of(expr, wanted, table)
    }

    pub(super) fn expr(&self) -> &Arc<dyn PhysicalExpr> {
        &self.expr
    }

    /// Returns which rows pass; `batch` has the readings as columns.
    pub(super) fn passes(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let answer = self.check.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(answer.as_boolean_opt().cloned().unwrap_or_else(|| BooleanArray::from(vec![false; batch.num_rows()])))
    }

    /// Returns the pages of a part that may have a row that passes; nothing when there is none.
    pub(super) fn narrowed(&self, part: &Part) -> Option<Part> {
        // A condition that says nothing about bounds rules nothing out.
        let Ok(predicate) = self.predicate() else { return Some(part.clone()) };
        let facts = |rows: &[Range<usize>]| Facts { condition: self, part, rows: rows.to_vec() };
        let may_pass = |facts: &Facts<'_>| predicate.prune(facts).ok();
        if (part.is_whole() || part.rows() > PAGE_ROWS) && may_pass(&facts(&[])).is_some_and(|passes| passes == [false])
        {
            return None;
        }
        let pages = part.pages();
        let Some(passes) = may_pass(&facts(&pages)).filter(|passes| passes.len() == pages.len()) else {
            return Some(part.clone());
        };
        let left: Vec<Range<usize>> =
            pages.into_iter().zip(passes).filter(|(_, passes)| *passes).map(|(page, _)| page).collect();
        (!left.is_empty()).then(|| part.of_pages(left))
    }

    /// Returns what the condition says about bounds, as it is now: a query may find bounds of its own on its way.
    fn predicate(&self) -> Result<PruningPredicate> {
        let expr = snapshot_physical_expr(Arc::clone(&self.expr))?;
        PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema)).try_build(expr)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

/// What a file says about rows of one group: of all, or of some pages.
struct Facts<'a> {
    condition: &'a Condition,
    part: &'a Part,
    /// The pages; none for all of the group.
    rows: Vec<Range<usize>>,
}

impl Facts<'_> {
    /// Returns the leaf column whose bounds are those of a column of the condition, and its type there.
    fn leaf(&self, column: &Column) -> Option<(usize, DataType)> {
        let index = self.condition.schema.index_of(&column.name).ok()?;
        let kind = self.condition.schema.field(index).data_type().clone();
        match &self.condition.readings[index] {
            // The items of a list say nothing of how many lists there are.
            Reading::Column(_) if kind.is_nested() => None,
            Reading::Column(index) => match self.part.segment.column(*index) {
                ColumnLayout::Plain(leaf) => Some((*leaf, kind)),
                ColumnLayout::Json(_) | ColumnLayout::Missing => None,
            },
            Reading::Path { column, path, request } => {
                let ColumnLayout::Json(layout) = self.part.segment.column(*column) else { return None };
                let (node, keys) = descend(&layout.root, path);
                let TypedLayout::Leaf(leaf, leaf_type) = node.typed else { return None };
                let covers_all = node.value.is_none_or(|value| self.part.segment.is_empty(self.part.group, value));
                let is_same = matches!(
                    (leaf_type, request),
                    (LeafType::Text, Request::Any | Request::Text)
                        | (LeafType::Int, Request::Int | Request::Float)
                        | (LeafType::Float, Request::Float)
                );
                (keys.len() == path.len() && covers_all && is_same).then_some((leaf, kind))
            }
        }
    }

    /// Returns what is known of a leaf column, for each of the things asked about.
    fn statistics(&self, leaf: usize) -> Vec<Option<Statistics>> {
        let Part { segment, group, .. } = self.part;
        if self.rows.is_empty() {
            return vec![segment.statistics(*group, leaf).cloned()];
        }
        self.rows.iter().map(|rows| segment.statistics_of_rows(*group, leaf, rows)).collect()
    }

    fn bounds(&self, column: &Column, of: impl Fn(&Statistics) -> Option<ScalarValue>) -> Option<ArrayRef> {
        let (leaf, kind) = self.leaf(column)?;
        let bounds: Vec<_> = self.statistics(leaf).iter().map(|statistics| statistics.as_ref().and_then(&of)).collect();
        let unknown = ScalarValue::try_new_null(&bounds.iter().flatten().next()?.data_type()).ok()?;
        let bounds = bounds.into_iter().map(|bound| bound.unwrap_or_else(|| unknown.clone()));
        cast(&ScalarValue::iter_to_array(bounds).ok()?, &kind).ok()
    }
}

impl PruningStatistics for Facts<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |statistics| match statistics {
            Statistics::Int32(values) => values.min_opt().map(|value| ScalarValue::Int32(Some(*value))),
            Statistics::Int64(values) => values.min_opt().map(|value| ScalarValue::Int64(Some(*value))),
            Statistics::Double(values) => values.min_opt().map(|value| ScalarValue::Float64(Some(*value))),
            Statistics::ByteArray(values) => text(values.min_opt()?),
            _ => None,
        })
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |statistics| match statistics {
            Statistics::Int32(values) => values.max_opt().map(|value| ScalarValue::Int32(Some(*value))),
            Statistics::Int64(values) => values.max_opt().map(|value| ScalarValue::Int64(Some(*value))),
            Statistics::Double(values) => values.max_opt().map(|value| ScalarValue::Float64(Some(*value))),
            Statistics::ByteArray(values) => text(values.max_opt()?),
            _ => None,
        })
    }

    fn num_containers(&self) -> usize {
        self.rows.len().max(1)
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let (leaf, _) = self.leaf(column)?;
        let nulls = |statistics: &Option<Statistics>| statistics.as_ref().and_then(Statistics::null_count_opt);
        Some(Arc::new(self.statistics(leaf).iter().map(nulls).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let all = 0..self.part.segment.groups().get(self.part.group)?.rows;
        let rows = if self.rows.is_empty() { std::slice::from_ref(&all) } else { &self.rows };
        Some(Arc::new(rows.iter().map(|rows| Some(rows.len() as u64)).collect::<UInt64Array>()))
    }

    fn contained(&self, column: &Column, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let (leaf, kind) = self.leaf(column)?;
        // A filter is one of all rows of the group.
        if kind != DataType::Utf8View || !self.rows.is_empty() {
            return None;
        }
        let filter = self.part.segment.bloom_filter(self.part.group, leaf)?;
        let may_hold = values.iter().any(|value| match value.try_as_str() {
            Some(Some(text)) => filter.check(text),
            _ => true,
        });
        // A filter knows for certain only what is not there.
        (!may_hold).then(|| BooleanArray::from(vec![false]))
    }
}

fn text(bytes: &parquet::data_type::ByteArray) -> Option<ScalarValue> {
    Some(ScalarValue::Utf8View(Some(bytes.as_utf8().ok()?.to_owned())))
}
