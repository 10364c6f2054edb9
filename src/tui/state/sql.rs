//! The workbench: a statement that is written, its answer, and the statements before it.

use crate::api::query::{QueryAnswer, QuerySchema};
use crate::tui::event::{Failure, Micros};

use super::editor::Editor;

/// Rows that are fetched; more are told of, not shown.
pub const ROWS_MAX: u64 = 1_000;
/// Statements that are remembered.
const HISTORY_MAX: usize = 200;
/// Words that are offered at once.
const OFFERED_MAX: usize = 8;

/// What a new user finds in the editor.
pub const FIRST: &str = "SELECT type, count(*) AS events\nFROM events\nGROUP BY type\nORDER BY events DESC";

/// Words of SQL that completion knows.
pub const KEYWORDS: [&str; 34] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "HAVING",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "LIKE",
    "ILIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "AS",
    "DESC",
    "ASC",
    "DISTINCT",
    "FILTER",
    "OVER",
    "PARTITION BY",
    "INTERVAL",
    "WITH",
    "UNION ALL",
    "JOIN",
    "ON",
    "CAST",
];

/// Where typed keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Editor,
    Results,
}

/// The workbench.
#[derive(Debug, Clone)]
pub struct Sql {
    pub editor: Editor,
    pub focus: Focus,
    pub result: Option<Answered>,
    pub failure: Option<Failure>,
    pub running_since: Option<Micros>,
    pub offered: Option<Offered>,
    pub as_chart: bool,
    pub row: usize,
    pub column: usize,
    history: Vec<String>,
    /// The statement of the history that is in the editor; what was typed before it.
    recalled: Option<(usize, String)>,
}

/// An answer and the statement that it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub sql: String,
    pub answer: QueryAnswer,
}

/// Words that may stand where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub words: Vec<String>,
    pub selected: usize,
}

impl Default for Sql {
    fn default() -> Self {
        Self {
            editor: Editor::of(FIRST),
            focus: Focus::Editor,
            result: None,
            failure: None,
            running_since: None,
            offered: None,
            as_chart: false,
            row: 0,
            column: 0,
            history: Vec::new(),
            recalled: None,
        }
    }
}

impl Sql {
    /// Returns the statement to run and remembers it; none when nothing is written.
    pub fn start(&mut self, now: Micros) -> Option<String> {
        if self.editor.is_empty() {
            return None;
        }
        let sql = self.editor.text().trim().trim_end_matches(';').to_owned();
        self.remember(sql.clone());
        self.running_since = Some(now);
        self.failure = None;
        self.offered = None;
        Some(sql)
    }

    fn remember(&mut self, sql: String) {
        self.recalled = None;
        self.history.retain(|known| *known != sql);
        self.history.push(sql);
        if self.history.len() > HISTORY_MAX {
            self.history.remove(0);
        }
    }

    /// Takes up an answer to the last statement.
    pub fn answered(&mut self, answer: QueryAnswer) {
        let sql = self.history.last().cloned().unwrap_or_default();
        (self.row, self.column, self.running_since, self.failure) = (0, 0, None, None);
        self.result = Some(Answered { sql, answer });
    }

    pub fn failed(&mut self, failure: Failure) {
        self.running_since = None;
        self.failure = Some(failure);
    }

    /// Puts an older (-1) or a newer (1) statement into the editor; after the newest, what was typed before.
    pub fn recall(&mut self, by: isize) {
        let (at, draft) = self.recalled.take().unwrap_or_else(|| (self.history.len(), self.editor.text()));
        let wanted = at.saturating_add_signed(by).min(self.history.len());
        match self.history.get(wanted) {
            Some(sql) => {
                self.editor = Editor::of(sql);
                self.recalled = Some((wanted, draft));
            }
            None => self.editor = Editor::of(&draft),
        }
        self.offered = None;
    }

    /// Completes the word before the cursor if it can only be one; else offers those that it can be, and, asked again, the
    /// next of them.
    pub fn complete(&mut self, schema: Option<&QuerySchema>, seen: &[String]) {
        if let Some(offered) = &mut self.offered {
            offered.selected = (offered.selected + 1) % offered.words.len();
            return;
        }
        let word = self.editor.word().to_owned();
        if word.is_empty() {
            return self.editor.insert("    ");
        }
        let words = candidates(&word, schema, seen);
        match words.as_slice() {
            [] => {}
            [only] => self.editor.replace_word(only),
            _ => self.offered = Some(Offered { words, selected: 0 }),
        }
    }

    /// Puts the offered word into the text. Returns whether there was one.
    pub fn accept(&mut self) -> bool {
        let Some(offered) = self.offered.take() else { return false };
        self.editor.replace_word(&offered.words[offered.selected]);
        true
    }

    pub fn step(&mut self, rows: i64, columns: i64) {
        let Some(result) = &self.result else { return };
        let moved = |at: usize, by: i64, length: usize| {
            at.saturating_add_signed(isize::try_from(by).unwrap_or_default()).min(length.saturating_sub(1))
        };
        self.row = moved(self.row, rows, result.answer.rows.len());
        self.column = moved(self.column, columns, result.answer.columns.len());
    }
}

/// Returns the words that begin like `word`, the likeliest first.
fn candidates(word: &str, schema: Option<&QuerySchema>, seen: &[String]) -> Vec<String> {
    let is_like = |name: &str| {
        name.len() >= word.len() && name.is_char_boundary(word.len()) && name[..word.len()].eq_ignore_ascii_case(word)
    };
    let mut words: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if is_like(name) && words.len() < OFFERED_MAX && !words.iter().any(|word| word == name) {
            words.push(name.to_owned());
        }
    };
    if let Some(schema) = schema {
        for table in &schema.tables {
            table.columns.iter().chain(&table.paths).for_each(|column| add(&column.name));
            add(&table.name);
        }
    }
    KEYWORDS.iter().for_each(|keyword| add(keyword));
    schema.iter().flat_map(|schema| &schema.functions).for_each(|function| add(function));
    seen.iter().for_each(|value| add(value));
    words
}

/// How a result can be drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawing {
    /// Bars, each with a label.
    Bars { of: String, bars: Vec<(String, f64)> },
    /// Values over time, one line a column.
    Lines { times: Vec<Micros>, lines: Vec<(String, Vec<Option<f64>>)> },
}

/// Returns the drawing of an answer: its numbers over its first column.
#[must_use]
pub fn drawing(answer: &QueryAnswer) -> Option<Drawing> {
    let is_number = |at: &usize| answer.rows.iter().any(|row| row.get(*at).is_some_and(serde_json::Value::is_number));
    let numbers: Vec<usize> = (0..answer.columns.len()).filter(is_number).collect();
    let first = *numbers.first()?;
    if answer.columns[0].kind == "timestamp" {
        let times =
            answer.rows.iter().map(|row| crate::tui::row::micros(row[0].as_str().unwrap_or_default())).collect();
        let line =
            |at: &usize| (answer.columns[*at].name.clone(), answer.rows.iter().map(|row| row[*at].as_f64()).collect());
        return Some(Drawing::Lines { times, lines: numbers.iter().map(line).collect() });
    }
    let label = (0..answer.columns.len()).find(|at| *at != first).unwrap_or(first);
    let bar =
        |row: &Vec<serde_json::Value>| (super::overview::shown(&row[label]), row[first].as_f64().unwrap_or_default());
    Some(Drawing::Bars { of: answer.columns[first].name.clone(), bars: answer.rows.iter().map(bar).collect() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::query::{ColumnInfo, QueryStats, TableInfo};

    fn schema() -> QuerySchema {
        let column = |name: &str| ColumnInfo { name: name.to_owned(), kind: "text".to_owned() };
        let events = TableInfo {
            name: "events".to_owned(),
            columns: vec![column("type"), column("source")],
            paths: vec![column("data.page"), column("data.latency_ms")],
        };
        QuerySchema { tables: vec![events], functions: vec!["sum".to_owned(), "sqrt".to_owned()] }
    }

    fn completed(text: &str) -> (String, Option<Vec<String>>) {
        let mut sql = Sql { editor: Editor::of(text), ..Sql::default() };
        sql.complete(Some(&schema()), &["web.click".to_owned()]);
        (sql.editor.text(), sql.offered.map(|offered| offered.words))
    }

    #[test]
    fn words_are_completed_from_the_schema_and_from_what_was_seen() {
        assert_eq!(completed("SELECT data.p"), ("SELECT data.page".to_owned(), None));
        assert_eq!(completed("WHERE type = 'web"), ("WHERE type = 'web.click".to_owned(), None));
        let offered = completed("SELECT s").1.unwrap();
        assert_eq!(offered, ["source", "SELECT", "sum", "sqrt"]);
        assert_eq!(completed("nothing.like").0, "nothing.like");
    }

    #[test]
    fn an_offered_word_is_taken_or_passed_over() {
        let mut sql = Sql { editor: Editor::of("SELECT s"), ..Sql::default() };
        sql.complete(Some(&schema()), &[]);
        sql.complete(Some(&schema()), &[]);
        assert!(sql.accept());
        assert_eq!((sql.editor.text().as_str(), sql.accept()), ("SELECT SELECT", false));
    }

    #[test]
    fn history_goes_back_and_returns_to_what_was_typed() {
        let mut sql = Sql::default();
        for text in ["one", "two", "one"] {
            sql.editor = Editor::of(text);
            assert_eq!(sql.start(0).as_deref(), Some(text));
        }
        sql.editor = Editor::of("draft");
        let mut recall = |by| {
            sql.recall(by);
            sql.editor.text()
        };
        assert_eq!([recall(-1), recall(-1), recall(-1)], ["one", "two", "two"]);
        assert_eq!([recall(1), recall(1), recall(1)], ["one", "draft", "draft"]);
    }

    #[test]
    fn a_result_is_drawn_over_its_first_column() {
        let column = |name: &str, kind: &str| ColumnInfo { name: name.to_owned(), kind: kind.to_owned() };
        let answer = |columns, rows| QueryAnswer {
            columns,
            rows,
            truncated: false,
            notes: vec![],
            stats: QueryStats::default(),
        };
        let bars = answer(vec![column("type", "text"), column("n", "integer")], vec![vec![json!("a"), json!(3)]]);
        assert_eq!(drawing(&bars), Some(Drawing::Bars { of: "n".to_owned(), bars: vec![("a".to_owned(), 3.0)] }));
        let lines = answer(
            vec![column("time", "timestamp"), column("n", "integer")],
            vec![vec![json!("1970-01-01T00:00:01Z"), json!(3)], vec![json!("1970-01-01T00:00:02Z"), json!(null)]],
        );
        let expected =
            Drawing::Lines { times: vec![1_000_000, 2_000_000], lines: vec![("n".to_owned(), vec![Some(3.0), None])] };
        assert_eq!(drawing(&lines), Some(expected));
        assert_eq!(drawing(&answer(vec![column("t", "text")], vec![vec![json!("x")]])), None);
    }
}
