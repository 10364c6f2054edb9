//! Asks the server what may be named, for completion.

use std::time::Duration;

use super::complete::Names;
use crate::api::query::{QueryAnswer, QueryRequest, QuerySchema};
use crate::client::{Client, ClientError, Request};
use crate::commands::remote;

/// Time for all of it: completion is worth a moment, not more.
const PATIENCE: Duration = Duration::from_secs(2);
/// Values of a column that are offered.
const VALUES_MAX: u64 = 200;
/// Columns whose values people write by hand.
const VALUED_COLUMNS: [&str; 3] = ["type", "source", "severity"];

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
    for column in VALUED_COLUMNS {
        let sql = format!(
            "SELECT {column}, count(*) AS events FROM events WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY events DESC"
        );
        let request = QueryRequest { sql, max_rows: Some(VALUES_MAX), ..QueryRequest::default() };
        let answer: QueryAnswer = client.send(Request::post("/api/v1/query").json(&request)).await?.json().await?;
        let values =
            answer.rows.iter().filter_map(|row| Some((row.first()?.as_str()?.to_owned(), row.get(1)?.as_u64()?)));
        names.values.insert(column.to_owned(), values.collect());
    }
    Ok(names)
}
