//! Groups by numbers where a scan reads the same few texts again and again: a rule over physical plans.
//!
//! `Aggregate(page) ← … ← Aggregate(page) ← Scan(page)` becomes `Projection(text(page)) ← Aggregate(page) ← … ← Scan(page as
//! numbers)`. Whatever is between and above stays as it is.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::repartition::RepartitionExec;

use super::codes::{Codes, Decode};
use super::scan::ScanExec;

/// The rule. It has to be the last one, for it changes the types of columns between two steps.
#[derive(Debug)]
pub(super) struct CodedGroups;

impl PhysicalOptimizerRule for CodedGroups {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        rewritten(plan)
    }

    fn name(&self) -> &'static str {
        "coded_groups"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Looks for a grouping as long as each step has one input. Where two inputs meet, rows may be matched by the partition that
/// their text puts them into, and numbers would put them elsewhere.
fn rewritten(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(coded) = coded(&plan)? {
        return Ok(coded);
    }
    let [child] = plan.children()[..] else { return Ok(plan) };
    let below = rewritten(Arc::clone(child))?;
    if Arc::ptr_eq(&below, child) { Ok(plan) } else { over(plan, below) }
}

/// Returns what stands for `last` and all below it, if that is a grouping by texts that come again and again.
fn coded(last: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(Grouping { last: aggregate, between, first, scan }) = Grouping::of(last) else { return Ok(None) };
    let used = columns_of_aggregates(first);
    // By position among the groups.
    let mut texts: BTreeMap<usize, usize> = BTreeMap::new();
    for (group, (expr, _)) in first.group_expr().expr().iter().enumerate() {
        let Some(column) = expr.downcast_ref::<Column>() else { continue };
        let is_text = *scan.schema().field(column.index()).data_type() == DataType::Utf8View;
        if is_text && !used.contains(&column.index()) && scan.repeats(column.index()) {
            texts.insert(group, column.index());
        }
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let codes: BTreeMap<usize, Arc<Codes>> = texts.values().map(|column| (*column, Arc::default())).collect();
    let scan: Arc<dyn ExecutionPlan> = Arc::new(scan.with_codes(&codes));
    let mut plan = aggregate_over(first, Arc::clone(&scan), &scan)?;
    if !between.is_empty() || !std::ptr::eq(first, aggregate) {
        for step in between.into_iter().rev() {
            plan = over(Arc::clone(step), plan)?;
        }
        plan = aggregate_over(aggregate, plan, &scan)?;
    }
    let schema = last.schema();
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), index));
        let expr = match texts.get(&index).and_then(|column| codes.get(column)) {
            Some(codes) => Arc::new(Decode::new(Arc::clone(codes), column, Arc::clone(field))),
            None => column,
        };
        ProjectionExpr::new(expr, field.name().clone())
    });
    let plan = ProjectionExec::try_new(columns.collect::<Vec<_>>(), plan)?;
    Ok((plan.schema() == schema).then(|| Arc::new(plan) as Arc<dyn ExecutionPlan>))
}

/// Returns the step over another input.
fn over(step: Arc<dyn ExecutionPlan>, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    step.replace_children(vec![input], ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}

/// Returns the aggregation over another input, which may have other types; `scan` is what is below all of it.
fn aggregate_over(
    aggregate: &AggregateExec,
    input: Arc<dyn ExecutionPlan>,
    scan: &Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(Arc::new(AggregateExec::try_new(
        *aggregate.mode(),
        aggregate.group_expr().clone(),
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        input,
        scan.schema(),
    )?))
}

/// An aggregation in one or two steps right above a scan.
struct Grouping<'a> {
    last: &'a AggregateExec,
    /// From above to below.
    between: Vec<&'a Arc<dyn ExecutionPlan>>,
    /// The same as `last` where one step does it all.
    first: &'a AggregateExec,
    scan: &'a ScanExec,
}

impl<'a> Grouping<'a> {
    fn of(plan: &'a Arc<dyn ExecutionPlan>) -> Option<Self> {
        let last = plain(plan)?;
        let mut between = Vec::new();
        let first = match last.mode() {
            AggregateMode::Single | AggregateMode::SinglePartitioned => last,
            AggregateMode::Final | AggregateMode::FinalPartitioned => {
                let mut below = last.input();
                while below.is::<RepartitionExec>() || below.is::<CoalescePartitionsExec>() {
                    between.push(below);
                    below = below.children().first().copied()?;
                }
                plain(below).filter(|first| *first.mode() == AggregateMode::Partial)?
            }
            _ => return None,
        };
        let scan = first.input().downcast_ref::<ScanExec>()?;
        Some(Self { last, between, first, scan })
    }
}

/// Returns an aggregation that groups by something and looks at all rows.
fn plain(plan: &Arc<dyn ExecutionPlan>) -> Option<&AggregateExec> {
    let aggregate = plan.downcast_ref::<AggregateExec>()?;
    let is_plain = aggregate.group_expr().is_single()
        && aggregate.limit_options().is_none()
        && aggregate.dynamic_expressions_produced().is_empty();
    is_plain.then_some(aggregate)
}

/// Returns the columns that are not only grouped by.
fn columns_of_aggregates(aggregate: &AggregateExec) -> HashSet<usize> {
    let order = |sort: &PhysicalSortExpr| Arc::clone(&sort.expr);
    let arguments = aggregate.aggr_expr().iter().flat_map(|function| {
        function.expressions().into_iter().chain(function.order_bys().iter().map(order).collect::<Vec<_>>())
    });
    let filters = aggregate.filter_expr().iter().flatten().cloned();
    arguments.chain(filters).flat_map(|expr| collect_columns(&expr)).map(|column| column.index()).collect()
}
