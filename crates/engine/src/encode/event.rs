//! Writes one event as the JSON object that live routes, `tail` and `events get` show.

use arrow::array::{Array, RecordBatch};

use super::value::{text, write_json};
use super::{key, separate};

/// Appends one event as a JSON object: nulls and empty collections left out, `data` and `metadata` as JSON, times as
/// RFC 3339.
///
/// The batch has columns of [`crate::tail::events_schema`], by name: `data` and `metadata` hold JSON that was checked
/// when the event came in, so it is embedded as it is.
pub fn event_json(batch: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    let schema = batch.schema_ref();
    let mut written = 0;
    for (array, field) in batch.columns().iter().zip(schema.fields()) {
        let start = out.len();
        separate(written, out);
        out.extend_from_slice(&key(field.name()));
        let value_start = out.len();
        match (field.name().as_str(), text(array.as_ref(), row)) {
            ("data" | "metadata", Some(json)) if !array.is_null(row) => out.extend_from_slice(json.as_bytes()),
            _ => write_json(array.as_ref(), row, out),
        }
        if matches!(&out[value_start..], b"null" | b"{}" | b"[]") {
            out.truncate(start);
        } else {
            written += 1;
        }
    }
    out.push(b'}');
}
