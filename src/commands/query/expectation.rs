//! Reads and checks what `--expect` demands of a result: `rows>0`, `value<5`, `value=ok`.

use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::Value;

/// A condition on a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expectation {
    subject: Subject,
    operator: Operator,
    expected: Expected,
    /// As it was written.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The number of rows.
    Rows,
    /// The first column of the first row.
    Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Debug, Clone, PartialEq)]
enum Expected {
    Number(f64),
    Text(String),
}

/// Longest first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 8] = [
    ("!=", Operator::NotEqual),
    ("<>", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// A text that is no expectation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no expectation: write rows or value, a comparison and a number, such as 'rows>0' or 'value<=5'")]
pub(super) struct NoExpectation(String);

impl FromStr for Expectation {
    type Err = NoExpectation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoExpectation(text.to_owned());
        let at = text.find(['!', '<', '>', '=']).ok_or_else(wrong)?;
        let (subject, rest) = text.split_at(at);
        let (sign, operator) = OPERATORS.into_iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
        let right = rest[sign.len()..].trim();
        let subject = match subject.trim() {
            "rows" => Subject::Rows,
            "value" => Subject::Value,
            _ => return Err(wrong()),
        };
        let expected = match right.parse::<f64>() {
            Ok(number) => Expected::Number(number),
            Err(_) if subject == Subject::Rows || right.is_empty() => return Err(wrong()),
            Err(_) => Expected::Text(unquoted(right).to_owned()),
        };
        Ok(Self { subject, operator, expected, text: text.to_owned() })
    }
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}

impl Expectation {
    /// Returns the condition as it was written.
    pub(super) fn written(&self) -> &str {
        &self.text
    }

    /// Says what is wrong with a result of so many rows whose first value is `first`, if anything is.
    pub(super) fn failure(&self, rows: usize, first: Option<&Value>) -> Option<String> {
        let (found, holds) = match self.subject {
            Subject::Rows => (format!("there are {rows} rows"), self.holds(&Value::from(rows))),
            Subject::Value => match first {
                None => ("there is no row".to_owned(), false),
                Some(value) => (format!("the value is {value}"), self.holds(value)),
            },
        };
        (!holds).then(|| format!("expected {}, but {found}", self.text))
    }

    // A null compares with nothing, as in SQL.
    fn holds(&self, found: &Value) -> bool {
        let order = match (&self.expected, found) {
            (_, Value::Null) => None,
            (Expected::Number(expected), _) => number(found).and_then(|found| found.partial_cmp(expected)),
            (Expected::Text(expected), Value::String(found)) => Some(found.as_str().cmp(expected)),
            (Expected::Text(expected), other) => Some(other.to_string().cmp(expected)),
        };
        let Some(order) = order else { return false };
        match self.operator {
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Less => order == Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::Greater => order == Ordering::Greater,
            Operator::AtLeast => order != Ordering::Less,
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, rows: usize, first: Option<Value>, expected: Option<&str>) {
        let found = text.parse::<Expectation>().unwrap().failure(rows, first.as_ref());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn rows_are_counted() {
        check("rows>0", 1, None, None);
        check("rows = 0", 0, None, None);
        check("rows=0", 3, Some(json!(1)), Some("expected rows=0, but there are 3 rows"));
        check("rows>=3", 3, None, None);
        check("rows!=3", 3, None, Some("expected rows!=3, but there are 3 rows"));
    }

    #[test]
    fn the_first_value_is_compared() {
        check("value<5", 1, Some(json!(4.5)), None);
        check("value<=5", 1, Some(json!(5)), None);
        check("value<5", 1, Some(json!(5)), Some("expected value<5, but the value is 5"));
        check("value==ok", 1, Some(json!("ok")), None);
        check("value='not ok'", 1, Some(json!("not ok")), None);
        check("value<>ok", 1, Some(json!("ok")), Some("expected value<>ok, but the value is \"ok\""));
        check("value=5", 1, Some(json!("5")), None);
        check("value=true", 1, Some(json!(true)), None);
    }

    #[test]
    fn what_is_not_there_fails_every_comparison() {
        check("value=5", 0, None, Some("expected value=5, but there is no row"));
        check("value!=5", 1, Some(json!(null)), Some("expected value!=5, but the value is null"));
        check("value>5", 1, Some(json!("x")), Some("expected value>5, but the value is \"x\""));
    }

    #[test]
    fn other_texts_are_no_expectations() {
        for text in ["", "rows", "rows>", "rows>many", "lines>1", "value!5", "value=", ">5"] {
            assert_eq!(text.parse::<Expectation>(), Err(NoExpectation(text.to_owned())));
        }
    }
}
