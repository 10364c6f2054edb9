//! Completes what is typed: names where names stand, and observed values where a text is compared with a column.

use std::collections::BTreeMap;

use serde_json::Value;
use streamflow_core::filter;

use super::State;
use super::editor::Editor;
use super::layer::{Asked, Layer};
use super::overview::shown;
use super::sql::KEYWORDS;
use crate::api::query::{QueryAnswer, QuerySchema};
use crate::tui::action::{Action, Question};
use crate::tui::event::{Micros, Slot};
use crate::tui::lexer::{self, Kind};
use crate::tui::statement;

/// Words that are offered at once.
const OFFERED_MAX: usize = 8;
/// New events may have other values: what was asked so long ago is asked again.
const SEEN_AGE_MAX: Micros = 30_000_000;

/// Words that may stand where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub words: Vec<String>,
    pub selected: usize,
    /// Letters before the cursor whose place they take.
    replaced: usize,
}

/// Values of columns that were asked for.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    known: BTreeMap<String, (Micros, Vec<Value>)>,
    /// The column that is asked for.
    asked: Option<String>,
}

/// What may stand where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Nothing,
    /// At the beginning of a word of SQL, a key that completes indents.
    Indent,
    /// Names that begin like this.
    Names(String),
    Values(Values),
}

/// Values of a column that begin like what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Values {
    /// As SQL names it.
    column: String,
    typed: String,
    replaced: usize,
    form: Form,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `'a text'`
    Sql,
    /// As a word of a filter: `web.click`
    Word,
}

impl Offered {
    /// Goes to the next word, around the end.
    pub const fn go_on(&mut self) {
        self.selected = (self.selected + 1) % self.words.len();
    }

    /// Puts the word that is selected into the text.
    pub fn put_into(&self, editor: &mut Editor) {
        let word = &self.words[self.selected];
        // The quote that closes it may be there already.
        let is_closed = editor.at_cursor() == Some('\'');
        let word = word.strip_suffix('\'').filter(|_| is_closed).unwrap_or(word);
        editor.replace_before(self.replaced, word);
    }
}

/// Returns what may follow a part of a statement.
fn in_sql(before: &str, word: &str) -> Wanted {
    if let Some(open) = lexer::open_text(before) {
        let Some(column) = open.column else { return Wanted::Nothing };
        let text = &before[open.start..];
        let typed = text[1..].replace("''", "'");
        return Wanted::Values(Values { column, typed, replaced: text.chars().count(), form: Form::Sql });
    }
    let last = lexer::pieces(before).pop().map(|piece| piece.kind);
    match last {
        Some(Kind::Comment | Kind::Text | Kind::QuotedName) => Wanted::Nothing,
        _ if word.is_empty() => Wanted::Indent,
        _ => Wanted::Names(word.to_owned()),
    }
}

/// Returns what may follow a part of a filter.
fn in_filter(before: &str, word: &str) -> Wanted {
    const OPERATORS: [char; 5] = ['=', '!', '<', '>', '~'];
    let last = last_word(before);
    if let Some(at) = last.find(OPERATORS)
        && let Ok(column) = filter::column_sql(&last[..at])
    {
        let value = last[at..].trim_start_matches(OPERATORS);
        let typed = value.trim_start_matches(['\'', '"']).to_owned();
        return Wanted::Values(Values { column, typed, replaced: value.chars().count(), form: Form::Word });
    }
    match in_sql(before, word) {
        Wanted::Indent => Wanted::Names(String::new()),
        other => other,
    }
}

/// Returns what follows the last space that is not inside of quotes.
fn last_word(text: &str) -> &str {
    let (mut quote, mut start) = (None, 0);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, c) if c.is_whitespace() => start = at + c.len_utf8(),
            _ => {}
        }
    }
    &text[start..]
}

fn begins(name: &str, typed: &str) -> bool {
    name.to_lowercase().starts_with(&typed.to_lowercase())
}

/// Returns the names that begin like what is typed, those of fields first; then fields whose last part begins so.
fn names(typed: &str, schema: Option<&QuerySchema>, asked: Place) -> Vec<String> {
    let tables = || schema.iter().flat_map(|schema| &schema.tables);
    let fields =
        || tables().flat_map(|table| table.columns.iter().chain(&table.paths)).map(|column| column.name.as_str());
    let events = || tables().filter(|table| table.name == "events");
    let of_events = || events().flat_map(|table| table.columns.iter().chain(&table.paths)).map(|one| one.name.as_str());
    let whole: Vec<&str> = match asked {
        Place::Filter => of_events().collect(),
        Place::Sql => {
            let functions = schema.iter().flat_map(|schema| &schema.functions).map(String::as_str);
            let tables = tables().map(|table| table.name.as_str());
            fields().chain(tables).chain(KEYWORDS).chain(functions).collect()
        }
    };
    let by_last_part = fields().filter(|name| name.rsplit_once('.').is_some_and(|(_, last)| begins(last, typed)));
    let mut found: Vec<String> = Vec::new();
    for name in whole.into_iter().filter(|name| begins(name, typed)).chain(by_last_part) {
        if found.len() < OFFERED_MAX && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Where names are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Sql,
    Filter,
}

/// Returns the values that begin like what is typed, then those that have it elsewhere; of each the most frequent first.
fn values(wanted: &Values, seen: &[Value]) -> Vec<String> {
    let typed = wanted.typed.trim_start_matches('%');
    let has = |value: &&Value| shown(value).to_lowercase().contains(&typed.to_lowercase());
    let (first, later): (Vec<&Value>, Vec<&Value>) =
        seen.iter().filter(has).partition(|value| begins(&shown(value), typed));
    let written = |value: &Value| match (wanted.form, value) {
        (Form::Word, value) => statement::equals("", value)[1..].to_owned(),
        (Form::Sql, Value::String(text)) => filter::text_sql(text),
        (Form::Sql, other) => filter::text_sql(&other.to_string()),
    };
    first.into_iter().chain(later).take(OFFERED_MAX).map(written).collect()
}

impl State {
    /// Completes the word before the cursor if it can only be one; else offers those that it can be, and, asked again, the next
    /// of them. Values that are not known are asked for first.
    pub(super) fn complete(&mut self, actions: &mut Vec<Action>) {
        if let Some(offered) = self.offered_mut() {
            return offered.go_on();
        }
        let schema = self.schema.as_ref();
        match self.wanted() {
            Wanted::Nothing => {}
            Wanted::Indent => self.input_mut().insert("    "),
            Wanted::Names(typed) => {
                let words = names(&typed, schema, self.place_of_names());
                self.offer(words, typed.chars().count());
            }
            Wanted::Values(wanted) => {
                let known = self.seen.known.get(&wanted.column);
                match known.filter(|(when, _)| self.now - when < SEEN_AGE_MAX) {
                    Some((_, seen)) => {
                        let words = values(&wanted, seen);
                        if words.is_empty() {
                            return self.say(format!("no value of {} is like that", wanted.column));
                        }
                        self.offer(words, wanted.replaced);
                    }
                    None => {
                        let sql = statement::seen(&wanted.column);
                        let question = Question::Sql { sql, rows_max: statement::VALUES_MAX as u64 };
                        actions.push(self.asks.ask(Slot::Seen, question));
                        self.seen.asked = Some(wanted.column);
                    }
                }
            }
        }
    }

    /// Offers what is left of an offer after another letter was typed. What is written out needs none.
    pub(super) fn narrow_offer(&mut self) {
        let (words, replaced) = match self.wanted() {
            Wanted::Names(typed) if !typed.is_empty() => {
                (names(&typed, self.schema.as_ref(), self.place_of_names()), typed.chars().count())
            }
            Wanted::Values(wanted) => {
                let Some((_, seen)) = self.seen.known.get(&wanted.column) else { return };
                (values(&wanted, seen), wanted.replaced)
            }
            Wanted::Names(_) | Wanted::Nothing | Wanted::Indent => return,
        };
        let is_written = words.iter().any(|word| self.input_mut().before().ends_with(word.as_str()));
        if !words.is_empty() && !is_written {
            self.set_offer(Offered { words, selected: 0, replaced });
        }
    }

    fn place_of_names(&self) -> Place {
        if self.layers.is_empty() { Place::Sql } else { Place::Filter }
    }

    fn set_offer(&mut self, offered: Offered) {
        match self.layers.last_mut() {
            Some(Layer::Prompt(prompt)) => prompt.offered = Some(offered),
            _ => self.sql.sheet_mut().offered = Some(offered),
        }
    }

    /// Takes up the values of a column, and offers them if the cursor is still where they were asked for.
    pub(super) fn set_seen(&mut self, answer: QueryAnswer, actions: &mut Vec<Action>) {
        let Some(column) = self.seen.asked.take() else { return };
        let seen = answer.rows.into_iter().filter_map(|row| row.into_iter().next()).collect();
        self.seen.known.insert(column.clone(), (self.now, seen));
        let is_wanted = matches!(self.wanted(), Wanted::Values(wanted) if wanted.column == column);
        if is_wanted && self.offered_mut().is_none() {
            self.complete(actions);
        }
    }

    fn wanted(&self) -> Wanted {
        match self.layers.last() {
            Some(Layer::Prompt(prompt)) if prompt.asked == Asked::Filter => {
                in_filter(&prompt.input.before(), prompt.input.word())
            }
            Some(_) => Wanted::Nothing,
            None => {
                let editor = &self.sql.sheet().editor;
                in_sql(&editor.before(), editor.word())
            }
        }
    }

    fn offer(&mut self, words: Vec<String>, replaced: usize) {
        let is_one = words.len() == 1;
        let offered = Offered { words, selected: 0, replaced };
        if is_one {
            offered.put_into(self.input_mut());
        } else if !offered.words.is_empty() {
            self.set_offer(offered);
        }
    }

    fn input_mut(&mut self) -> &mut Editor {
        match self.layers.last_mut() {
            Some(Layer::Prompt(prompt)) => &mut prompt.input,
            _ => &mut self.sql.sheet_mut().editor,
        }
    }

    pub(super) fn offered_mut(&mut self) -> Option<&mut Offered> {
        match self.layers.last_mut() {
            Some(Layer::Prompt(prompt)) => prompt.offered.as_mut(),
            _ => self.sql.sheet_mut().offered.as_mut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::query::{ColumnInfo, TableInfo};

    fn schema() -> QuerySchema {
        let column = |name: &str| ColumnInfo { name: name.to_owned(), kind: "text".to_owned() };
        let events = TableInfo {
            name: "events".to_owned(),
            columns: vec![column("type"), column("source")],
            paths: vec![column("data.page"), column("data.latency_ms")],
        };
        QuerySchema { tables: vec![events], functions: vec!["sum".to_owned(), "sqrt".to_owned()] }
    }

    #[test]
    fn names_come_from_the_schema_where_names_stand() {
        let offered = |sql: &str| match in_sql(sql, Editor::of(sql).word()) {
            Wanted::Names(typed) => names(&typed, Some(&schema()), Place::Sql),
            _ => Vec::new(),
        };
        assert_eq!(offered("SELECT data.p"), ["data.page"]);
        assert_eq!(offered("SELECT lat"), ["data.latency_ms"]);
        assert_eq!(offered("SELECT s"), ["source", "SELECT", "sum", "sqrt"]);
        for sql in ["nothing.like", "WHERE type = 's", "-- s", "SELECT 's'", "SELECT \"s"] {
            assert!(offered(sql).is_empty(), "{sql}");
        }
        assert_eq!(names("s", Some(&schema()), Place::Filter), ["source"]);
    }

    /// The text with the first value that is offered for it.
    fn completed(wanted: Wanted, text: &str) -> Option<(String, String)> {
        let Wanted::Values(wanted) = wanted else { return None };
        let seen = [json!("iOS"), json!("Android"), json!("it's"), json!("Chrome OS"), json!(12)];
        let words = values(&wanted, &seen);
        let mut editor = Editor::of(text);
        Offered { words, selected: 0, replaced: wanted.replaced }.put_into(&mut editor);
        Some((wanted.column, editor.text()))
    }

    #[test]
    fn values_are_those_of_the_column_however_they_are_written() {
        let sql = |text: &str| completed(in_sql(text, ""), text).unwrap();
        let is = |column: &str, text: &str| (column.to_owned(), text.to_owned());
        assert_eq!(sql("WHERE os = 'i"), is("os", "WHERE os = 'iOS'"));
        assert_eq!(sql("WHERE os IN ('iOS', 'AN"), is("os", "WHERE os IN ('iOS', 'Android'"));
        assert_eq!(sql("WHERE data.os LIKE 'it"), is("data.os", "WHERE data.os LIKE 'it''s'"));
        assert_eq!(sql("WHERE os = 'chr"), is("os", "WHERE os = 'Chrome OS'"));
        assert_eq!(sql("WHERE os = '1"), is("os", "WHERE os = '12'"));
        let filter = |text: &str| completed(in_filter(text, ""), text).unwrap();
        assert_eq!(filter("type=a os=i"), is("\"os\"", "type=a os=iOS"));
        assert_eq!(filter("page!='chr"), is("data.\"page\"", "page!='Chrome OS'"));
        assert_eq!(filter("os = 'a"), is("os", "os = 'Android'"));
        // The quote that closes it is there already.
        let mut editor = Editor::of("os = 'i'");
        editor.go_to(0, 7);
        Offered { words: vec!["'iOS'".to_owned()], selected: 0, replaced: 2 }.put_into(&mut editor);
        assert_eq!(editor.text(), "os = 'iOS'");
    }
}
