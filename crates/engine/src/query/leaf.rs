//! Answers an accessor for one chunk: from its typed leaf where that says the same as the JSON text, else from the text.

use arrow::array::{ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, SchemaRef};

use super::accessor::{Request, evaluate};
use super::json_text::Step;
use crate::tail::{Chunk, Leaf};

/// One column that a scan or a filter reads from chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// A column of `events`, by position.
    Column(usize),
    /// Values inside a JSON column, by the position of that column.
    Path { column: usize, path: Vec<Step>, request: Request },
}

impl Reading {
    /// Returns the column for one chunk.
    pub(super) fn read(&self, chunk: &Chunk) -> ArrayRef {
        match self {
            Self::Column(index) => ArrayRef::clone(chunk.batch.column(*index)),
            Self::Path { column, path, request } => read_path(chunk, *column, path, *request),
        }
    }

    /// Returns the field that describes the column.
    pub(super) fn field(&self, name: &str, table: &SchemaRef) -> Field {
        match self {
            Self::Column(index) => table.field(*index).clone().with_name(name),
            Self::Path { request, .. } => request.field(name),
        }
    }

    /// Returns the column as a plan shows it.
    pub(super) fn shown(&self, table: &SchemaRef) -> String {
        match self {
            Self::Column(index) => table.field(*index).name().clone(),
            Self::Path { column, path, request } => {
                let keys = path.iter().map(|step| match step {
                    Step::Key(key) => key.to_string(),
                    Step::Index(index) => index.to_string(),
                });
                let keys: Vec<String> = keys.collect();
                format!("{}.{}:{}", table.field(*column).name(), keys.join("."), request.data_type())
            }
        }
    }
}

/// Returns the columns that `readings` name, for one chunk.
pub(super) fn read_batch(chunk: &Chunk, readings: &[Reading], schema: &SchemaRef) -> arrow::error::Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(readings.len());
    for (index, reading) in readings.iter().enumerate() {
        // Plans ask for a path once for each place that uses it; it is read once.
        let same = readings[..index].iter().position(|earlier| earlier == reading);
        columns.push(same.map_or_else(|| reading.read(chunk), |same| ArrayRef::clone(&columns[same])));
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(chunk.batch.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)
}

/// Returns the columns that `readings` name, for rows of a table that has no paths.
pub(super) fn read_columns(
    rows: &RecordBatch,
    readings: &[Reading],
    schema: &SchemaRef,
) -> arrow::error::Result<RecordBatch> {
    let columns = readings.iter().map(|reading| match reading {
        Reading::Column(index) => ArrayRef::clone(rows.column(*index)),
        Reading::Path { column, path, request } => match rows.column(*column).as_string_view_opt() {
            Some(texts) => evaluate(texts, path, *request),
            None => new_null_array(&request.data_type(), rows.num_rows()),
        },
    });
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns.collect(), &options)
}

fn read_path(chunk: &Chunk, column: usize, path: &[Step], request: Request) -> ArrayRef {
    let rows = chunk.batch.num_rows();
    let from_text = || evaluate(chunk.batch.column(column).as_string_view(), path, request);
    let has_leaves = chunk.batch.schema_ref().field(column).name() == "data";
    let Some(name) = leaf_name(path).filter(|_| has_leaves) else {
        return from_text();
    };
    match chunk.leaves.get(&name) {
        Leaf::Text => from_text(),
        Leaf::Absent => new_null_array(&request.data_type(), rows),
        Leaf::Typed(leaf) => from_leaf(&leaf, request).unwrap_or_else(from_text),
    }
}

/// Returns the name under which leaves of this path are kept, if it can have any.
fn leaf_name(path: &[Step]) -> Option<String> {
    let keys = path.iter().map(|step| match step {
        Step::Key(key) if !key.contains('.') => Some(key.as_ref()),
        _ => None,
    });
    Some(keys.collect::<Option<Vec<_>>>()?.join("."))
}

/// Returns the leaf in the form asked for, or nothing where only the text has it: a float's own digits, a string's
/// quotes, and integers among floats.
fn from_leaf(leaf: &ArrayRef, request: Request) -> Option<ArrayRef> {
    let nulls = || Some(new_null_array(&request.data_type(), leaf.len()));
    let converted = || cast(leaf, &request.data_type()).ok();
    match (leaf.data_type(), request) {
        (DataType::Utf8View, Request::Any | Request::Text)
        | (DataType::Int64, Request::Int)
        | (DataType::Float64, Request::Float)
        | (DataType::Boolean, Request::Bool) => Some(ArrayRef::clone(leaf)),
        (DataType::Int64, Request::Float)
        | (DataType::Int64 | DataType::Boolean, Request::Any | Request::Text | Request::Json) => converted(),
        (DataType::Utf8View | DataType::Boolean, Request::Int | Request::Float)
        | (DataType::Utf8View | DataType::Int64 | DataType::Float64, Request::Bool) => nulls(),
        _ => None,
    }
}
