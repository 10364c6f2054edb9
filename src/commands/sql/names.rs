//! Asks the server what may be named, for completion.

use std::time::Duration;

use serde_json::Value;

use super::complete::Names;
use crate::api::query::{QueryAnswer, QueryRequest, QuerySchema};
use crate::client::{Client, ClientError, Request};
use crate::commands::remote;
use crate::tui::statement;

/// Time for an answer: completion is worth a moment, not more.
const PATIENCE: Duration = Duration::from_secs(2);
/// Values of a column that are offered.
const VALUES_MAX: u64 = 200;
/// Returns the names, or none when the server does not tell them in time.
pub(super) async fn ask(client: &Client) -> Option<Names> {
    tokio::time::timeout(PATIENCE, all(client)).await.ok()?.ok()
}

async fn all(client: &Client) -> Result<Names, ClientError> {
    let schema: QuerySchema = remote::data(client.send(Request::get("/api/v1/query/schema")).await?).await?;
    let mut names = Names { functions: schema.functions, ..Names::default() };
    for table in schema.tables {
        let columns = table.columns.into_iter().chain(table.paths);
        names.columns.extend(columns.map(|column| (column.name, column.kind)));
        names.tables.push(table.name);
    }
    names.columns.dedup();
    Ok(names)
}

/// Returns the most frequent values of a column, with how often each was seen; none when the server does not tell them in time.
pub(super) async fn values(client: &Client, column: &str) -> Option<Vec<(String, u64)>> {
    let sql = statement::seen(column);
    let request = QueryRequest { sql, max_rows: Some(VALUES_MAX), ..QueryRequest::default() };
    let asked = async { client.send(Request::post("/api/v1/query").json(&request)).await?.json::<QueryAnswer>().await };
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Some(answer.rows.iter().filter_map(|row| Some((text(row.first()?), row.get(1)?.as_u64()?))).collect())
}
