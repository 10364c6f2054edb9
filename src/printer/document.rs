//! JSON and YAML forms of rows and objects.

use serde_json::{Map, Value, json};

use super::{CommandError, Listing};

/// Returns the rows as one document that names its schema.
pub(super) fn of_listing(listing: &Listing) -> Value {
    let rows: Vec<Value> = listing.objects().map(Value::Object).collect();
    json!({ "schema": listing.name, "rows": rows, "truncated": listing.truncated })
}

/// Returns the object as a document that names its schema.
pub(super) fn tagged(name: &str, object: Map<String, Value>) -> Value {
    let schema = ("schema".to_owned(), Value::from(name));
    Value::Object(std::iter::once(schema).chain(object).collect())
}

pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

pub(super) fn ndjson(listing: &Listing) -> String {
    listing.objects().map(|object| format!("{}\n", Value::Object(object))).collect()
}

pub(super) fn yaml(value: &Value) -> Result<String, CommandError> {
    serde_saphyr::to_string(value).map_err(|error| CommandError::bug(format!("cannot write yaml: {error}")))
}
