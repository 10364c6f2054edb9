//! Finds one value inside JSON text, without building the values around it. Text that is not JSON has no values.

use std::borrow::Cow;
use std::sync::Arc;

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Into an object, by key.
    Key(Arc<str>),
    /// Into an array, by position from 0.
    Index(usize),
}

/// A number as JSON text spells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

/// Returns the text of the value at the path. JSON null counts as no value.
pub(super) fn find<'a>(json: &'a str, path: &[Step]) -> Option<&'a str> {
    let mut at = Cursor { text: json, position: 0 };
    at.skip_space();
    for step in path {
        match step {
            Step::Key(key) => at.enter_key(key)?,
            Step::Index(index) => at.enter_index(*index)?,
        }
    }
    let start = at.position;
    at.skip_value()?;
    let value = &json[start..at.position];
    (value != "null").then_some(value)
}

/// Returns a value as plain text: strings without quotes and escapes, everything else as it is spelled.
pub(super) fn plain(value: &str) -> Option<Cow<'_, str>> {
    match value.as_bytes().first()? {
        b'"' => unquote(value),
        // The one integer with two spellings.
        b'-' if value == "-0" => Some(Cow::Borrowed("0")),
        _ => Some(Cow::Borrowed(value)),
    }
}

/// Returns a value that is a number: an integer when it is spelled as one and fits 64 bits.
pub(super) fn number(value: &str) -> Option<Number> {
    if !matches!(value.as_bytes().first()?, b'-' | b'0'..=b'9') {
        return None;
    }
    let is_integer = !value.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    match value.parse() {
        Ok(int) if is_integer => Some(Number::Int(int)),
        _ => value.parse::<f64>().ok().filter(|float| float.is_finite()).map(Number::Float),
    }
}

/// Returns a quoted string's text.
fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
}

/// A place in JSON text.
struct Cursor<'a> {
    text: &'a str,
    position: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.position += 1;
        }
    }

    /// Steps over one byte and the space behind it.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.position += 1)?;
        self.skip_space();
        Some(())
    }

    /// Moves from an object to its value at `key`.
    fn enter_key(&mut self, key: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            let start = self.position;
            self.skip_string()?;
            let name = &self.text[start..self.position];
            self.skip_space();
            self.take(b':')?;
            if unquote(name)? == key {
                return Some(());
            }
            self.skip_value()?;
            self.skip_space();
            self.take(b',')?;
        }
    }

    /// Moves from an array to its item at `index`.
    fn enter_index(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.skip_value()?;
            self.skip_space();
            self.take(b',')?;
        }
        (self.peek()? != b']').then_some(())
    }

    /// Moves behind the value that starts here.
    fn skip_value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_container(),
            b'-' | b'0'..=b'9' => self.skip_word(),
            b't' | b'f' | b'n' => {
                let start = self.position;
                self.skip_word()?;
                matches!(&self.text[start..self.position], "true" | "false" | "null").then_some(())
            }
            _ => None,
        }
    }

    fn skip_word(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.position..];
        let is_end = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'+' | b'-' | b'.' | b'E');
        self.position += rest.iter().position(is_end).unwrap_or(rest.len());
        Some(())
    }

    fn skip_string(&mut self) -> Option<()> {
        (self.peek()? == b'"').then(|| self.position += 1)?;
        loop {
            let rest = &self.text.as_bytes()[self.position..];
            let stop = memchr::memchr2(b'"', b'\\', rest)?;
            let is_quote = rest[stop] == b'"';
            self.position += stop + if is_quote { 1 } else { 2 };
            if is_quote {
                return Some(());
            }
            if self.position > self.text.len() {
                return None;
            }
        }
    }

    fn skip_container(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.position += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[track_caller]
    fn check(json: &str, path: &[Step], expected: Option<&str>) {
        assert_eq!(find(json, path), expected, "{json}");
    }

    #[test]
    fn finds_values_at_any_depth_and_nothing_where_there_is_none() {
        check(r#"{"a":1}"#, &[key("a")], Some("1"));
        check(r#" { "b" : [1, {"x":"]}"}] , "a" : { "c" : "d" } } "#, &[key("a"), key("c")], Some("\"d\""));
        check(r#"{"a":[10,20,30]}"#, &[key("a"), Step::Index(1)], Some("20"));
        check(r#"{"a":[10]}"#, &[key("a"), Step::Index(1)], None);
        check(r#"{"a":[]}"#, &[key("a"), Step::Index(0)], None);
        check(r#"{"a":null}"#, &[key("a")], None);
        check(r#"{"a":1}"#, &[key("b")], None);
        check(r#"{"a":1}"#, &[key("a"), key("b")], None);
        check(r#"{"a\u0062":1}"#, &[key("ab")], Some("1"));
        check(r#"{"a.b":1}"#, &[key("a.b")], Some("1"));
        check(r#"{"a":"\\\""}"#, &[key("a")], Some(r#""\\\"""#));
        for broken in ["", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":x}", "[1]", "{\"a\":\"\\", "{\"a\":{"] {
            check(broken, &[key("a")], None);
        }
    }

    #[test]
    fn numbers_are_integers_only_when_spelled_so() {
        for (text, expected) in [
            ("1", Some(Number::Int(1))),
            ("1.0", Some(Number::Float(1.0))),
            ("-0", Some(Number::Int(0))),
            ("1e2", Some(Number::Float(100.0))),
            ("9223372036854775808", Some(Number::Float(9_223_372_036_854_775_808.0))),
            ("1e999", None),
            ("\"1\"", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_full_parser(keys in proptest::collection::vec("[a-c\"\\\\é]{0,3}", 1..5), text in ".{0,12}", pick in 0..5_usize) {
            let object: serde_json::Map<String, serde_json::Value> =
                keys.iter().map(|key| (key.clone(), serde_json::json!({ "v": [text, { "w": 1.5 }] }))).collect();
            let json = serde_json::to_string(&object).unwrap();
            let name = keys[pick % keys.len()].as_str();
            let found = find(&json, &[key(name), key("v"), Step::Index(0)]).and_then(plain);
            prop_assert_eq!(found.as_deref(), Some(text.as_str()));
        }

        #[test]
        fn survives_any_text(json in "[\\[\\]{}\",:\\\\a0-9tnul. ]{0,24}") {
            let _found = find(&json, &[key("a"), Step::Index(0)]).and_then(plain);
        }
    }
}
