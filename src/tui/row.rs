//! One event as a list shows it: its columns ready to print, and its whole text for whoever looks closer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::Micros;
use super::text::{push_visible, visible};

/// Characters of `data` that are kept for a list; no terminal shows more on a line.
const DATA_CHARS_MAX: usize = 400;

/// An event, with nothing in it that could move a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When it happened, microseconds.
    pub time: Micros,
    /// When the server took it, microseconds.
    pub ingested: Micros,
    pub kind: String,
    pub source: String,
    pub severity: Severity,
    pub user: String,
    /// `page=/cart latency_ms=12`
    pub data: String,
    /// The event as JSON.
    pub json: String,
    /// Its place in the store, which is its identity.
    pub offset: Option<u64>,
}

/// How bad an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What a list shows of an event. The rest is passed over.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ingested_at: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    severity: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
    data: Option<Map<String, Value>>,
    #[serde(rename = "_offset")]
    offset: Option<u64>,
}

impl Severity {
    fn of(text: &str) -> Self {
        match text {
            "low" => Self::Low,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => Self::Medium,
        }
    }

    /// Returns a mark that says it without colour.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Low => " ",
            Self::Medium => "·",
            Self::High => "!",
            Self::Critical => "‼",
        }
    }

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Row {
    /// Reads an event as the server sends it.
    #[must_use]
    pub fn of(event: &Map<String, Value>) -> Self {
        let text = |name| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let data = event.get("data").and_then(Value::as_object);
        Self {
            time: micros(text("timestamp")),
            ingested: micros(text("ingested_at")),
            kind: visible(text("type")),
            source: visible(text("source")),
            severity: Severity::of(text("severity")),
            user: visible(text("user_id")),
            data: data.map(words).unwrap_or_default(),
            json: Value::Object(event.clone()).to_string(),
            offset: event.get("_offset").and_then(Value::as_u64),
        }
    }

    /// Reads an event from its text, which is kept as it is: live events come by the hundred a second. None when it is of
    /// another form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let columns: Columns<'_> = serde_json::from_str(text).ok()?;
        let shown = |column: &Option<Cow<'_, str>>| column.as_deref().map(visible).unwrap_or_default();
        let time = |column: &Option<Cow<'_, str>>| column.as_deref().map(micros).unwrap_or_default();
        Some(Self {
            time: time(&columns.timestamp),
            ingested: time(&columns.ingested_at),
            kind: shown(&columns.kind),
            source: shown(&columns.source),
            severity: Severity::of(columns.severity.as_deref().unwrap_or_default()),
            user: shown(&columns.user_id),
            data: columns.data.as_ref().map(words).unwrap_or_default(),
            json: text.to_owned(),
            offset: columns.offset,
        })
    }

    /// Returns the event itself.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or(Value::Null)
    }
}

/// Reads RFC 3339; what is none is the beginning of time.
pub(super) fn micros(text: &str) -> Micros {
    text.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_microsecond)
}

fn words(data: &Map<String, Value>) -> String {
    let mut words = String::new();
    for (name, value) in data {
        if !words.is_empty() {
            words.push(' ');
        }
        push_visible(&mut words, name);
        words.push('=');
        match value {
            Value::String(text) => push_visible(&mut words, text),
            other => push_visible(&mut words, &other.to_string()),
        }
        if words.len() > DATA_CHARS_MAX
            && let Some((end, _)) = words.char_indices().nth(DATA_CHARS_MAX)
        {
            words.truncate(end);
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_an_event_reaches_the_terminal_as_a_control() {
        let event = json!({"timestamp": "2026-11-23T12:34:56Z", "type": "a\u{1b}[2Jb", "source": "c\nd", "severity": "critical",
            "data": {"e\r": "f\u{7}\u{202e}", "long": "ü".repeat(2_000)}, "_offset": 7});
        let row = Row::of(event.as_object().unwrap());
        let shown = [&row.kind, &row.source, &row.data].map(String::as_str).concat();
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
        assert_eq!((row.severity, row.offset, row.time), (Severity::Critical, Some(7), 1_795_437_296_000_000));
        assert!(row.data.chars().count() <= DATA_CHARS_MAX);
        assert_eq!(row.value(), event);
        // As it comes live, it is the same.
        assert_eq!(Row::read(&event.to_string()), Some(row));
        assert_eq!([Row::read("{\"type\":7}"), Row::read("[]")], [None, None]);
        assert!(Row::read("{}").is_some());
    }
}
