//! Writes the SQL of the views, for a range of time and a filter. Asks nothing itself.

use streamflow_core::filter::{self, FilterError};

use super::cursor::Range;
use super::text::rfc3339;
use crate::api::query::{QuerySchema, TableInfo};

/// What counts as an error: how severe an event says it is, or the server decided.
pub const ERRORS: &str = "severity IN ('high', 'critical')";

/// Latencies in SQL, most telling first, where the events have them.
const LATENCIES: [&str; 6] =
    ["data.latency_ms", "data.duration_ms", "data.latency", "data.duration", "data.load_ms", "data.response_ms"];
/// Where on a site or an API something happened, most telling first.
const PAGES: [&str; 5] = ["data.page", "data.path", "data.route", "data.url", "data.endpoint"];

/// Steps of a heatmap in a factor of ten.
pub const LEVELS_PER_DECADE: f64 = 6.0;

/// Columns of events that are worth exploring, before the paths inside `data`.
const FIELDS: [&str; 9] =
    ["type", "source", "severity", "user_id", "session_id", "device_type", "os", "browser", "country"];
/// Fields that are explored at once; each is counted in the same pass.
pub const FIELDS_MAX: usize = 40;
/// Values of a field that are listed.
pub const VALUES_MAX: usize = 200;
/// Names of a ranking.
pub const TOP_MAX: usize = 12;

/// Which events a view is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub range: Range,
    /// The filter as SQL.
    condition: String,
}

impl Scope {
    /// Returns the events of a range that pass a filter.
    ///
    /// # Errors
    /// When the filter is shorthand that can not mean anything.
    pub fn new(range: Range, filter: &str) -> Result<Self, FilterError> {
        Ok(Self { range, condition: filter::to_sql(filter)? })
    }

    /// Returns the same events of another range.
    #[must_use]
    pub fn over(&self, range: Range) -> Self {
        Self { range, condition: self.condition.clone() }
    }

    /// Returns what stands behind WHERE.
    #[must_use]
    pub fn condition(&self) -> String {
        let (since, until) = (rfc3339(self.range.since), rfc3339(self.range.until));
        let time = format!("timestamp >= '{since}' AND timestamp < '{until}'");
        if self.condition == "true" { time } else { format!("{time} AND ({})", self.condition) }
    }

    /// Returns the filter as SQL, without the time.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.condition
    }

    fn bucket(&self) -> String {
        format!("date_bin({}, timestamp)", self.range.interval())
    }

    /// Events and errors by bucket and type.
    #[must_use]
    pub fn rate(&self) -> String {
        format!(
            "SELECT {} AS time, type, count(*) AS events, count(*) FILTER (WHERE {ERRORS}) AS errors \
             FROM events WHERE {} GROUP BY 1, 2 ORDER BY 1",
            self.bucket(),
            self.condition()
        )
    }

    /// Percentiles of a latency by bucket.
    #[must_use]
    pub fn latency(&self, field: &str) -> String {
        format!(
            "SELECT {} AS time, approx_percentile_cont({field}, 0.5) AS p50, approx_percentile_cont({field}, 0.95) AS p95, \
             approx_percentile_cont({field}, 0.99) AS p99 FROM events WHERE {} AND {field} IS NOT NULL GROUP BY 1 ORDER BY 1",
            self.bucket(),
            self.condition()
        )
    }

    /// Events, errors and the 95th percentile of the latency, in one row.
    #[must_use]
    pub fn totals(&self, latency: Option<&str>) -> String {
        format!(
            "SELECT count(*) AS events, count(*) FILTER (WHERE {ERRORS}) AS errors, {} AS p95 FROM events WHERE {}",
            p95(latency),
            self.condition()
        )
    }

    /// What happens most, with its errors and its latency.
    #[must_use]
    pub fn top(&self, name: &str, latency: Option<&str>) -> String {
        format!(
            "SELECT {name} AS name, count(*) AS events, count(*) FILTER (WHERE {ERRORS}) AS errors, {} AS p95 \
             FROM events WHERE {} AND {name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP_MAX}",
            p95(latency),
            self.condition()
        )
    }

    // Values are counted as text, for not every type can be counted otherwise.
    /// How many events have each field, and about how many values it has, in one row: two columns a field.
    #[must_use]
    pub fn fields(&self, fields: &[String]) -> String {
        let columns: Vec<String> =
            fields.iter().map(|field| format!("approx_distinct(CAST({field} AS VARCHAR)), count({field})")).collect();
        format!("SELECT {} FROM events WHERE {}", columns.join(", "), self.condition())
    }

    /// The most frequent values of a field.
    #[must_use]
    pub fn values(&self, field: &str, latency: Option<&str>) -> String {
        format!(
            "SELECT {field} AS value, count(*) AS events, count(*) FILTER (WHERE {ERRORS}) AS errors, {} AS p95 \
             FROM events WHERE {} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {VALUES_MAX}",
            p95(latency),
            self.condition()
        )
    }

    /// How many events are in each cell of time and latency.
    #[must_use]
    pub fn heat(&self, field: &str) -> String {
        format!(
            "SELECT {} AS time, CAST(floor(log10({field}) * {LEVELS_PER_DECADE}) AS BIGINT) AS level, count(*) AS events, \
             count(*) FILTER (WHERE {ERRORS}) AS errors FROM events WHERE {} AND {field} > 0 GROUP BY 1, 2",
            self.bucket(),
            self.condition()
        )
    }
}

fn p95(latency: Option<&str>) -> String {
    latency.map_or_else(|| "NULL".to_owned(), |field| format!("approx_percentile_cont({field}, 0.95)"))
}

/// The most frequent values of a column, of all events.
#[must_use]
pub fn seen(column: &str) -> String {
    format!(
        "SELECT {column} AS value, count(*) AS events FROM events WHERE {column} IS NOT NULL \
         GROUP BY 1 ORDER BY 2 DESC LIMIT {VALUES_MAX}"
    )
}

/// The same, the wanted one before all others, if there is one.
#[must_use]
pub fn seen_or(column: &str, wanted: &str) -> String {
    let wanted = filter::text_sql(wanted);
    format!(
        "SELECT CAST({column} AS VARCHAR) AS value, count(*) AS events FROM events WHERE {column} IS NOT NULL \
         GROUP BY 1 ORDER BY CASE WHEN CAST({column} AS VARCHAR) = {wanted} THEN 0 ELSE 1 END, 2 DESC LIMIT {VALUES_MAX}"
    )
}

/// Which events there are at all: the time of the newest.
pub const NEWEST: &str = "SELECT max(timestamp) AS newest FROM events";
/// Asks for the newest and the oldest.
pub const EXTENT: &str = "SELECT max(timestamp) AS newest, min(timestamp) AS oldest FROM events";

/// Returns the path that tells how long things take, if events have one.
#[must_use]
pub fn latency_field(schema: &QuerySchema) -> Option<String> {
    let paths = numbers(schema);
    let known = LATENCIES.iter().find(|name| paths.contains(name)).map(|name| (*name).to_owned());
    let is_latency = |path: &&&str| path.contains("latency") || path.contains("duration") || path.ends_with("_ms");
    known.or_else(|| paths.iter().find(is_latency).map(|path| (*path).to_owned()))
}

/// Returns the path that tells where things happen, if events have one.
#[must_use]
pub fn page_field(schema: &QuerySchema) -> Option<&'static str> {
    let events = events(schema)?;
    PAGES.into_iter().find(|name| events.paths.iter().any(|path| path.name == *name))
}

/// Returns the fields to explore: columns, then paths inside `data`.
#[must_use]
pub fn fields(schema: &QuerySchema) -> Vec<String> {
    let Some(events) = events(schema) else { return Vec::new() };
    let columns = FIELDS.iter().filter(|name| events.columns.iter().any(|column| column.name == **name));
    let paths = events.paths.iter().map(|path| path.name.clone());
    columns.map(|name| (*name).to_owned()).chain(paths).take(FIELDS_MAX).collect()
}

fn events(schema: &QuerySchema) -> Option<&TableInfo> {
    schema.tables.iter().find(|table| table.name == "events")
}

fn numbers(schema: &QuerySchema) -> Vec<&str> {
    let is_number = |kind: &str| matches!(kind, "integer" | "float" | "number");
    let Some(events) = events(schema) else { return Vec::new() };
    events.paths.iter().filter(|path| is_number(&path.kind)).map(|path| path.name.as_str()).collect()
}

/// Returns a condition that a field has this value, in the words of filters.
#[must_use]
pub fn equals(field: &str, value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => format!("{field}=null"),
        serde_json::Value::String(text) if text.chars().all(is_bare) && reads_as_text(text) => {
            format!("{field}={text}")
        }
        serde_json::Value::String(text) => format!("{field}='{}'", text.replace('\'', "''")),
        other => format!("{field}={other}"),
    }
}

/// Returns a condition that a field has another value than this.
#[must_use]
pub fn differs(field: &str, value: &serde_json::Value) -> String {
    let equal = equals(field, value);
    format!("{field}!{}", &equal[field.len()..])
}

/// Characters that need no quotes in a filter.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':')
}

fn reads_as_text(text: &str) -> bool {
    !text.is_empty() && !matches!(text, "true" | "false" | "null") && text.parse::<f64>().is_err()
}

/// Returns the filter with one more condition; both are shorthand, or both become SQL.
#[must_use]
pub fn and(filter: &str, condition: &str) -> String {
    if filter.trim().is_empty() {
        return condition.to_owned();
    }
    if is_shorthand(filter) {
        return format!("{filter} {condition}");
    }
    match filter::to_sql(condition) {
        Ok(condition) => format!("({filter}) AND {condition}"),
        Err(_) => filter.to_owned(),
    }
}

/// Returns the filter without its last condition.
#[must_use]
pub fn without_last(filter: &str) -> String {
    if !is_shorthand(filter) {
        return String::new();
    }
    let mut quoted = None;
    let mut start = 0;
    for (at, c) in filter.trim_end().char_indices() {
        match (quoted, c) {
            (None, '\'' | '"') => quoted = Some(c),
            (Some(quote), c) if c == quote => quoted = None,
            (None, c) if c.is_whitespace() => start = at,
            _ => {}
        }
    }
    filter[..start].trim_end().to_owned()
}

/// Shorthand becomes another text as SQL; SQL stays what it is.
fn is_shorthand(filter: &str) -> bool {
    filter::to_sql(filter).is_ok_and(|sql| sql != filter.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::query::ColumnInfo;

    fn scope(filter: &str) -> Scope {
        let until = 1_795_437_300_000_000; // 2026-11-23T12:35:00Z
        Scope::new(Range { since: until - 900_000_000, until, bucket: 15_000_000 }, filter).unwrap()
    }

    #[test]
    fn statements_hold_to_the_range_and_the_filter() {
        let time = "timestamp >= '2026-11-23T12:20:00Z' AND timestamp < '2026-11-23T12:35:00Z'";
        assert_eq!(scope("").condition(), time);
        assert_eq!(scope("type=error").condition(), format!("{time} AND (\"type\" = 'error')"));
        assert!(scope("").rate().starts_with("SELECT date_bin(INTERVAL '15 seconds', timestamp) AS time, type"));
        for sql in [scope("a=1").latency("data.x"), scope("a=1").heat("data.x"), scope("a=1").top("data.page", None)] {
            assert!(sql.contains(&scope("a=1").condition()), "{sql}");
        }
    }

    #[test]
    fn conditions_survive_whatever_the_value_holds() {
        let check = |value, expected: &str| {
            assert_eq!(equals("data.x", &value), expected);
            filter::to_sql(expected).unwrap();
        };
        check(json!("web.click"), "data.x=web.click");
        check(json!("/a b'c"), "data.x='/a b''c'");
        check(json!("12"), "data.x='12'");
        check(json!(12), "data.x=12");
        check(json!(null), "data.x=null");
        check(json!(""), "data.x=''");
        assert_eq!(differs("os", &json!("iOS")), "os!=iOS");
    }

    #[test]
    fn conditions_are_added_and_taken_off_one_by_one() {
        let both = and("type=error", "os=iOS");
        assert_eq!(both, "type=error os=iOS");
        assert_eq!(without_last(&both), "type=error");
        assert_eq!(without_last("type=error page='/a b'"), "type=error");
        assert_eq!(without_last("type=error"), "");
        assert_eq!(and("type = 'a' OR type = 'b'", "os=iOS"), "(type = 'a' OR type = 'b') AND \"os\" = 'iOS'");
        assert_eq!(without_last("type = 'a' OR type = 'b'"), "");
    }

    #[test]
    fn latency_and_page_are_found_among_the_paths() {
        let path = |name: &str, kind: &str| ColumnInfo { name: name.to_owned(), kind: kind.to_owned() };
        let schema = |paths| QuerySchema {
            tables: vec![TableInfo { name: "events".to_owned(), columns: Vec::new(), paths }],
            functions: Vec::new(),
        };
        let found = schema(vec![
            path("data.load_ms", "integer"),
            path("data.latency_ms", "integer"),
            path("data.path", "text"),
        ]);
        assert_eq!(
            (latency_field(&found).as_deref(), page_field(&found)),
            (Some("data.latency_ms"), Some("data.path"))
        );
        let odd = schema(vec![path("data.render_ms", "float"), path("data.latency", "text")]);
        assert_eq!(latency_field(&odd).as_deref(), Some("data.render_ms"));
        assert_eq!((latency_field(&QuerySchema::default()), page_field(&QuerySchema::default())), (None, None));
    }
}
