//! Takes the conditions of a statement apart, so that each can be looked at on its own. Understands plain statements over
//! `events` only, and says so of others by returning nothing.

use crate::tui::lexer::{self, Kind};

/// Conditions that are looked at: more were not written by hand.
const CONDITIONS_MAX: usize = 12;

/// A condition of the form that people misspell values in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Equality {
    /// Column or path as SQL, such as `data."page"`.
    pub(super) sql: String,
    /// The same as people write it: `data.page`.
    pub(super) name: String,
    /// The text, or the name of a parameter that holds it.
    pub(super) value: Operand,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Text(String),
    Parameter(String),
}

/// Whether a condition asks for later or for earlier times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    From,
    To,
}

/// Returns the conditions that all have to hold in `SELECT … FROM events WHERE …`.
pub(super) fn of_statement(sql: &str) -> Option<Vec<String>> {
    let words = words(sql)?;
    let is = |index: usize, word: &str| words.get(index).is_some_and(|found: &Word<'_>| found.is(word));
    let top = |word: &str| words.iter().filter(|found| found.depth == 0 && found.is(word)).count();
    let one_table = is(0, "select") && top("from") == 1 && ["join", "union", "intersect", "except"].map(top) == [0; 4];
    let from = words.iter().position(|word| word.depth == 0 && word.is("from")).filter(|_| one_table)?;
    if !(is(from + 1, "events") && is(from + 2, "where")) {
        return None;
    }
    let start = from + 3;
    let ends = |word: &Word<'_>| word.depth == 0 && ENDS.iter().any(|end| word.is(end));
    let end = words[start..].iter().position(ends).map_or(words.len(), |length| start + length);
    split(sql, &words[start..end])
}

/// Returns the conditions that all have to hold in a condition.
pub(super) fn of_condition(sql: &str) -> Option<Vec<String>> {
    split(sql, &words(sql)?)
}

/// Words that end the conditions of a statement.
const ENDS: [&str; 8] = ["group", "order", "limit", "having", "offset", "window", "qualify", ";"];

/// Splits at every AND that stands outside of brackets and of BETWEEN. Where something else may hold instead, all is one.
fn split(sql: &str, words: &[Word<'_>]) -> Option<Vec<String>> {
    let has = |word: &str| words.iter().any(|found| found.depth == 0 && found.is(word));
    let cut = |words: &[Word<'_>]| Some(sql.get(words.first()?.start..words.last()?.end())?.to_owned());
    if has("or") || has("case") {
        return Some(vec![cut(words)?]);
    }
    let (mut conditions, mut begins, mut between) = (Vec::new(), 0, false);
    for (index, word) in words.iter().enumerate().filter(|(_, word)| word.depth == 0) {
        if word.is("between") {
            between = true;
        } else if word.is("and") && !std::mem::take(&mut between) {
            conditions.push(cut(&words[begins..index])?);
            begins = index + 1;
        }
    }
    conditions.push(cut(&words[begins..])?);
    (conditions.len() <= CONDITIONS_MAX).then_some(conditions)
}

/// Returns the column and the text of a condition `column = 'text'`.
pub(super) fn equality(condition: &str) -> Option<Equality> {
    let words = words(condition)?;
    let equals = words.iter().position(|word| word.is("="))?;
    let (left, [right]) = (words.get(..equals)?, words.get(equals + 1..)?) else { return None };
    let name = column(left)?;
    let sql = condition.get(..words.get(equals)?.start)?.trim().to_owned();
    let value = match right.text.strip_prefix('$') {
        Some(parameter) => Operand::Parameter(parameter.to_owned()),
        None => Operand::Text(right.text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'")),
    };
    Some(Equality { sql, name, value })
}

/// Returns which side of a time is asked for, when the condition is about the time of events.
pub(super) fn time_bound(condition: &str) -> Option<Bound> {
    let words = words(condition)?;
    let at = words.iter().position(|word| ["<", ">", "<=", ">="].iter().any(|sign| word.is(sign)))?;
    let name = column(words.get(..at)?)?;
    (name == "timestamp").then(|| if words[at].text.starts_with('>') { Bound::From } else { Bound::To })
}

/// Returns the text between quotes behind a comparison, if it is all there is.
pub(super) fn compared_text(condition: &str) -> Option<String> {
    let words = words(condition)?;
    let text = words.last()?.text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(text.replace("''", "'"))
}

/// Returns the name that these words are: `source`, `data.page`, `data."page"`.
fn column(words: &[Word<'_>]) -> Option<String> {
    let text: String = words.iter().map(|word| word.text.trim_matches('"')).collect();
    let is_name = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    (!text.is_empty() && text.chars().all(is_name) && words.iter().all(|word| word.depth == 0)).then_some(text)
}

/// One word, text, number or sign of a statement.
#[derive(Debug, Clone, Copy)]
struct Word<'sql> {
    text: &'sql str,
    start: usize,
    /// Brackets that are open around it.
    depth: usize,
}

impl Word<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Takes a statement apart; nothing when a quote stays open, or a comment hides what follows.
fn words(sql: &str) -> Option<Vec<Word<'_>>> {
    let (mut words, mut depth): (Vec<Word<'_>>, usize) = (Vec::new(), 0);
    for piece in lexer::pieces(sql) {
        if piece.kind == Kind::Comment || !piece.closed {
            return None;
        }
        let text = &sql[piece.start..piece.end];
        match (text, words.last_mut()) {
            (_, _) if piece.kind == Kind::Space => {}
            // A comparison of two signs is one word.
            ("=" | ">", Some(last)) if last.end() == piece.start && matches!(last.text, "<" | ">" | "!" | "=") => {
                last.text = &sql[last.start..piece.end];
            }
            _ => {
                if text == ")" {
                    depth = depth.checked_sub(1)?;
                }
                words.push(Word { text, start: piece.start, depth: depth + usize::from(text == ")") });
                depth += usize::from(text == "(");
            }
        }
    }
    (depth == 0).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, expected: Option<&[&str]>) {
        let expected = expected.map(|all| all.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(of_statement(sql), expected, "{sql}");
    }

    #[test]
    fn conditions_of_a_plain_statement_are_taken_apart() {
        check("SELECT * FROM events WHERE a = 'x and y' AND b>1 LIMIT 5", Some(&["a = 'x and y'", "b>1"]));
        check("select count(*) from events where type='a'", Some(&["type='a'"]));
        check(
            "SELECT 1 FROM events WHERE t BETWEEN 1 AND 2 AND (a = 1 AND b = 2) AND c IN (SELECT x FROM events WHERE d = 1)",
            Some(&["t BETWEEN 1 AND 2", "(a = 1 AND b = 2)", "c IN (SELECT x FROM events WHERE d = 1)"]),
        );
        check("SELECT 1 FROM events WHERE a = 1 OR b = 2 AND c = 3", Some(&["a = 1 OR b = 2 AND c = 3"]));
        check("SELECT x FROM events WHERE a = 'it''s' GROUP BY 1 ORDER BY 1", Some(&["a = 'it''s'"]));
    }

    #[test]
    fn what_is_not_plain_is_left_alone() {
        for sql in [
            "SELECT * FROM events",
            "SELECT * FROM events e WHERE e.a = 1",
            "SELECT * FROM events WHERE a = 1 UNION SELECT * FROM events WHERE b = 1",
            "WITH x AS (SELECT 1) SELECT * FROM x WHERE a = 1",
            "SELECT * FROM rejected_events WHERE a = 1",
            "SELECT * FROM events WHERE a = 'open",
            "SELECT * FROM events WHERE a = 1 -- AND b = 2",
            "SELECT * FROM events WHERE a = (1",
        ] {
            check(sql, None);
        }
    }

    #[test]
    fn a_value_that_may_be_misspelt_is_found() {
        let found = |condition: &str| equality(condition).map(|it| (it.sql, it.name, it.value));
        let text = |text: &str| Operand::Text(text.to_owned());
        let expect = |sql: &str, name: &str, value| Some((sql.to_owned(), name.to_owned(), value));
        assert_eq!(found("data.page='/crt'"), expect("data.page", "data.page", text("/crt")));
        assert_eq!(found(r#"data."page" = 'it''s'"#), expect(r#"data."page""#, "data.page", text("it's")));
        assert_eq!(found("user_id = $u"), expect("user_id", "user_id", Operand::Parameter("u".to_owned())));
        for other in ["a >= 'x'", "a = 5", "lower(a) = 'x'", "a = 'x' || 'y'", "a != 'x'", "'x' = a"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn a_bound_of_time_is_told_by_its_side() {
        assert_eq!(time_bound("timestamp >= now() - INTERVAL '1 hour'"), Some(Bound::From));
        assert_eq!(time_bound("\"timestamp\"<'2020-01-01'"), Some(Bound::To));
        assert_eq!(time_bound("ingested_at > '2020-01-01'"), None);
        assert_eq!(compared_text("timestamp > TIMESTAMP '2020-01-01'").as_deref(), Some("2020-01-01"));
        assert_eq!(compared_text("timestamp > now()"), None);
    }
}
