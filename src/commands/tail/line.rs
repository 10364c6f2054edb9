//! Writes an event on one line for a person.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Map, Value};

use crate::printer::paint::{ACCENT, BAD, FAINT, WARNING};
use crate::printer::painted;

/// Characters of `data` on a line; `-o json` shows it all.
const DATA_CHARS_MAX: usize = 160;

/// Returns time, severity, type, source, user and data. Of another day than `today` the date is shown too.
pub(super) fn human(event: &Map<String, Value>, today: &str) -> String {
    let text = |name| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let severity = text("severity");
    let mut line = format!(
        "{} {} {} {}",
        painted(FAINT, time(text("timestamp"), today)),
        painted(style(severity), format_args!("{severity:<8}")),
        painted(ACCENT, visible(text("type"))),
        visible(text("source")),
    );
    let user = text("user_id");
    if !user.is_empty() {
        // Writing to a string cannot fail.
        write!(line, " {}", visible(user)).unwrap_or_default();
    }
    if let Some(data) = event.get("data").and_then(Value::as_object) {
        write!(line, "{}", painted(FAINT, shortened(&words(data)))).unwrap_or_default();
    }
    line
}

fn style(severity: &str) -> Style {
    match severity {
        "critical" => BAD,
        "high" => WARNING,
        "low" => FAINT,
        _ => Style::new(),
    }
}

/// Returns `12:34:56.789`, with the date before it unless that is today's.
fn time(timestamp: &str, today: &str) -> String {
    let Some((date, time)) = timestamp.split_once('T') else { return visible(timestamp) };
    let time = time.trim_end_matches('Z');
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    if date == today { format!("{seconds}.{millis}") } else { format!("{date} {seconds}.{millis}") }
}

fn words(data: &Map<String, Value>) -> String {
    data.iter().fold(String::new(), |mut words, (name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        write!(words, " {}={}", visible(name), visible(&value)).unwrap_or_default();
        words
    })
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(DATA_CHARS_MAX) {
        None => words.to_owned(),
        Some((end, _)) => format!("{}…", &words[..end]),
    }
}

/// Events come from anywhere: nothing in them may move the cursor or change colours.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(event: Value, expected: &str) {
        let Value::Object(event) = event else { panic!("an event is an object") };
        assert_eq!(anstream::adapter::strip_str(&human(&event, "2026-11-23")).to_string(), expected);
    }

    #[test]
    fn an_event_is_one_readable_line() {
        check(
            json!({"timestamp": "2026-11-23T12:34:56.789123Z", "type": "web.click", "source": "web-app", "severity": "high",
                "user_id": "user_7", "data": {"page": "/cart", "latency_ms": 12}}),
            "12:34:56.789 high     web.click web-app user_7 page=/cart latency_ms=12",
        );
        check(
            json!({"timestamp": "2026-11-22T12:34:56Z", "type": "x", "source": "y", "severity": "medium"}),
            "2026-11-22 12:34:56.000 medium   x y",
        );
    }

    #[test]
    fn an_event_cannot_write_to_the_terminal_by_itself() {
        check(
            json!({"timestamp": "2026-11-23T12:34:56Z", "type": "a\u{1b}[2Jb", "source": "c\nd", "severity": "low",
                "data": {"e\r": "f\u{7}"}}),
            "12:34:56.000 low      a\u{fffd}[2Jb c\u{fffd}d e\u{fffd}=f\u{fffd}",
        );
    }

    #[test]
    fn long_data_is_cut() {
        let long = "ü".repeat(500);
        let event = json!({"timestamp": "", "type": "x", "source": "y", "severity": "low", "data": {"a": long}});
        let Value::Object(event) = event else { panic!("an event is an object") };
        assert!(human(&event, "").chars().count() < 250);
    }
}
