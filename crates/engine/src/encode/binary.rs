//! Writes rows in the two binary forms that other tools read: an Arrow IPC stream and a Parquet file.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

/// Rows that have no form in the file asked for, such as a column of intervals in Parquet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer can not be written as {format}: {reason}")]
pub struct EncodeError {
    pub format: &'static str,
    pub reason: String,
}

/// Returns the rows as an Arrow IPC stream.
///
/// # Errors
/// When a column's type has no form in the stream.
pub fn ipc_stream(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, EncodeError> {
    let write = || {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.finish()?;
        writer.into_inner()
    };
    write().map_err(|error| EncodeError { format: "an Arrow stream", reason: error.to_string() })
}

/// Returns the rows as a Parquet file, compressed with zstd.
///
/// # Errors
/// When a column's type has no form in Parquet.
pub fn parquet(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, EncodeError> {
    let write = || {
        let mut writer = ArrowWriter::try_new(Vec::new(), SchemaRef::clone(schema), Some(parquet_properties()?))?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.into_inner()
    };
    write().map_err(|error| EncodeError { format: "Parquet", reason: error.to_string() })
}

/// Returns how Parquet is written: compressed with zstd.
pub(super) fn parquet_properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build())
}
