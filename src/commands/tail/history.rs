//! Reads the events of the past in the order in which they were stored.

use jiff::Timestamp;
use serde_json::{Map, Value};
use streamflow_core::filter;

use crate::api::query::QueryRequest;
use crate::client::{Client, ClientError, Lines, Request};
use crate::printer::{CommandError, ExitStatus};

/// Rows of the past; the server caps what it is asked for at its own limit.
const HISTORY_ROWS_MAX: u64 = 10_000_000;

/// Which events of the past are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Past {
    Between {
        since: Timestamp,
        until: Timestamp,
    },
    /// What was stored from this offset on.
    From {
        offset: u64,
    },
    /// So many, the newest ones.
    Newest {
        events: u64,
        until: Timestamp,
    },
}

impl Past {
    fn sql(self, condition: &str) -> String {
        match self {
            Self::Between { .. } => format!(
                "SELECT * FROM events WHERE timestamp >= $since AND timestamp < $until AND ({condition}) \
                 ORDER BY _partition, _offset"
            ),
            Self::From { offset } => format!(
                "SELECT * FROM events WHERE _offset >= {offset} AND ({condition}\n) ORDER BY _partition, _offset"
            ),
            Self::Newest { events, .. } => format!(
                "SELECT * FROM (SELECT * FROM events WHERE timestamp < $until AND ({condition}) \
                 ORDER BY _partition DESC, _offset DESC LIMIT {events}) AS newest ORDER BY _partition, _offset"
            ),
        }
    }

    fn parameters(self) -> Value {
        match self {
            Self::Between { since, until } => serde_json::json!({ "since": text(since), "until": text(until) }),
            Self::From { .. } => serde_json::json!({}),
            Self::Newest { until, .. } => serde_json::json!({ "until": text(until) }),
        }
    }
}

/// Events have times from 1970 to 2261; a moment outside is as good as the nearest inside.
fn text(moment: Timestamp) -> String {
    const FIRST: Timestamp = Timestamp::UNIX_EPOCH;
    let last = Timestamp::from_microsecond(streamflow_core::time::EVENT_MICROS_MAX).unwrap_or(Timestamp::MAX);
    moment.clamp(FIRST, last).to_string()
}

/// The events of the past, asked for when the first one is wanted.
pub(super) struct History {
    client: Client,
    past: Past,
    filter: Option<String>,
    lines: Option<Lines>,
}

impl History {
    pub(super) fn new(client: Client, past: Past, filter: Option<String>) -> Self {
        Self { client, past, filter, lines: None }
    }

    /// Returns the next event, or nothing when there are no more. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Map<String, Value>>, CommandError> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            None => {
                let lines = self.ask().await?;
                self.lines.insert(lines)
            }
        };
        let Some(line) = lines.next().await? else { return Ok(None) };
        let row: Map<String, Value> = serde_json::from_slice(&line)
            .map_err(|error| ClientError::Foreign { url: "the server".to_owned(), reason: error.to_string() })?;
        // A row has every column; an event shows what it has, as it does live.
        Ok(Some(row.into_iter().filter(|(_, value)| !is_nothing(value)).collect()))
    }

    async fn ask(&self) -> Result<Lines, CommandError> {
        let condition = match &self.filter {
            None => "true".to_owned(),
            Some(filter) => filter::to_sql(filter).map_err(|error| {
                CommandError::new("invalid_filter", error.to_string(), ExitStatus::Usage).with_hint(error.hint)
            })?,
        };
        let request = QueryRequest {
            sql: self.past.sql(&condition),
            params: Some(self.past.parameters()),
            max_rows: Some(HISTORY_ROWS_MAX),
            ..QueryRequest::default()
        };
        let request = Request::post("/api/v1/query").json(&request).accept("application/x-ndjson");
        Ok(self.client.send(request).await?.lines())
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
