//! Reads `--param` arguments: values for the statement's placeholders.

use serde_json::{Map, Value};

use crate::commands::field::scalar;
use crate::printer::CommandError;

/// Returns the values by name, or nothing when there are none.
pub(in crate::commands) fn object(arguments: &[String]) -> Result<Option<Value>, CommandError> {
    let mut values = Map::new();
    for argument in arguments {
        let (name, value) = split(argument)?;
        if values.insert(name.to_owned(), value).is_some() {
            return Err(CommandError::usage(format!("parameter {name:?} is given twice")));
        }
    }
    Ok((!values.is_empty()).then_some(Value::Object(values)))
}

fn split(argument: &str) -> Result<(&str, Value), CommandError> {
    let wrong = |reason: &str| {
        CommandError::usage(format!("{argument:?} is no parameter: {reason}"))
            .with_hint("write --param user=user_7 for $user in the statement")
    };
    let (name, text) = argument.split_once('=').ok_or_else(|| wrong("there is no ="))?;
    let (name, value) = match name.strip_suffix(':') {
        None => (name, scalar(text)),
        Some(name) => (name, serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?),
    };
    // `$user` is how it stands in the statement, so that it is often written here too.
    match name.trim_start_matches('$') {
        "" => Err(wrong("it has no name")),
        name => Ok((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<&str, &str>) {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let found =
            object(&arguments).map(|value| value.unwrap_or_default().to_string()).map_err(|error| error.message);
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn parameters_are_scalars_texts_or_json() {
        check(&[], Ok("null"));
        check(&["user=user_7", "$n=5", "list:=[1,2]"], Ok(r#"{"user":"user_7","n":5,"list":[1,2]}"#));
        check(&["user"], Err(r#""user" is no parameter: there is no ="#));
        check(&["=1"], Err(r#""=1" is no parameter: it has no name"#));
        check(&["a=1", "a=2"], Err(r#"parameter "a" is given twice"#));
    }
}
