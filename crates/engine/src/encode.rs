//! Turns Arrow rows into the forms that people and programs read: JSON, NDJSON, CSV, Arrow IPC, Parquet.
//!
//! Times are RFC 3339 in UTC, JSON columns are JSON values where the form has such, integers keep all their digits, and
//! a number that JSON can not say (NaN, infinity) is null.

mod binary;
mod csv;
mod event;
mod rows;
mod value;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};

pub use binary::{EncodeError, ipc_stream, parquet};
pub use csv::{Header, csv};
pub use event::event_json;
pub use rows::{RowForm, RowWriter};

use value::{write_json_text, write_string};

/// Field metadata that marks a text column as JSON: key and value.
pub const JSON_MARK: (&str, &str) = ("streamflow.type", "json");

/// Returns whether the field holds JSON text.
#[must_use]
pub fn is_json(field: &Field) -> bool {
    field.metadata().get(JSON_MARK.0).is_some_and(|kind| kind == JSON_MARK.1)
}

/// Returns the name of a column's type as answers and `GET /query/schema` show it.
#[must_use]
pub fn type_name(field: &Field) -> String {
    if is_json(field) {
        return "json".to_owned();
    }
    match field.data_type() {
        DataType::Null => "null".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        kind if kind.is_integer() => "integer".to_owned(),
        kind if kind.is_floating() => "float".to_owned(),
        kind if kind.is_string() => "text".to_owned(),
        kind if kind.is_decimal() => "decimal".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Duration(_) | DataType::Interval(_) => "interval".to_owned(),
        kind if kind.is_binary() => "binary".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list<{}>", type_name(item))
        }
        DataType::Struct(_) => "struct".to_owned(),
        DataType::Map(..) => "map".to_owned(),
        DataType::Dictionary(_, values) => type_name(&Field::new("", values.as_ref().clone(), true)),
        _ => "other".to_owned(),
    }
}

/// Appends `[{"name":…,"type":…},…]`.
pub fn columns_json(schema: &Schema, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, field) in schema.fields().iter().enumerate() {
        separate(index, out);
        out.extend_from_slice(b"{\"name\":");
        write_string(field.name(), out);
        out.extend_from_slice(b",\"type\":");
        write_string(&type_name(field), out);
        out.push(b'}');
    }
    out.push(b']');
}

/// Appends the rows as an array of arrays: `[[…],[…]]`.
pub fn rows_json(batches: &[RecordBatch], out: &mut Vec<u8>) {
    out.push(b'[');
    let mut rows = 0;
    for batch in batches {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            separate(rows, out);
            rows += 1;
            out.push(b'[');
            for (index, (array, field)) in batch.columns().iter().zip(schema.fields()).enumerate() {
                separate(index, out);
                write_json_text(array, row, field, out);
            }
            out.push(b']');
        }
    }
    out.push(b']');
}

/// Appends one JSON object a row, each on a line of its own. Nulls are kept, so that every line has every key.
pub fn ndjson(batches: &[RecordBatch], out: &mut Vec<u8>) {
    for batch in batches {
        let schema = batch.schema();
        let keys: Vec<Vec<u8>> = schema.fields().iter().map(|field| key(field.name())).collect();
        for row in 0..batch.num_rows() {
            out.push(b'{');
            for (index, (array, field)) in batch.columns().iter().zip(schema.fields()).enumerate() {
                separate(index, out);
                out.extend_from_slice(&keys[index]);
                write_json_text(array, row, field, out);
            }
            out.extend_from_slice(b"}\n");
        }
    }
}

/// Returns `"name":`.
fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 3);
    write_string(name, &mut key);
    key.push(b':');
    key
}

/// Appends the comma that stands before every item but the first.
fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests;
