//! Says why an answer is empty: there are no events at all, none in the time range or by then, a name or a value that nothing
//! has, or conditions that each hold for some events and together for none.

mod condition;
mod literal;

use std::time::Duration;

use serde_json::Value;
use streamflow_core::event::COLUMNS;
use streamflow_core::{filter, suggest};

use self::condition::{Bound, Equality, Operand};
use super::range::Range;
use crate::api::query::{QueryAnswer, QueryRequest, QuerySchema};
use crate::client::{Client, ClientError, Request};
use crate::printer::Printer;

/// Observed names that are compared with what was written.
const NAMES_MAX: u64 = 1_000;
/// So many observed values are all named when none is near.
const NAMED_MAX: usize = 5;
/// How long the server may look for the reason; the answer itself was given.
const PATIENCE: Duration = Duration::from_secs(2);
/// Characters of a condition that are shown.
const CONDITION_CHARS_MAX: usize = 80;

/// A column whose values people write by hand, and misspell.
const NAMED_COLUMNS: [(&str, &str); 2] = [("type", "event type"), ("source", "source")];

/// What the person wrote that may be wrong.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Texts that may be meant as event types or sources.
    texts: Vec<String>,
    /// Paths below `data`, as in `data.page`.
    paths: Vec<String>,
    /// Conditions that all have to hold, where they could be told apart.
    conditions: Vec<String>,
    /// Values of the parameters in these.
    params: Option<Value>,
    /// The time of arrival that was asked about.
    as_of: Option<String>,
}

impl Words {
    pub(super) fn of_statement(sql: &str) -> Self {
        let conditions = condition::of_statement(sql).unwrap_or_default();
        Self { texts: literal::texts(sql), paths: literal::paths(sql), conditions, ..Self::default() }
    }

    pub(super) fn of_request(request: &QueryRequest) -> Self {
        let (params, as_of) = (request.params.clone(), request.as_of.clone());
        Self { params, as_of, ..Self::of_statement(&request.sql) }
    }

    pub(super) fn of_filter(text: &str) -> Self {
        let texts = literal::texts(text).into_iter().chain(literal::values(text)).collect();
        let paths = literal::paths(text).into_iter().chain(literal::keys(text)).collect();
        let sql = filter::to_sql(text).ok().filter(|sql| sql != "true");
        let conditions = sql.and_then(|sql| condition::of_condition(&sql)).unwrap_or_default();
        Self { texts, paths, conditions, ..Self::default() }
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
    if printer.options().quiet {
        return;
    }
    // The answer itself was given; failing to explain it is no failure of the command.
    if let Ok(Some(reason)) = (Look { client, words, range }).reason().await {
        printer.talk(reason);
    }
}

/// Says on stderr that a filter names a field, a type or a source that no event has yet, for somebody who waits for events.
pub(super) async fn warn_of_names(client: &Client, words: &Words, printer: &Printer) {
    let look = Look { client, words, range: None };
    // Nothing depends on it: an event that comes later may have it.
    if let Ok(Some(reason)) = look.unknown_name_of_any().await {
        printer.talk(reason);
    }
}

/// The moments of the first and the last event.
#[derive(Debug)]
struct Extent {
    events: u64,
    first: String,
    last: String,
}

/// A look for the reason.
struct Look<'a> {
    client: &'a Client,
    words: &'a Words,
    range: Option<&'a Range>,
}

impl Look<'_> {
    async fn reason(&self) -> Result<Option<String>, ClientError> {
        let found = self.rows("SELECT count(*), min(timestamp), max(timestamp) FROM events").await?;
        let Some([events, first, last]) = found.first().and_then(|row| row.first_chunk()) else { return Ok(None) };
        if events.as_u64() == Some(0) {
            return self.nothing_yet().await.map(Some);
        }
        let (Some(events), Some(first), Some(last)) = (events.as_u64(), first.as_str(), last.as_str()) else {
            return Ok(None);
        };
        let extent = Extent { events, first: plain_time(first), last: plain_time(last) };
        if let Some(reason) = self.unknown_path().await? {
            return Ok(Some(reason));
        }
        if !self.words.conditions.is_empty()
            && let Some(reason) = self.unmet(&extent).await?
        {
            return Ok(Some(reason));
        }
        if let Some(reason) = self.unknown_names().await? {
            return Ok(Some(reason));
        }
        let outside = self.range.filter(|range| range.excludes(&extent.first, &extent.last));
        Ok(outside.map(|_| extent.outside("no event is in this time range")))
    }

    /// There are no events, or none had arrived by the time that was asked about.
    async fn nothing_yet(&self) -> Result<String, ClientError> {
        if let Some(as_of) = &self.words.as_of {
            let request = question("SELECT min(ingested_at) FROM events");
            let found = ask(self.client, request).await?;
            if let Some(first) = found.first().and_then(|row| row.first()?.as_str()) {
                return Ok(format!("nothing had arrived by {as_of}; the first event arrived at {}", plain_time(first)));
            }
        }
        Ok("there are no events yet; send one with `streamflow send web.click -d page=/`".to_owned())
    }

    /// Counts the events of each condition on its own, all of them in one look.
    async fn unmet(&self, extent: &Extent) -> Result<Option<String>, ClientError> {
        let conditions = &self.words.conditions;
        let counts: Vec<String> = conditions.iter().map(|one| format!("count(*) FILTER (WHERE ({one}\n))")).collect();
        let found = self.rows(&format!("SELECT {} FROM events", counts.join(", "))).await?;
        let counts: Vec<u64> = found.into_iter().next().unwrap_or_default().iter().filter_map(Value::as_u64).collect();
        if counts.len() != conditions.len() {
            return Ok(None);
        }
        if let Some(unmet) = counts.iter().position(|count| *count == 0) {
            return self.why_unmet(&conditions[unmet], extent).await.map(Some);
        }
        if self.range.is_some_and(|range| range.excludes(&extent.first, &extent.last)) {
            return Ok(None);
        }
        let each: Vec<String> = conditions
            .iter()
            .zip(&counts)
            .map(|(condition, count)| format!("{} ({})", shortened(condition), events(*count)))
            .collect();
        let when = if self.range.is_some() { " in this time range" } else { "" };
        Ok(match each.as_slice() {
            [one] if self.range.is_some() => Some(format!("no event{when} meets {one} at other times")),
            [_] => None,
            each => Some(format!("each condition has its events, none{when} meets all: {}", each.join(", "))),
        })
    }

    /// Says why no event meets the condition.
    async fn why_unmet(&self, condition: &str, extent: &Extent) -> Result<String, ClientError> {
        if let Some(equality) = condition::equality(condition)
            && let Some(text) = self.text_of(&equality)
        {
            return self.why_unequal(&equality, &text).await;
        }
        let written = shortened(condition);
        Ok(match condition::time_bound(condition) {
            Some(Bound::From) if is_future(condition) => {
                format!("{written} is in the future; the newest event is of {}", extent.last)
            }
            Some(Bound::From) => format!("no event is so new: {written}; the newest is of {}", extent.last),
            Some(Bound::To) => format!("no event is so old: {written}; the first is of {}", extent.first),
            None => format!("no event meets {written}"),
        })
    }

    fn text_of(&self, equality: &Equality) -> Option<String> {
        match &equality.value {
            Operand::Text(text) => Some(text.clone()),
            Operand::Parameter(name) => Some(self.words.params.as_ref()?.get(name)?.as_str()?.to_owned()),
        }
    }

    async fn why_unequal(&self, equality: &Equality, text: &str) -> Result<String, ClientError> {
        let Equality { sql, name, .. } = equality;
        let what = NAMED_COLUMNS.iter().find(|(column, _)| column == name).map_or(name.as_str(), |(_, what)| what);
        let observed = self.observed(sql).await?;
        let (shown, meant) = (format!("no event has the {what} {text:?}"), meant(text, &observed));
        Ok(match meant {
            Some(meant) => format!("{shown}; did you mean {meant}?"),
            None if (1..=NAMED_MAX).contains(&observed.len()) => {
                let all: Vec<String> = observed.iter().map(|(name, _)| format!("{name:?}")).collect();
                format!("{shown}; there are {}", all.join(", "))
            }
            None => shown,
        })
    }

    async fn unknown_name_of_any(&self) -> Result<Option<String>, ClientError> {
        match self.unknown_path().await? {
            Some(reason) => Ok(Some(reason)),
            None => self.unknown_names().await,
        }
    }

    async fn unknown_names(&self) -> Result<Option<String>, ClientError> {
        for (column, what) in NAMED_COLUMNS {
            if let Some(reason) = self.unknown_name(column, what).await? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    /// Looks for a text that is almost an observed value of the column, but is none itself.
    async fn unknown_name(&self, column: &str, what: &str) -> Result<Option<String>, ClientError> {
        let texts = &self.words.texts;
        if texts.is_empty() {
            return Ok(None);
        }
        let observed = self.observed(column).await?;
        let mut unknown = texts.iter().filter(|text| !observed.iter().any(|(name, _)| name == *text));
        Ok(unknown.find_map(|text| {
            let meant = meant(text, &observed)?;
            Some(format!("no event has the {what} {text:?}; did you mean {meant}?"))
        }))
    }

    /// Returns the values that a column has, with how many events have them, most first.
    async fn observed(&self, column: &str) -> Result<Vec<(String, u64)>, ClientError> {
        let sql = format!("SELECT {column} AS name, count(*) AS events FROM events GROUP BY 1 ORDER BY 2 DESC, 1");
        let named = |row: Vec<Value>| Some((row.first()?.as_str()?.to_owned(), row.get(1)?.as_u64()?));
        Ok(self.rows(&sql).await?.into_iter().filter_map(named).collect())
    }

    /// Looks for a path below `data` that no event has.
    async fn unknown_path(&self) -> Result<Option<String>, ClientError> {
        let paths = &self.words.paths;
        if paths.is_empty() {
            return Ok(None);
        }
        let answer = self.client.send(Request::get("/api/v1/query/schema").within(PATIENCE)).await?;
        let schema: QuerySchema = super::remote::data(answer).await?;
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

    async fn rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, ClientError> {
        let (params, as_of) = (self.words.params.clone(), self.words.as_of.clone());
        ask(self.client, QueryRequest { params, as_of, ..question(sql) }).await
    }
}

impl Extent {
    fn outside(&self, what: &str) -> String {
        format!("{what}; there are {} from {} to {}", self.events, self.first, self.last)
    }
}

fn question(sql: &str) -> QueryRequest {
    let timeout = Some(Value::from(PATIENCE.as_secs_f64()));
    QueryRequest { sql: sql.to_owned(), max_rows: Some(NAMES_MAX), timeout, ..QueryRequest::default() }
}

async fn ask(client: &Client, request: QueryRequest) -> Result<Vec<Vec<Value>>, ClientError> {
    let request = Request::post("/api/v1/query").json(&request).within(PATIENCE);
    Ok(client.send(request).await?.json::<QueryAnswer>().await?.rows)
}

/// Writes a time without the digits that say nothing.
fn plain_time(text: &str) -> String {
    text.parse::<jiff::Timestamp>().map_or_else(|_| text.to_owned(), |time| time.to_string())
}

/// Returns the observed name that was probably meant, with how many events have it.
fn meant(text: &str, observed: &[(String, u64)]) -> Option<String> {
    let nearest = suggest::nearest(text, observed.iter().map(|(name, _)| name.as_str()))?;
    let count = observed.iter().find(|(name, _)| name == nearest).map_or(0, |(_, count)| *count);
    Some(format!("{nearest:?} ({})", events(count)))
}

fn events(count: u64) -> String {
    format!("{count} event{}", if count == 1 { "" } else { "s" })
}

/// Returns the condition as people write it, on one line.
fn shortened(condition: &str) -> String {
    let line = condition.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "");
    if line.chars().count() <= CONDITION_CHARS_MAX {
        return line;
    }
    line.chars().take(CONDITION_CHARS_MAX - 1).chain(['…']).collect()
}

/// Tells whether the time that a condition names is to come.
fn is_future(condition: &str) -> bool {
    let Some(text) = condition::compared_text(condition) else { return false };
    let now = jiff::Timestamp::now();
    streamflow_core::time::parse_moment(&text, now, &jiff::tz::TimeZone::UTC).is_ok_and(|moment| moment > now)
}
