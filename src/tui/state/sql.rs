//! The workbench: statements that are written, their answers, and the statements before them.

use crate::api::query::{QueryAnswer, QueryFrame, QueryStats};
use crate::tui::event::{Failure, Micros};

use super::completion::Offered;
use super::editor::Editor;

/// Rows that are fetched; that there are more is told.
pub const ROWS_MAX: u64 = 10_000;
/// Bytes of rows, as JSON, that are fetched at most.
pub const ROWS_BYTES_MAX: usize = 64 << 20;
/// Statements that are remembered.
pub const HISTORY_MAX: usize = 200;
/// Statements that are worked on at once.
const SHEETS_MAX: usize = 9;
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

/// The workbench: statements that are worked on, one of them in front.
#[derive(Debug, Clone)]
pub struct Sql {
    /// Never empty.
    sheets: Vec<Sheet>,
    at: usize,
    pub focus: Focus,
    /// Statements that were run, of all sheets.
    history: Vec<String>,
    /// Numbers that were given to sheets.
    numbered: usize,
}

/// One statement with its answer.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// By which answers find it, for the user may have gone to another one meanwhile.
    pub number: usize,
    pub editor: Editor,
    pub result: Option<Answered>,
    pub failure: Option<Failure>,
    pub running_since: Option<Micros>,
    /// Whether the last statement was cancelled.
    pub is_cancelled: bool,
    pub offered: Option<Offered>,
    pub as_chart: bool,
    pub row: usize,
    pub column: usize,
    /// The statement that was asked last.
    asked: String,
    /// The statement of the history that is in the editor; what was typed before it.
    recalled: Option<(usize, String)>,
}

/// An answer and the statement that it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub sql: String,
    /// The rows so far.
    pub answer: QueryAnswer,
    /// Whether no more will come because there are none, or too many.
    pub is_over: bool,
}

impl Default for Sql {
    fn default() -> Self {
        let first = Sheet { editor: Editor::of(FIRST), ..Sheet::default() };
        Self { sheets: vec![first], at: 0, focus: Focus::Results, history: Vec::new(), numbered: 0 }
    }
}

impl Sql {
    /// Returns the workbench with statements of earlier sessions, oldest first.
    #[must_use]
    pub fn with_history(history: Vec<String>) -> Self {
        Self { history, ..Self::default() }
    }

    /// Returns the sheet in front.
    #[must_use]
    pub fn sheet(&self) -> &Sheet {
        &self.sheets[self.at]
    }

    pub fn sheet_mut(&mut self) -> &mut Sheet {
        &mut self.sheets[self.at]
    }

    /// Returns which sheet is in front, counted from 1, and how many there are.
    #[must_use]
    pub const fn position(&self) -> (usize, usize) {
        (self.at + 1, self.sheets.len())
    }

    /// Puts an empty sheet behind the one in front, and goes there. Returns whether there was room for one.
    pub fn open(&mut self) -> bool {
        if self.sheets.len() >= SHEETS_MAX {
            return false;
        }
        self.numbered += 1;
        self.at += 1;
        self.sheets.insert(self.at, Sheet { number: self.numbered, ..Sheet::default() });
        self.focus = Focus::Editor;
        true
    }

    /// Takes the sheet in front away and returns its number. The last one leaves an empty one behind.
    pub fn close(&mut self) -> usize {
        let closed = self.sheets.remove(self.at);
        if self.sheets.is_empty() {
            self.at = 0;
            self.numbered += 1;
            self.sheets.push(Sheet { number: self.numbered, ..Sheet::default() });
            self.focus = Focus::Editor;
        }
        self.at = self.at.min(self.sheets.len() - 1);
        closed.number
    }

    /// Goes to the sheet so many places further, around the end.
    pub fn turn(&mut self, by: isize) {
        self.sheet_mut().offered = None;
        self.at = (self.at as isize + by).rem_euclid(self.sheets.len() as isize) as usize;
    }

    /// Returns the number of the sheet in front and its statement to run, and remembers it; none when nothing is written.
    pub fn start(&mut self, now: Micros) -> Option<(usize, String)> {
        let sheet = self.sheet_mut();
        if sheet.editor.is_empty() {
            return None;
        }
        let sql = sheet.editor.text().trim().trim_end_matches(';').to_owned();
        sheet.asked.clone_from(&sql);
        (sheet.running_since, sheet.failure, sheet.offered, sheet.recalled) = (Some(now), None, None, None);
        sheet.is_cancelled = false;
        let number = sheet.number;
        self.remember(sql.clone());
        Some((number, sql))
    }

    fn remember(&mut self, sql: String) {
        self.history.retain(|known| *known != sql);
        self.history.push(sql);
        if self.history.len() > HISTORY_MAX {
            self.history.remove(0);
        }
    }

    /// Takes up a part of the answer to the last statement of a sheet; one that was closed meanwhile needs none.
    pub fn answered(&mut self, number: usize, frame: QueryFrame) {
        let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.number == number) else { return };
        match (frame, &mut sheet.result) {
            (QueryFrame::Columns { columns, notes }, _) => {
                (sheet.row, sheet.column, sheet.failure) = (0, 0, None);
                let stats = QueryStats::default();
                let answer = QueryAnswer { columns, rows: Vec::new(), truncated: false, notes, stats };
                sheet.result = Some(Answered { sql: sheet.asked.clone(), answer, is_over: false });
            }
            (QueryFrame::Rows { rows }, Some(result)) => result.answer.rows.extend(rows),
            (QueryFrame::End { truncated, stats }, Some(result)) => {
                (result.answer.truncated, result.answer.stats, result.is_over) = (truncated, stats, true);
                sheet.running_since = None;
            }
            // The worker makes a failure of an error, and columns come before rows.
            (QueryFrame::Error { .. } | QueryFrame::Rows { .. } | QueryFrame::End { .. }, _) => {}
        }
    }

    /// Notes that a statement failed. An answer to an earlier statement is not shown beside it; rows that came before it failed are.
    pub fn failed(&mut self, number: usize, failure: Failure) {
        let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.number == number) else { return };
        sheet.running_since = None;
        if let Some(place) = failure.place {
            sheet.go_to(place);
        }
        sheet.failure = Some(failure);
    }

    /// Puts an older (-1) or a newer (1) statement into the editor; after the newest, what was typed before.
    pub fn recall(&mut self, by: isize) {
        let newest = self.history.len();
        let sheet = &mut self.sheets[self.at];
        let (at, draft) = sheet.recalled.take().unwrap_or_else(|| (newest, sheet.editor.text()));
        let wanted = at.saturating_add_signed(by).min(newest);
        match self.history.get(wanted) {
            Some(sql) => {
                sheet.editor = Editor::of(sql);
                sheet.recalled = Some((wanted, draft));
            }
            None => sheet.editor = Editor::of(&draft),
        }
        sheet.offered = None;
    }
}

impl Sheet {
    /// Puts the offered word into the text. Returns whether there was one.
    pub fn accept(&mut self) -> bool {
        let Some(offered) = self.offered.take() else { return false };
        offered.put_into(&mut self.editor);
        true
    }

    /// Gives the running statement up. Returns whether one ran.
    pub fn cancel(&mut self) -> bool {
        let ran = self.running_since.take().is_some();
        self.is_cancelled |= ran;
        ran
    }

    /// Puts the cursor where the statement that was asked last is wrong, unless another one is written by now.
    fn go_to(&mut self, (line, column): (u64, u64)) {
        let text = self.editor.text();
        let Some(start) = text.find(&self.asked).filter(|_| text.trim().trim_end_matches(';') == self.asked) else {
            return;
        };
        // What stands before the statement was not sent.
        let before = &text[..start];
        let above = before.matches('\n').count();
        let beside = before.rsplit('\n').next().map_or(0, |before| before.chars().count());
        let at = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or_default();
        self.editor.go_to(above + at(line), at(column) + if line == 1 { beside } else { 0 });
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
    use crate::api::query::{ColumnInfo, QueryStats};

    #[test]
    fn history_goes_back_and_returns_to_what_was_typed() {
        let mut sql = Sql::default();
        for text in ["one", "two", "one"] {
            sql.sheet_mut().editor = Editor::of(text);
            assert_eq!(sql.start(0), Some((0, text.to_owned())));
        }
        sql.sheet_mut().editor = Editor::of("draft");
        let mut recall = |by| {
            sql.recall(by);
            sql.sheet().editor.text()
        };
        assert_eq!([recall(-1), recall(-1), recall(-1)], ["one", "two", "two"]);
        assert_eq!([recall(1), recall(1), recall(1)], ["one", "draft", "draft"]);
    }

    #[test]
    fn an_answer_finds_the_sheet_that_asked() {
        let begun = || QueryFrame::Columns { columns: vec![], notes: vec![] };
        let mut sql = Sql::default();
        let (first, statement) = sql.start(0).unwrap();
        assert!(sql.open());
        sql.sheet_mut().editor = Editor::of("SELECT 1");
        let (second, _) = sql.start(0).unwrap();
        sql.answered(first, begun());
        assert!(sql.sheet().result.is_none() && sql.sheet().running_since.is_some());
        sql.turn(1);
        assert_eq!((sql.position(), &sql.sheet().result.as_ref().unwrap().sql), ((1, 2), &statement));
        sql.turn(-1);
        assert_eq!(sql.close(), second);
        sql.answered(second, begun());
        assert_eq!(sql.position(), (1, 1));
        sql.close();
        assert_eq!((sql.position(), sql.sheet().editor.is_empty()), ((1, 1), true));
        assert!((1..SHEETS_MAX).all(|_| sql.open()) && !sql.open());
    }

    #[test]
    fn rows_are_there_while_others_are_looked_for() {
        let mut sql = Sql::default();
        let (number, _) = sql.start(0).unwrap();
        let rows = |values: &[u64]| QueryFrame::Rows { rows: values.iter().map(|value| vec![json!(value)]).collect() };
        let told = |sql: &Sql| {
            let result = sql.sheet().result.as_ref().unwrap();
            (result.answer.rows.len(), result.is_over, sql.sheet().running_since.is_some())
        };
        sql.answered(number, rows(&[0]));
        assert_eq!(sql.sheet().result, None, "rows without columns are none of ours");
        sql.answered(number, QueryFrame::Columns { columns: vec![], notes: vec![] });
        sql.answered(number, rows(&[1, 2]));
        assert_eq!(told(&sql), (2, false, true));
        sql.answered(number, rows(&[3]));
        sql.answered(number, QueryFrame::End { truncated: true, stats: QueryStats::default() });
        assert_eq!(told(&sql), (3, true, false));
    }

    #[test]
    fn a_mistake_has_the_cursor_on_it() {
        let failure = |place| Failure { message: String::new(), hint: None, is_transient: false, place: Some(place) };
        let cursor = |text: &str, place| {
            let mut sql = Sql::default();
            sql.sheet_mut().editor = Editor::of(text);
            let (number, _) = sql.start(0).unwrap();
            sql.failed(number, failure(place));
            sql.sheet().editor.cursor()
        };
        assert_eq!(cursor("SELECT type,\n  nme FROM events;", (2, 3)), (1, 2));
        assert_eq!(cursor("\n  SELECT nme", (1, 8)), (1, 9));
        // Another statement is written meanwhile.
        let mut sql = Sql::default();
        let (number, _) = sql.start(0).unwrap();
        sql.sheet_mut().editor.insert(" LIMIT 3");
        let before = sql.sheet().editor.cursor();
        sql.failed(number, failure((1, 1)));
        assert_eq!(sql.sheet().editor.cursor(), before);
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
