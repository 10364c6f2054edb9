//! Finds out why nothing passes the filter: a field that no event has, a value that none has, or the time.

use serde_json::Value;
use streamflow_core::{filter, suggest};

use super::State;
use crate::api::query::{QueryAnswer, QuerySchema};
use crate::tui::action::{Action, Question};
use crate::tui::event::Slot;
use crate::tui::lexer;
use crate::tui::statement;
use crate::tui::text::visible;

/// What is known about a filter that nothing passes.
#[derive(Debug, Clone, Default)]
pub struct Nothing {
    filter: String,
    why: Option<String>,
    /// Conditions that were not looked at yet, the next of them last.
    left: Vec<Condition>,
}

/// What a part of a filter asks of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    /// As SQL names it.
    field: String,
    /// The text that it must be.
    value: Option<String>,
}

/// Returns the fields of a condition of SQL, each with the text that it must be equal to.
fn conditions(sql: &str) -> Vec<Condition> {
    let words = lexer::words(sql);
    let compares = |word: &str| {
        matches!(word, "=" | "<" | ">" | "!" | "~")
            || ["LIKE", "ILIKE", "IN", "IS", "NOT"].iter().any(|other| other.eq_ignore_ascii_case(word))
    };
    let is_field = |word: &str| lexer::begins_name(word) && !compares(word);
    let mut found = Vec::new();
    for (at, pair) in words.windows(2).enumerate() {
        if is_field(pair[0]) && compares(pair[1]) {
            let text = words.get(at + 2).filter(|_| pair[1] == "=").and_then(|text| text.strip_prefix('\''));
            let value = text.and_then(|text| text.strip_suffix('\'')).map(|text| text.replace("''", "'"));
            found.push(Condition { field: pair[0].to_owned(), value });
        }
    }
    found
}

/// Returns a name without its quotes.
fn plain(field: &str) -> String {
    field.replace('"', "")
}

/// Says that no event has a field, if none has it.
fn unknown_field(field: &str, schema: &QuerySchema) -> Option<String> {
    let events = schema.tables.iter().find(|table| table.name == "events")?;
    let known = || events.columns.iter().chain(&events.paths).map(|column| column.name.as_str());
    let inside = |name: &str| known().any(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    if known().any(|known| known == field) || inside(field) || field.starts_with("metadata.") {
        return None;
    }
    // A word without dots may be meant as a column.
    let word = field.strip_prefix("data.").unwrap_or(field);
    let of_last_part = || known().filter(|name| name.rsplit('.').next().is_some_and(|last| is_near(word, last)));
    let near = suggest::nearest(field, known()).or_else(|| of_last_part().next());
    let field = visible(field);
    Some(match near {
        Some(near) => format!("no event has the field {field}; did you mean {near}?"),
        None => format!("no event has the field {field}; tab in the filter lists fields"),
    })
}

fn is_near(word: &str, name: &str) -> bool {
    suggest::nearest(word, [name]).is_some()
}

impl State {
    /// Begins to find out why nothing passes the filter, unless that was done.
    pub(super) fn ask_why_nothing(&mut self, actions: &mut Vec<Action>) {
        let filter = &self.place.filter;
        if filter.is_empty() || self.nothing.filter == *filter {
            return;
        }
        let (Ok(sql), Some(schema)) = (filter::to_sql(filter), &self.schema) else { return };
        let mut left = conditions(&sql);
        let why = left.iter().find_map(|condition| unknown_field(&plain(&condition.field), schema));
        left.retain(|condition| condition.value.is_some());
        left.reverse();
        self.nothing = Nothing { filter: filter.clone(), left, why };
        self.ask_next_value(actions);
    }

    /// Asks for the values of the next condition, as long as nothing is found out.
    fn ask_next_value(&mut self, actions: &mut Vec<Action>) {
        let Some(condition) = self.nothing.left.last().filter(|_| self.nothing.why.is_none()) else { return };
        let value = condition.value.as_deref().unwrap_or_default();
        let sql = statement::seen_or(&condition.field, value);
        actions.push(self.asks.ask(Slot::Why, Question::Sql { sql, rows_max: statement::VALUES_MAX as u64 }));
    }

    /// Takes up the values of a field: the wanted one is the first of them, if there is one.
    pub(super) fn set_why(&mut self, answer: &QueryAnswer, actions: &mut Vec<Action>) {
        let Some(Condition { field, value: Some(value) }) = self.nothing.left.pop() else { return };
        if self.nothing.filter != self.place.filter {
            return;
        }
        let seen: Vec<&str> = answer.rows.iter().filter_map(|row| row.first()).filter_map(Value::as_str).collect();
        if !seen.contains(&value.as_str()) {
            let (field, written) = (visible(&plain(&field)), visible(&value));
            self.nothing.why = Some(match suggest::nearest(&value, seen) {
                Some(near) => format!("no event has {field} {written}; did you mean {}?", visible(near)),
                None => format!("no event has {field} {written}"),
            });
        }
        self.ask_next_value(actions);
    }

    /// Returns why there is nothing to show.
    #[must_use]
    pub fn why_nothing(&self) -> String {
        if self.place.filter.is_empty() {
            return "no events in this time".to_owned();
        }
        self.mistake().map_or_else(|| "no event in this time passes the filter".to_owned(), str::to_owned)
    }

    /// Returns what is wrong with the filter, if that was found out.
    #[must_use]
    pub fn mistake(&self) -> Option<&str> {
        self.nothing.why.as_deref().filter(|_| self.nothing.filter == self.place.filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_tells_what_it_asks_of_events() {
        let check = |filter: &str, expected: &[(&str, Option<&str>)]| {
            let found = conditions(&filter::to_sql(filter).unwrap());
            let found: Vec<_> = found.iter().map(|one| (plain(&one.field), one.value.as_deref())).collect();
            let expected: Vec<_> = expected.iter().map(|(field, value)| ((*field).to_owned(), *value)).collect();
            assert_eq!(found, expected, "{filter}");
        };
        check("type=web.clik", &[("type", Some("web.clik"))]);
        check("pg='it''s' latency_ms>5", &[("data.pg", Some("it's")), ("data.latency_ms", None)]);
        check("type = 'a' OR os NOT IN ('x')", &[("type", Some("a")), ("os", None)]);
        check("source!=web page~cart", &[("source", None), ("data.page", None)]);
    }

    #[test]
    fn a_field_that_no_event_has_is_told_with_the_one_that_is_meant() {
        let schema = crate::tui::fixture::schema();
        assert_eq!(unknown_field("data.page", &schema), None);
        assert_eq!(unknown_field("data", &schema), None, "it holds others");
        let told = |field| unknown_field(field, &schema).unwrap();
        assert_eq!(told("data.pgae"), "no event has the field data.pgae; did you mean data.page?");
        assert_eq!(told("data.sorce"), "no event has the field data.sorce; did you mean source?");
        assert_eq!(told("data.xyz"), "no event has the field data.xyz; tab in the filter lists fields");
    }
}
