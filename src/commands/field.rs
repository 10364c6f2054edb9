//! Reads arguments that describe a value: `k=v` and `k:=JSON`.

use serde_json::{Map, Value};

/// Why an argument is no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FieldError {
    #[error("{0:?} is not KEY=VALUE")]
    NoEquals(String),
    #[error("{0:?} has no key before the equals sign")]
    NoKey(String),
    #[error("the value of {key:?} is not JSON: {reason}")]
    NotJson { key: String, reason: String },
    #[error("{key:?} is inside of {outer:?}, which has a value of its own")]
    Inside { key: String, outer: String },
    #[error("{0:?} is given twice")]
    Twice(String),
}

/// Returns the object that the arguments describe. A dot in a key goes one level down: `cart.total=5`.
pub(super) fn object(arguments: &[String]) -> Result<Map<String, Value>, FieldError> {
    let mut object = Map::new();
    for argument in arguments {
        let (key, value) = split(argument)?;
        insert(&mut object, key, value)?;
    }
    Ok(object)
}

fn split(argument: &str) -> Result<(&str, Value), FieldError> {
    let (key, text) = argument.split_once('=').ok_or_else(|| FieldError::NoEquals(argument.to_owned()))?;
    let (key, value) = match key.strip_suffix(':') {
        None => (key, scalar(text)),
        Some(key) => {
            let not_json =
                |error: serde_json::Error| FieldError::NotJson { key: key.to_owned(), reason: error.to_string() };
            (key, serde_json::from_str(text).map_err(not_json)?)
        }
    };
    if key.split('.').any(str::is_empty) { Err(FieldError::NoKey(argument.to_owned())) } else { Ok((key, value)) }
}

/// Returns the number, boolean or null that `text` spells, and else `text` itself.
pub(super) fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => value,
        // `"5"` in quotes is how one sends the text 5.
        Ok(Value::String(quoted)) => Value::String(quoted),
        _ => Value::String(text.to_owned()),
    }
}

/// Puts a value at a dotted path.
pub(super) fn insert(object: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), FieldError> {
    let Some((outer, inner)) = path.split_once('.') else {
        if object.insert(path.to_owned(), value).is_some() {
            return Err(FieldError::Twice(path.to_owned()));
        }
        return Ok(());
    };
    match object.entry(outer).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(within) => insert(within, inner, value),
        _ => Err(FieldError::Inside { key: path.to_owned(), outer: outer.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<&str, &str>) {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let found =
            object(&arguments).map(|object| Value::Object(object).to_string()).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn scalars_are_read_and_anything_else_is_text() {
        check(
            &["page=/cart", "n=5", "f=-1.5e3", "yes=true", "no=null"],
            Ok(r#"{"page":"/cart","n":5,"f":-1500.0,"yes":true,"no":null}"#),
        );
        check(&["a=", "b=x=y", "c=[1]", "d={}"], Ok(r#"{"a":"","b":"x=y","c":"[1]","d":"{}"}"#));
        check(&["zip=01234", "quoted=\"5\""], Ok(r#"{"zip":"01234","quoted":"5"}"#));
    }

    #[test]
    fn colon_equals_takes_any_json() {
        check(&["list:=[1,{\"a\":2}]", "text:=\"5\""], Ok(r#"{"list":[1,{"a":2}],"text":"5"}"#));
        check(&["a:=nope"], Err(r#"the value of "a" is not JSON: expected ident at line 1 column 2"#));
    }

    #[test]
    fn a_dot_goes_one_level_down() {
        check(&["cart.total=5", "cart.items.n=2", "x=1"], Ok(r#"{"cart":{"total":5,"items":{"n":2}},"x":1}"#));
        check(&["a=1", "a.b=2"], Err(r#""a.b" is inside of "a", which has a value of its own"#));
        check(&["a=1", "a=2"], Err(r#""a" is given twice"#));
    }

    #[test]
    fn what_is_no_field_is_refused() {
        check(&["page"], Err(r#""page" is not KEY=VALUE"#));
        check(&["=5"], Err(r#""=5" has no key before the equals sign"#));
        check(&["a..b=5"], Err(r#""a..b=5" has no key before the equals sign"#));
    }
}
