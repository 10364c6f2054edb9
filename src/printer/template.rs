//! Prints rows through a `--template`.

use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Map, Value};

use super::{CommandError, Place};

const NAME: &str = "<template>";

/// A template for rows.
#[derive(Debug)]
pub(super) struct Template<'source> {
    environment: Environment<'source>,
    source: &'source str,
}

impl<'source> Template<'source> {
    pub(super) fn parse(source: &'source str) -> Result<Self, CommandError> {
        let mut environment = Environment::new();
        // A misspelt field is an error, not an empty word.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template(NAME, source).map_err(|error| wrong(source, &error))?;
        Ok(Self { environment, source })
    }

    /// Returns the text for one row, ended by a line break.
    pub(super) fn render(&self, object: &Map<String, Value>) -> Result<String, CommandError> {
        let rendered =
            self.environment.get_template(NAME).and_then(|template| template.render(converted_object(object)));
        let text = rendered.map_err(|error| {
            let known: Vec<&str> = object.keys().map(String::as_str).collect();
            wrong(self.source, &error).with_hint(format!("the fields are: {}", known.join(", ")))
        })?;
        Ok(text + "\n")
    }

    pub(super) fn render_all(&self, objects: impl Iterator<Item = Map<String, Value>>) -> Result<String, CommandError> {
        objects.map(|object| self.render(&object)).collect()
    }
}

fn converted(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(on) => minijinja::Value::from(*on),
        Value::String(text) => minijinja::Value::from(text.as_str()),
        Value::Array(items) => items.iter().map(converted).collect(),
        Value::Object(object) => converted_object(object),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => minijinja::Value::from(whole),
            (None, Some(whole)) => minijinja::Value::from(whole),
            (None, None) => minijinja::Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

fn converted_object(object: &Map<String, Value>) -> minijinja::Value {
    minijinja::Value::from_pairs(object.iter().map(|(name, value)| (name.as_str(), converted(value))))
}

fn wrong(source: &str, error: &minijinja::Error) -> CommandError {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let failure = CommandError::usage(format!("the template cannot be used: {what}"));
    let Some(range) = error.range() else { return failure };
    let before = source.get(..range.start).unwrap_or_default();
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    let length = source.get(range).map_or(1, |part| part.chars().count());
    failure.at(Place::in_text(NAME, source, line, column).covering(length))
}
