//! Columns that are the same in every chunk, made once and shared, and the column of offsets.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, Int32Array, Int64Array, StringViewArray, new_null_array};
use arrow::datatypes::DataType;
use streamflow_core::event::DEFAULT_TENANT;

/// Rows of the constant columns that all chunks share.
const SHARED_ROWS: usize = 8_192;

/// Returns a column of null strings.
pub(crate) fn nulls(rows: usize) -> ArrayRef {
    static SHARED: LazyLock<ArrayRef> = LazyLock::new(|| new_null_array(&DataType::Utf8View, SHARED_ROWS));
    shared(&SHARED, rows, || new_null_array(&DataType::Utf8View, rows))
}

/// Returns the column `tenant` of a chunk.
pub(crate) fn tenant(rows: usize) -> ArrayRef {
    fn make(rows: usize) -> ArrayRef {
        Arc::new(std::iter::repeat_n(Some(DEFAULT_TENANT), rows).collect::<StringViewArray>())
    }
    static SHARED: LazyLock<ArrayRef> = LazyLock::new(|| make(SHARED_ROWS));
    shared(&SHARED, rows, || make(rows))
}

/// Returns the column `_partition` of a chunk.
pub(crate) fn partition(rows: usize) -> ArrayRef {
    static SHARED: LazyLock<ArrayRef> = LazyLock::new(|| Arc::new(Int32Array::from_value(0, SHARED_ROWS)));
    shared(&SHARED, rows, || Arc::new(Int32Array::from_value(0, rows)))
}

fn shared(column: &ArrayRef, rows: usize, make: impl FnOnce() -> ArrayRef) -> ArrayRef {
    if rows <= column.len() { column.slice(0, rows) } else { make() }
}

/// Returns the column `_offset` of a chunk.
pub(crate) fn offsets(base_offset: u64, rows: usize) -> ArrayRef {
    let base = i64::try_from(base_offset).unwrap_or(i64::MAX);
    Arc::new(Int64Array::from_iter_values((0..rows).map(|row| base + row as i64)))
}
