//! Compiles a condition on events once and applies it to chunks as they come in.
//!
//! Paths inside `data` have no type here, for what comes in later may differ: a path is a number beside a number, a truth
//! value where one is wanted, and text elsewhere. `NOW()` is the time at which the filter was compiled.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::ExprSchemable;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast::ExprWithAlias;

use super::failure::{self, Names};
use super::leaf::{Reading, read_batch};
use super::table::events_table_schema;
use super::wanted::Wanted;
use super::{QueryError, rewrite, session, statement};
use crate::tail::{Chunk, PathTypes};

/// A compiled filter for live events.
#[derive(Debug, Clone)]
pub struct Filter {
    condition: Arc<dyn PhysicalExpr>,
    /// What the condition reads.
    readings: Arc<[Reading]>,
    schema: SchemaRef,
}

impl Filter {
    pub(super) fn compile(state: &SessionState, expression: &str, names: &Names) -> Result<Self, QueryError> {
        let mut parsed = statement::parse_expression(expression)?;
        rewrite::expression(&mut parsed, &PathTypes::default())?;
        let table = events_table_schema();
        let plan = || {
            let schema = DFSchema::try_from_qualified_schema(session::EVENTS, &table)?;
            let expr = state.create_logical_expr_from_sql_expr(ExprWithAlias { expr: parsed, alias: None }, &schema)?;
            if !matches!(expr.get_type(&schema)?, DataType::Boolean | DataType::Null) {
                return Err(DataFusionError::Plan(
                    "the filter is no condition: it is neither true nor false".to_owned(),
                ));
            }
            let context = SimplifyContext::builder()
                .with_schema(Arc::new(schema.clone()))
                .with_config_options(Arc::clone(state.config_options()))
                .with_query_execution_start_time(state.execution_props().query_execution_start_time)
                .build();
            let simplifier = ExprSimplifier::new(context);
            let expr = simplifier.simplify(simplifier.coerce(expr, &schema)?)?;
            state.create_physical_expr(expr, &schema)
        };
        let condition = plan().map_err(|error| failure::of_planning(&error, expression, names))?;
        let columns: Vec<Reading> = (0..table.fields().len()).map(Reading::Column).collect();
        let mut wanted = Wanted::of(&columns);
        let condition = wanted.take(&condition).map_err(|error| failure::of_planning(&error, expression, names))?;
        Ok(Self { condition, schema: wanted.schema(&table), readings: wanted.readings.into() })
    }

    /// Returns the rows of the chunk that pass, with all columns of `events`.
    ///
    /// # Errors
    /// When a row makes the expression fail.
    pub fn apply(&self, chunk: &Chunk) -> Result<RecordBatch, QueryError> {
        let pass = || {
            let read = read_batch(chunk, &self.readings, &self.schema)?;
            let answer = self.condition.evaluate(&read)?.into_array(read.num_rows())?;
            match answer.as_boolean_opt() {
                Some(passes) => Ok(filter_record_batch(&chunk.batch, passes)?),
                None => Ok::<_, DataFusionError>(chunk.batch.slice(0, 0)),
            }
        };
        pass().map_err(|error| failure::of_running(&error))
    }
}
