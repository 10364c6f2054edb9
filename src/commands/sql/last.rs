//! Lets a statement name the last result as `_`. A small one goes along as it is; a large one is asked for again.

use std::fmt::Write as _;

use serde_json::Value;

use super::lexer::{self, Kind};
use crate::api::query::QueryAnswer;

/// Rows, and bytes of SQL, up to which a result goes along with the statement.
const ROWS_MAX: usize = 1_000;
const BYTES_MAX: usize = 256 << 10;
const NAME: &str = "_";

/// The last result and where it came from.
#[derive(Debug)]
pub(super) struct Last {
    /// The statement as it was sent, so that it can stand inside another one.
    pub(super) sent: String,
    /// The statement as it was typed.
    pub(super) typed: String,
    pub(super) answer: QueryAnswer,
}

/// A statement on its way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) sql: String,
    /// The line, from 1, behind which lines were put in, and how many.
    after_line: u64,
    added_lines: u64,
    /// Whether the last result is computed anew.
    pub(super) asks_again: bool,
}

impl Expanded {
    /// Returns the line of the typed statement for a line of the sent one.
    pub(super) fn typed_line(&self, line: u64) -> u64 {
        if line > self.after_line { line.saturating_sub(self.added_lines).max(self.after_line) } else { line }
    }
}

/// Tells whether the statement names the last result.
pub(super) fn is_named(sql: &str) -> bool {
    lexer::pieces(sql).iter().any(|piece| piece.kind == Kind::Word && &sql[piece.start..piece.end] == NAME)
}

/// Returns the statement with what `_` stands for.
pub(super) fn expand(sql: &str, last: &Last) -> Expanded {
    let inlined = inlined(last);
    let asks_again = inlined.is_none();
    let result = inlined.unwrap_or_else(|| format!("{}\n", last.sent));
    let pieces = lexer::pieces(sql);
    let mut words = pieces.iter().filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment)).copied();
    let text = |piece: lexer::Piece| &sql[piece.start..piece.end];
    let first = words.next();
    let start = first.map_or(0, |piece| piece.start);
    // Where the rest goes on, and what joins it to the new part.
    let (rest, with, comma) = match first.filter(|piece| text(*piece).eq_ignore_ascii_case("with")) {
        Some(piece) => match words.next().filter(|piece| text(*piece).eq_ignore_ascii_case("recursive")) {
            Some(recursive) => (recursive.end, "WITH RECURSIVE", ","),
            None => (piece.end, "WITH", ","),
        },
        None => (start, "WITH", ""),
    };
    let added = format!("{with} {NAME} AS ({result}){comma}\n");
    let line_start = sql[..rest].rfind('\n').map_or(0, |at| at + 1);
    // So that columns of errors stay those that were typed.
    let indent = " ".repeat(sql[line_start..rest].chars().count());
    let after_line = sql[..rest].matches('\n').count() as u64 + 1;
    let dropped_lines = sql[start..rest].matches('\n').count() as u64;
    Expanded {
        added_lines: added.matches('\n').count() as u64 - dropped_lines.min(added.matches('\n').count() as u64),
        sql: format!("{}{added}{indent}{}", &sql[..start], &sql[rest..]),
        after_line,
        asks_again,
    }
}

/// Returns the rows as SQL; none when there are too many.
fn inlined(last: &Last) -> Option<String> {
    let QueryAnswer { columns, rows, truncated, .. } = &last.answer;
    if *truncated || rows.len() > ROWS_MAX || columns.is_empty() {
        return None;
    }
    let mut sql = "SELECT ".to_owned();
    for (index, column) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let source = if rows.is_empty() { "NULL".to_owned() } else { format!("column{}", index + 1) };
        let name = column.name.replace('"', "\"\"");
        // Writing to a string cannot fail.
        write!(sql, "{comma}CAST({source} AS {}) AS \"{name}\"", sql_type(&column.kind)).unwrap_or_default();
    }
    if rows.is_empty() {
        return Some(sql + " WHERE false");
    }
    sql += " FROM (VALUES ";
    for (index, row) in rows.iter().enumerate() {
        let values: Vec<String> = row.iter().map(literal).collect();
        let comma = if index == 0 { "" } else { ", " };
        write!(sql, "{comma}({})", values.join(", ")).unwrap_or_default();
        if sql.len() > BYTES_MAX {
            return None;
        }
    }
    Some(sql + ")")
}

fn sql_type(kind: &str) -> &'static str {
    match kind {
        "integer" => "BIGINT",
        "float" | "decimal" => "DOUBLE",
        "boolean" => "BOOLEAN",
        "timestamp" => "TIMESTAMP",
        _ => "VARCHAR",
    }
}

fn literal(value: &Value) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::query::{ColumnInfo, QueryStats};

    fn last(rows: Vec<Vec<Value>>) -> Last {
        let column = |name: &str, kind: &str| ColumnInfo { name: name.to_owned(), kind: kind.to_owned() };
        Last {
            sent: "SELECT a, n FROM events".to_owned(),
            typed: "SELECT a, n FROM events".to_owned(),
            answer: QueryAnswer {
                columns: vec![column("a", "text"), column("n", "integer")],
                rows,
                truncated: false,
                notes: Vec::new(),
                stats: QueryStats::default(),
            },
        }
    }

    #[test]
    fn small_result_goes_along_and_a_large_one_is_asked_again() {
        let small = expand("SELECT * FROM _", &last(vec![vec![json!("it's"), json!(7)], vec![json!(null), json!(1)]]));
        assert_eq!(
            small.sql,
            "WITH _ AS (SELECT CAST(column1 AS VARCHAR) AS \"a\", CAST(column2 AS BIGINT) AS \"n\" \
             FROM (VALUES ('it''s', 7), (NULL, 1)))\nSELECT * FROM _"
        );
        assert!(!small.asks_again);
        let large = expand("SELECT * FROM _", &last(vec![vec![json!("x"), json!(1)]; ROWS_MAX + 1]));
        assert_eq!(large.sql, "WITH _ AS (SELECT a, n FROM events\n)\nSELECT * FROM _");
        assert!(large.asks_again);
        assert!(expand("SELECT 1", &last(Vec::new())).sql.contains("WHERE false"));
    }

    #[test]
    fn statement_with_names_of_its_own_keeps_them() {
        let expanded = expand("WITH b AS (SELECT 1)\nSELECT * FROM _, b", &last(vec![vec![json!("x"), json!(1)]]));
        assert!(expanded.sql.ends_with("),\n     b AS (SELECT 1)\nSELECT * FROM _, b"), "{}", expanded.sql);
        assert_eq!((expanded.typed_line(2), expanded.typed_line(3)), (1, 2));
    }

    #[test]
    fn name_inside_texts_and_longer_names_is_not_meant() {
        assert!(is_named("SELECT * FROM _"));
        for sql in ["SELECT '_'", "SELECT a_b", "SELECT \"_\"", "-- _"] {
            assert!(!is_named(sql), "{sql}");
        }
    }

    #[test]
    fn lines_of_errors_are_those_that_were_typed() {
        let text = Value::from("two\nlines");
        let expanded = expand("-- first\nSELECT *\nFROM _", &last(vec![vec![text, json!(1)]]));
        let line = |words: &str| expanded.sql.lines().position(|line| line.contains(words)).unwrap() as u64 + 1;
        assert_eq!(expanded.typed_line(line("FROM _")), 3);
        assert_eq!(expanded.typed_line(line("SELECT *")), 2);
        assert_eq!(expanded.typed_line(1), 1);
    }
}
