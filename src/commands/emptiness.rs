//! Says why an answer is empty: there are no events at all, none in the time range, or a name that nothing has.

mod literal;

use serde_json::Value;
use streamflow_core::event::COLUMNS;
use streamflow_core::suggest;

use super::range::Range;
use crate::api::query::{QueryAnswer, QueryRequest, QuerySchema};
use crate::client::{Client, ClientError, Request};
use crate::printer::Printer;

/// Observed names that are compared with what was written.
const NAMES_MAX: u64 = 1_000;

/// A column whose values people write by hand, and misspell.
const NAMED_COLUMNS: [(&str, &str); 2] = [("type", "event type"), ("source", "source")];

/// What the person wrote that may be wrong.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Texts that may be meant as event types or sources.
    texts: Vec<String>,
    /// Paths below `data`, as in `data.page`.
    paths: Vec<String>,
}

impl Words {
    pub(super) fn of_statement(sql: &str) -> Self {
        Self { texts: literal::texts(sql), paths: literal::paths(sql) }
    }

    pub(super) fn of_filter(filter: &str) -> Self {
        let texts = literal::texts(filter).into_iter().chain(literal::values(filter)).collect();
        let paths = literal::paths(filter).into_iter().chain(literal::keys(filter)).collect();
        Self { texts, paths }
    }

    /// Adds event types that were named.
    pub(super) fn add_types(&mut self, types: &[String]) {
        self.texts.extend_from_slice(types);
    }

    /// Adds a column, or what stands for a path below `data`.
    pub(super) fn add_column(&mut self, column: &str) {
        if column.starts_with("data.") {
            self.paths.push(column.to_owned());
        } else if !literal::is_column(column) {
            self.paths.push(format!("data.{column}"));
        }
    }
}

/// Says on stderr why an answer about `range` is empty, if that can be found out.
pub(super) async fn explain(client: &Client, words: &Words, range: Option<&Range>, printer: &Printer) {
    // The answer itself was given; failing to explain it is no failure of the command.
    if let Ok(Some(reason)) = reason(client, words, range).await {
        printer.talk(reason);
    }
}

/// Says on stderr that a filter names a field that no event has yet, for somebody who waits for events.
pub(super) async fn warn_of_fields(client: &Client, words: &Words, printer: &Printer) {
    // Nothing depends on it: an event that comes later may have the field.
    if let Ok(Some(reason)) = unknown_path(client, &words.paths).await {
        printer.talk(reason);
    }
}

async fn reason(client: &Client, words: &Words, range: Option<&Range>) -> Result<Option<String>, ClientError> {
    let extent = rows(client, "SELECT count(*), min(timestamp), max(timestamp) FROM events").await?;
    let Some([count, first, last]) = extent.first().and_then(|row| row.first_chunk()) else { return Ok(None) };
    if count.as_u64() == Some(0) {
        return Ok(Some("there are no events yet; send one with `streamflow send web.click -d page=/`".to_owned()));
    }
    for (column, what) in NAMED_COLUMNS {
        if let Some(reason) = unknown_name(client, column, what, &words.texts).await? {
            return Ok(Some(reason));
        }
    }
    if let Some(reason) = unknown_path(client, &words.paths).await? {
        return Ok(Some(reason));
    }
    let (Some(first), Some(last)) = (first.as_str(), last.as_str()) else { return Ok(None) };
    Ok(range
        .filter(|range| range.excludes(first, last))
        .map(|_| format!("no event is in this time range; there are {count} from {first} to {last}")))
}

/// Looks for a text that is almost an observed value of the column, but is none itself.
async fn unknown_name(
    client: &Client,
    column: &str,
    what: &str,
    texts: &[String],
) -> Result<Option<String>, ClientError> {
    if texts.is_empty() {
        return Ok(None);
    }
    let sql = format!("SELECT {column}, count(*) AS events FROM events GROUP BY {column} ORDER BY events DESC");
    let observed: Vec<(String, u64)> = rows(client, &sql)
        .await?
        .into_iter()
        .filter_map(|row| Some((row.first()?.as_str()?.to_owned(), row.get(1)?.as_u64()?)))
        .collect();
    for text in texts.iter().filter(|text| !observed.iter().any(|(name, _)| name == *text)) {
        let Some(nearest) = suggest::nearest(text, observed.iter().map(|(name, _)| name.as_str())) else { continue };
        let count = observed.iter().find(|(name, _)| name == nearest).map_or(0, |(_, count)| *count);
        return Ok(Some(format!("no event has the {what} {text:?}; did you mean {nearest:?} ({count} events)?")));
    }
    Ok(None)
}

/// Looks for a path below `data` that no event has.
async fn unknown_path(client: &Client, paths: &[String]) -> Result<Option<String>, ClientError> {
    if paths.is_empty() {
        return Ok(None);
    }
    let schema: QuerySchema = super::remote::data(client.send(Request::get("/api/v1/query/schema")).await?).await?;
    let Some(events) = schema.tables.into_iter().find(|table| table.name == "events") else { return Ok(None) };
    let observed: Vec<&str> = events.paths.iter().map(|path| path.name.as_str()).collect();
    let unknown = paths.iter().find(|path| !observed.contains(&path.as_str()));
    // A word without dots may be meant as a column.
    let column = |path: &str| suggest::nearest(path.strip_prefix("data.")?, COLUMNS);
    Ok(unknown.map(|path| match column(path).or_else(|| suggest::nearest(path, observed.iter().copied())) {
        Some(nearest) => format!("no event has the field {path}; did you mean {nearest}?"),
        None => format!("no event has the field {path}"),
    }))
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<Value>>, ClientError> {
    let request = QueryRequest { sql: sql.to_owned(), max_rows: Some(NAMES_MAX), ..QueryRequest::default() };
    let answer: QueryAnswer = client.send(Request::post("/api/v1/query").json(&request)).await?.json().await?;
    Ok(answer.rows)
}
