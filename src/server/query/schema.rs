//! Lists what a statement may name: tables, columns, paths inside `data`, functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use axum::extract::State;
use axum::response::Response;
use streamflow_engine::encode;
use streamflow_engine::query::Query;
use streamflow_engine::tail::{self, PathType, PathTypes};

use crate::api::Success;
use crate::api::query::{ColumnInfo, FunctionInfo, QuerySchema, TableInfo};
use crate::server::answer;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::query::run;

/// List tables, columns and functions, for completion.
#[utoipa::path(
    get, path = "/api/v1/query/schema", tag = "analytics",
    responses((status = 200, description = "Everything a statement may name", body = Success<QuerySchema>))
)]
pub(crate) async fn query_schema(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let paths = paths(&app.engine.snapshot().paths);
    let tables = vec![
        TableInfo { name: "events".to_owned(), columns: columns(&tail::events_schema()), paths },
        TableInfo { name: "rejected_events".to_owned(), columns: columns(&tail::rejected_schema()), paths: Vec::new() },
    ];
    Ok(answer::json(&Success::new(QuerySchema { tables, functions: functions(&app).await? })))
}

fn columns(schema: &Schema) -> Vec<ColumnInfo> {
    let column = |field: &Arc<arrow::datatypes::Field>| ColumnInfo {
        name: field.name().clone(),
        kind: encode::type_name(field),
    };
    schema.fields().iter().map(column).collect()
}

fn paths(types: &PathTypes) -> Vec<ColumnInfo> {
    let kind = |path_type: PathType| match path_type {
        PathType::Text => "text",
        PathType::Int => "integer",
        PathType::Float => "float",
        PathType::Bool => "boolean",
        PathType::Mixed => "json",
    };
    let sorted: BTreeMap<_, _> = types.by_path.iter().collect();
    let path = |(path, path_type): (&Arc<str>, &PathType)| ColumnInfo {
        name: format!("data.{path}"),
        kind: kind(*path_type).to_owned(),
    };
    sorted.into_iter().map(path).collect()
}

async fn functions(app: &App) -> Result<Vec<FunctionInfo>, ApiError> {
    let listing = "SELECT DISTINCT routine_name, lower(function_type) FROM information_schema.routines ORDER BY 1";
    let rows = run(app, Query { sql: listing.to_owned(), ..Query::default() }).await?;
    Ok(rows.batches.iter().flat_map(functions_of).collect())
}

fn functions_of(batch: &RecordBatch) -> Vec<FunctionInfo> {
    let text = |column: usize, row: usize| {
        let shown = arrow::util::display::array_value_to_string(batch.column(column), row);
        shown.unwrap_or_default()
    };
    (0..batch.num_rows()).map(|row| FunctionInfo { name: text(0, row), kind: text(1, row) }).collect()
}
