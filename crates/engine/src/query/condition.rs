//! A condition that a scan checks itself: row by row, and before that on what footers say about whole groups of rows.

use std::collections::HashSet;
use std::fmt;
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
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use parquet::file::statistics::Statistics;

use super::accessor::Request;
use super::leaf::Reading;
use super::take::descend;
use super::wanted::Wanted;
use crate::segment::layout::TypedLayout;
use crate::segment::shape::LeafType;
use crate::segment::{ColumnLayout, Segment};

/// A condition over columns and paths.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    expr: Arc<dyn PhysicalExpr>,
    /// What the expression reads, in the order of its columns.
    pub(super) readings: Arc<[Reading]>,
    pub(super) schema: SchemaRef,
}

impl Condition {
    /// Returns the condition that an expression over columns of a scan is.
    pub(super) fn new(expr: &Arc<dyn PhysicalExpr>, inputs: &[Reading], table: &SchemaRef) -> Result<Self> {
        let mut wanted = Wanted::of(inputs);
        let expr = wanted.take(expr)?;
        Ok(Self { expr, schema: wanted.schema(table), readings: wanted.readings.into() })
    }

    /// Returns the condition that both hold.
    pub(super) fn and(&self, other: &Self, table: &SchemaRef) -> Result<Self> {
        let mut wanted = Wanted::of(&other.readings);
        wanted.readings = self.readings.to_vec();
        let expr = wanted.take(&other.expr)?;
        let expr: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(Arc::clone(&self.expr), Operator::And, expr));
        Ok(Self { expr, schema: wanted.schema(table), readings: wanted.readings.into() })
    }

    pub(super) fn expr(&self) -> &Arc<dyn PhysicalExpr> {
        &self.expr
    }

    /// Returns which rows pass; `batch` has the readings as columns.
    pub(super) fn passes(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let answer = self.expr.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(answer.as_boolean_opt().cloned().unwrap_or_else(|| BooleanArray::from(vec![false; batch.num_rows()])))
    }

    /// Returns whether a group of a segment may have a row that passes.
    pub(super) fn may_pass(&self, segment: &Segment, group: usize) -> bool {
        let check = || {
            let expr = snapshot_physical_expr(Arc::clone(&self.expr))?;
            let predicate =
                PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema)).try_build(expr)?;
            let facts = Facts { condition: self, segment, group };
            Ok::<_, datafusion::common::DataFusionError>(predicate.prune(&facts)?.first().copied().unwrap_or(true))
        };
        // A condition that says nothing about bounds rules nothing out.
        check().unwrap_or(true)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

/// What the footer says about one group.
struct Facts<'a> {
    condition: &'a Condition,
    segment: &'a Segment,
    group: usize,
}

impl Facts<'_> {
    /// Returns the leaf column whose bounds are those of a column of the condition, and its type there.
    fn leaf(&self, column: &Column) -> Option<(usize, DataType)> {
        let index = self.condition.schema.index_of(&column.name).ok()?;
        let kind = self.condition.schema.field(index).data_type().clone();
        match &self.condition.readings[index] {
            // The items of a list say nothing of how many lists there are.
            Reading::Column(_) if kind.is_nested() => None,
            Reading::Column(index) => match self.segment.column(*index) {
                ColumnLayout::Plain(leaf) => Some((*leaf, kind)),
                ColumnLayout::Json(_) | ColumnLayout::Missing => None,
            },
            Reading::Path { column, path, request } => {
                let ColumnLayout::Json(layout) = self.segment.column(*column) else { return None };
                let (node, keys) = descend(&layout.root, path);
                let TypedLayout::Leaf(leaf, leaf_type) = node.typed else { return None };
                let covers_all = node.value.is_none_or(|value| self.segment.is_empty(self.group, value));
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

    fn bound(&self, column: &Column, of: impl Fn(&Statistics) -> Option<ScalarValue>) -> Option<ArrayRef> {
        let (leaf, kind) = self.leaf(column)?;
        let value = of(self.segment.statistics(self.group, leaf)?)?;
        cast(&value.to_array().ok()?, &kind).ok()
    }
}

impl PruningStatistics for Facts<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |statistics| match statistics {
            Statistics::Int32(values) => values.min_opt().map(|value| ScalarValue::Int32(Some(*value))),
            Statistics::Int64(values) => values.min_opt().map(|value| ScalarValue::Int64(Some(*value))),
            Statistics::Double(values) => values.min_opt().map(|value| ScalarValue::Float64(Some(*value))),
            Statistics::ByteArray(values) => text(values.min_opt()?),
            _ => None,
        })
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |statistics| match statistics {
            Statistics::Int32(values) => values.max_opt().map(|value| ScalarValue::Int32(Some(*value))),
            Statistics::Int64(values) => values.max_opt().map(|value| ScalarValue::Int64(Some(*value))),
            Statistics::Double(values) => values.max_opt().map(|value| ScalarValue::Float64(Some(*value))),
            Statistics::ByteArray(values) => text(values.max_opt()?),
            _ => None,
        })
    }

    fn num_containers(&self) -> usize {
        1
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let (leaf, _) = self.leaf(column)?;
        let nulls = self.segment.statistics(self.group, leaf)?.null_count_opt()?;
        Some(Arc::new(UInt64Array::from(vec![nulls])))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows = self.segment.groups().get(self.group)?.rows;
        Some(Arc::new(UInt64Array::from(vec![rows as u64])))
    }

    fn contained(&self, column: &Column, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let (leaf, kind) = self.leaf(column)?;
        if kind != DataType::Utf8View {
            return None;
        }
        let filter = self.segment.bloom_filter(self.group, leaf)?;
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
