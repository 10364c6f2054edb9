//! Writes rows as CSV (RFC 4180): lines end in LF, a null is an empty field, an empty text is `""`. So is a null that is
//! the whole row, for readers pass over empty lines.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;

use super::separate;
use super::value::write_plain;

/// Whether the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    Names,
    None,
}

/// Appends the rows as CSV, quoting only the fields that need it.
pub fn csv(schema: &Schema, batches: &[RecordBatch], header: Header, out: &mut Vec<u8>) {
    if header == Header::Names {
        for (index, field) in schema.fields().iter().enumerate() {
            separate(index, out);
            write_field(field.name().as_bytes(), out);
        }
        out.push(b'\n');
    }
    let mut value = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            for (index, array) in batch.columns().iter().enumerate() {
                separate(index, out);
                if array.is_null(row) || array.data_type().is_null() {
                    if batch.num_columns() == 1 {
                        write_field(b"", out);
                    }
                    continue;
                }
                value.clear();
                write_plain(array.as_ref(), row, &mut value);
                write_field(&value, out);
            }
            out.push(b'\n');
        }
    }
}

fn write_field(value: &[u8], out: &mut Vec<u8>) {
    let is_plain = !value.is_empty() && memchr::memchr3(b',', b'"', b'\n', value).is_none() && !value.contains(&b'\r');
    if is_plain {
        return out.extend_from_slice(value);
    }
    out.push(b'"');
    for byte in value {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
