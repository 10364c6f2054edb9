//! Finds out what expressions over the columns of `events` have to read: columns, and paths inside JSON.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::accessor::{Accessor, step};
use super::leaf::Reading;

/// Collects what expressions over some columns read from chunks.
pub(super) struct Wanted<'a> {
    inputs: &'a [Reading],
    pub(super) readings: Vec<Reading>,
    /// How many accessors were found.
    pub(super) paths: usize,
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
pub(super) fn column_name(index: usize) -> String {
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

pub(super) fn schema_of(readings: &[Reading], names: &[&str], table: &SchemaRef) -> SchemaRef {
    let fields = readings.iter().zip(names).map(|(reading, name)| reading.field(name, table));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
