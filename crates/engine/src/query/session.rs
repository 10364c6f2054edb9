//! What all queries share (functions, rules, memory) and what each has of its own: the tables of its snapshot.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::temporal_conversions::timestamp_us_to_datetime;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider,
};
use datafusion::common::Result;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::functions_aggregate::approx_percentile_cont::approx_percentile_cont_udaf;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::SessionConfig;

use super::QueryLimits;
use super::accessor::{Accessor, Request};
use super::coded_groups::CodedGroups;
use super::growth::limited;
use super::planner::PathPlanner;
use super::table::HistoryTable;
use super::utc::truncated;
use crate::clock::Micros;
use crate::snapshot::Snapshot;

/// Names under which SQL finds the tables: catalog and schema.
pub(super) const CATALOG: &str = "streamflow";
pub(super) const SCHEMA: &str = "public";

/// Names of the tables.
pub(super) const EVENTS: &str = "events";
pub(super) const REJECTED_EVENTS: &str = "rejected_events";

/// Returns the accessor function for a form.
pub(super) fn accessor(request: Request) -> Arc<ScalarUDF> {
    static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 6]> =
        LazyLock::new(|| Request::ALL.map(|request| Arc::new(Accessor::function(request))));
    let [any, text, json, int, float, bool] = &*FUNCTIONS;
    Arc::clone(match request {
        Request::Any => any,
        Request::Text => text,
        Request::Json => json,
        Request::Int => int,
        Request::Float => float,
        Request::Bool => bool,
    })
}

/// Returns the state that every query starts from.
pub(super) fn shared_state(limits: &QueryLimits) -> Result<SessionState> {
    // Nothing spills to disk: a query that needs more memory than there is gets a clear error instead.
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(limits.memory_bytes)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()?;
    let config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(limits.threads.max(1))
        // A scan has as many partitions as pay; spreading a small one over all threads only costs.
        .with_round_robin_repartition(false)
        .set_bool("datafusion.sql_parser.collect_spans", true)
        .set_bool("datafusion.execution.skip_physical_aggregate_schema_check", true)
        .set_str("datafusion.execution.time_zone", "UTC");
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(PathPlanner)];
    planners.extend(SessionStateDefaults::default_expr_planners());
    let mut functions: Vec<_> =
        SessionStateDefaults::default_scalar_functions().into_iter().map(limited).map(truncated).collect();
    functions.extend(Request::ALL.map(accessor));
    let mut aggregates = SessionStateDefaults::default_aggregate_functions();
    aggregates.push(percentile_under_short_names());
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_expr_planners(planners)
        .with_scalar_functions(functions)
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(aggregates)
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_table_function_list(SessionStateDefaults::default_table_functions())
        // Behind those that there are by default.
        .with_physical_optimizer_rule(Arc::new(CodedGroups))
        .build();
    Ok(state)
}

/// Returns DataFusion's estimated percentile, which answers to the names that people know from elsewhere too.
fn percentile_under_short_names() -> Arc<AggregateUDF> {
    let function = approx_percentile_cont_udaf();
    Arc::new(function.as_ref().clone().with_aliases(["approx_percentile", "approx_quantile", "quantile"]))
}

/// Makes a state ready for one query over a snapshot, in which `NOW()` is `now`.
pub(super) fn prepare(state: &mut SessionState, snapshot: &Snapshot, threads: usize, now: Micros) -> Result<()> {
    let tables = MemorySchemaProvider::new();
    tables.register_table(EVENTS.to_owned(), Arc::new(HistoryTable::events(snapshot, threads)))?;
    let rejected = HistoryTable::rejected_events(snapshot, threads);
    tables.register_table(REJECTED_EVENTS.to_owned(), Arc::new(rejected))?;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(tables))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));

    state.register_catalog_list(Arc::new(catalogs));
    state.mark_start_execution();
    set_now(state, now);
    Ok(())
}

/// Returns what a plan is executed in. Plans hold their functions themselves, so none are looked up by name.
pub(super) fn task_context(state: &SessionState) -> Arc<TaskContext> {
    Arc::new(TaskContext::new(
        None,
        state.session_id().to_owned(),
        state.config().clone(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        Arc::clone(state.runtime_env()),
    ))
}

/// Sets what `NOW()` is.
pub(super) fn set_now(state: &mut SessionState, now: Micros) {
    state.execution_props_mut().query_execution_start_time = timestamp_us_to_datetime(now).map(|time| time.and_utc());
}
