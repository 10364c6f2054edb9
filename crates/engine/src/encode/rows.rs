//! Writes rows batch by batch in any form, so that a file of any size takes little memory.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;

use super::binary::parquet_properties;
use super::{EncodeError, Header, csv, ndjson};

/// Bytes of a group of rows in Parquet: it is held in memory until it is written.
const ROW_GROUP_BYTES_MAX: usize = 64 << 20;

/// A form that rows are written in one batch after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
    Ndjson,
    Csv(Header),
    ArrowStream,
    Parquet,
}

/// Turns batches of one schema into the bytes of one file.
pub struct RowWriter {
    form: Form,
}

impl fmt::Debug for RowWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowWriter")
    }
}

enum Form {
    Ndjson,
    Csv { header: Header, schema: SchemaRef },
    ArrowStream { writer: Box<StreamWriter<Vec<u8>>>, schema: SchemaRef },
    Parquet { writer: Box<ArrowWriter<Vec<u8>>>, schema: SchemaRef },
}

impl RowWriter {
    /// Returns a writer of rows with these columns.
    ///
    /// # Errors
    /// When a column's type has no such form.
    pub fn new(form: RowForm, schema: &SchemaRef) -> Result<Self, EncodeError> {
        let form = match form {
            RowForm::Ndjson => Form::Ndjson,
            RowForm::Csv(header) => Form::Csv { header, schema: Arc::clone(schema) },
            RowForm::ArrowStream => {
                let schema = owned_schema(schema);
                let writer = StreamWriter::try_new(Vec::new(), &schema).map_err(|error| no_stream(&error))?;
                Form::ArrowStream { writer: Box::new(writer), schema }
            }
            RowForm::Parquet => {
                let schema = owned_schema(schema);
                let properties = parquet_properties().map_err(|error| no_parquet(&error))?;
                let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))
                    .map_err(|error| no_parquet(&error))?;
                Form::Parquet { writer: Box::new(writer), schema }
            }
        };
        Ok(Self { form })
    }

    /// Appends rows and returns the bytes that are ready, perhaps none.
    ///
    /// # Errors
    /// When a value has no such form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, EncodeError> {
        let batches = std::slice::from_ref(batch);
        match &mut self.form {
            Form::Ndjson => {
                let mut out = Vec::new();
                ndjson(batches, &mut out);
                Ok(out)
            }
            Form::Csv { header, schema } => {
                let mut out = Vec::new();
                csv(schema, batches, std::mem::replace(header, Header::None), &mut out);
                Ok(out)
            }
            Form::ArrowStream { writer, schema } => {
                owned(batch, schema).and_then(|batch| writer.write(&batch)).map_err(|error| no_stream(&error))?;
                Ok(std::mem::take(writer.get_mut()))
            }
            Form::Parquet { writer, schema } => {
                let batch = owned(batch, schema).map_err(|error| no_parquet(&error))?;
                writer.write(&batch).map_err(|error| no_parquet(&error))?;
                if writer.in_progress_size() >= ROW_GROUP_BYTES_MAX {
                    writer.flush().map_err(|error| no_parquet(&error))?;
                }
                Ok(std::mem::take(writer.inner_mut()))
            }
        }
    }

    /// Returns the bytes that end the file.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    pub fn finish(self) -> Result<Vec<u8>, EncodeError> {
        match self.form {
            Form::Ndjson => Ok(Vec::new()),
            Form::Csv { header, schema } => {
                let mut out = Vec::new();
                csv(&schema, &[], header, &mut out);
                Ok(out)
            }
            Form::ArrowStream { mut writer, .. } => {
                writer.finish().and_then(|()| writer.into_inner()).map_err(|error| no_stream(&error))
            }
            Form::Parquet { writer, .. } => writer.into_inner().map_err(|error| no_parquet(&error)),
        }
    }
}

fn no_stream(error: &ArrowError) -> EncodeError {
    EncodeError { format: "an Arrow stream", reason: error.to_string() }
}

fn no_parquet(error: &dyn std::error::Error) -> EncodeError {
    EncodeError { format: "Parquet", reason: error.to_string() }
}

/// Returns the columns with texts of their own: a view would take the whole bodies along that its texts stand in, and
/// older readers know no views.
fn owned_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|field| owned_field(field)).collect();
    Arc::new(Schema::new(fields))
}

fn owned_field(field: &Field) -> Field {
    let kind = match field.data_type() {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::List(Arc::new(owned_field(item))),
        DataType::LargeList(item) => DataType::LargeList(Arc::new(owned_field(item))),
        other => other.clone(),
    };
    field.clone().with_data_type(kind)
}

fn owned(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns: Result<Vec<ArrayRef>, ArrowError> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast(column, field.data_type()),
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns?)
}
