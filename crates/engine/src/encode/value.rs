//! Writes one value of an Arrow column as JSON, or as the bare text that CSV holds.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Field, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;

use super::{is_json, separate};

/// Appends the value as JSON. Text of a column marked as JSON is embedded as the value that it is.
pub(super) fn write_json_text(array: &ArrayRef, row: usize, field: &Field, out: &mut Vec<u8>) {
    if array.is_null(row) || !is_json(field) {
        return write_json(array.as_ref(), row, out);
    }
    match text(array.as_ref(), row) {
        // The mark survives many expressions, some of which may mix in other text: look before embedding.
        Some(json) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => {
            out.extend_from_slice(json.as_bytes());
        }
        _ => write_json(array.as_ref(), row, out),
    }
}

/// Appends the value as JSON.
pub(super) fn write_json(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    if let Some(text) = text(array, row) {
        return write_string(text, out);
    }
    if let Some(time) = time(array, row) {
        return write_string(&time, out);
    }
    match array.data_type() {
        DataType::Null => out.extend_from_slice(b"null"),
        DataType::Boolean => out.extend_from_slice(if array.as_boolean().value(row) { b"true" } else { b"false" }),
        kind if kind.is_integer() => write_integer(array, row, out),
        DataType::Float16 => write_float(array.as_primitive::<Float16Type>().value(row).to_f64(), out),
        // A 32-bit number has its own shortest digits: 0.1 stays 0.1.
        DataType::Float32 => write_number(array.as_primitive::<Float32Type>().value(row), out),
        DataType::Float64 => write_float(array.as_primitive::<Float64Type>().value(row), out),
        kind if kind.is_decimal() => out.extend_from_slice(shown(array, row).as_bytes()),
        DataType::List(_) => write_list(&array.as_list::<i32>().value(row), out),
        DataType::LargeList(_) => write_list(&array.as_list::<i64>().value(row), out),
        DataType::FixedSizeList(..) => write_list(&array.as_fixed_size_list().value(row), out),
        DataType::Struct(_) => write_struct(array, row, out),
        DataType::Map(..) => write_map(array, row, out),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            write_json(dictionary.values().as_ref(), dictionary.normalized_keys()[row], out);
        }
        _ => write_string(&shown(array, row), out),
    }
}

/// Appends the value without quotes around text and times: what a CSV field holds before quoting.
pub(super) fn write_plain(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    if let Some(text) = text(array, row) {
        return out.extend_from_slice(text.as_bytes());
    }
    if let Some(time) = time(array, row) {
        return out.extend_from_slice(time.as_bytes());
    }
    match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            write_plain(dictionary.values().as_ref(), dictionary.normalized_keys()[row], out);
        }
        DataType::Boolean
        | DataType::Null
        | DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => write_json(array, row, out),
        kind if kind.is_integer() => write_integer(array, row, out),
        _ => out.extend_from_slice(shown(array, row).as_bytes()),
    }
}

/// Appends a JSON string.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("memory takes every write");
}

fn write_number(value: impl serde::Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &value).expect("memory takes every write");
}

/// Appends a number, or null for one that JSON can not say.
fn write_float(value: f64, out: &mut Vec<u8>) {
    write_number(value, out);
}

fn write_integer(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    match array.data_type() {
        DataType::Int8 => write_number(array.as_primitive::<Int8Type>().value(row), out),
        DataType::Int16 => write_number(array.as_primitive::<Int16Type>().value(row), out),
        DataType::Int32 => write_number(array.as_primitive::<Int32Type>().value(row), out),
        DataType::UInt8 => write_number(array.as_primitive::<UInt8Type>().value(row), out),
        DataType::UInt16 => write_number(array.as_primitive::<UInt16Type>().value(row), out),
        DataType::UInt32 => write_number(array.as_primitive::<UInt32Type>().value(row), out),
        DataType::UInt64 => write_number(array.as_primitive::<UInt64Type>().value(row), out),
        _ => write_number(array.as_primitive::<Int64Type>().value(row), out),
    }
}

fn write_list(items: &ArrayRef, out: &mut Vec<u8>) {
    out.push(b'[');
    for row in 0..items.len() {
        separate(row, out);
        write_json(items.as_ref(), row, out);
    }
    out.push(b']');
}

fn write_struct(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let array = array.as_struct();
    out.push(b'{');
    for (index, (column, name)) in array.columns().iter().zip(array.column_names()).enumerate() {
        separate(index, out);
        write_string(name, out);
        out.push(b':');
        write_json(column.as_ref(), row, out);
    }
    out.push(b'}');
}

fn write_map(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let entries = array.as_map().value(row);
    out.push(b'{');
    for entry in 0..entries.len() {
        separate(entry, out);
        let mut name = Vec::new();
        write_plain(entries.column(0).as_ref(), entry, &mut name);
        write_string(&String::from_utf8_lossy(&name), out);
        out.push(b':');
        write_json(entries.column(1).as_ref(), entry, out);
    }
    out.push(b'}');
}

/// Returns the value of a text column.
pub(super) fn text(array: &dyn Array, row: usize) -> Option<&str> {
    match array.data_type() {
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        _ => None,
    }
}

/// Returns a time as RFC 3339 in UTC with no more digits than it needs.
fn time(array: &dyn Array, row: usize) -> Option<String> {
    let DataType::Timestamp(unit, _) = array.data_type() else {
        return None;
    };
    let time = match unit {
        TimeUnit::Second => jiff::Timestamp::from_second(array.as_primitive::<TimestampSecondType>().value(row)),
        TimeUnit::Millisecond => {
            jiff::Timestamp::from_millisecond(array.as_primitive::<TimestampMillisecondType>().value(row))
        }
        TimeUnit::Microsecond => {
            jiff::Timestamp::from_microsecond(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        TimeUnit::Nanosecond => {
            jiff::Timestamp::from_nanosecond(array.as_primitive::<TimestampNanosecondType>().value(row).into())
        }
    };
    // A time beyond the year 9999 has no RFC 3339 form; Arrow's own is the closest.
    Some(time.map_or_else(|_| shown(array, row), |time| time.to_string()))
}

/// Returns Arrow's own text of a value.
fn shown(array: &dyn Array, row: usize) -> String {
    array_value_to_string(array, row).unwrap_or_default()
}
