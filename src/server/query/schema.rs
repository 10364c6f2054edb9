//! Lists what a statement may name: tables, columns, paths inside `data`, functions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use streamflow_engine::query::{CatalogColumn, CatalogTable};

use crate::api::Success;
use crate::api::query::{ColumnInfo, QuerySchema, TableInfo};
use crate::server::answer;
use crate::server::app::App;
use crate::server::error::ApiError;

/// List tables, columns and functions, for completion.
#[utoipa::path(
    get, path = "/api/v1/query/schema", tag = "analytics",
    responses((status = 200, description = "Everything a statement may name", body = Success<QuerySchema>))
)]
pub(crate) async fn query_schema(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let catalog = app.engine.query_engine().catalog(&app.engine.snapshot())?;
    let tables = catalog.tables.into_iter().map(table).collect();
    Ok(answer::json(&Success::new(QuerySchema { tables, functions: catalog.functions })))
}

/// The catalog lists paths behind the columns; a column's own name has no dot.
fn table(table: CatalogTable) -> TableInfo {
    let (paths, columns): (Vec<_>, Vec<_>) =
        table.columns.into_iter().map(column).partition(|column| column.name.contains('.'));
    TableInfo { name: table.name.to_owned(), columns, paths }
}

fn column(column: CatalogColumn) -> ColumnInfo {
    ColumnInfo { name: column.name, kind: column.kind }
}
