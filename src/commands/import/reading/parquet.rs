//! Reads the rows of a Parquet file, a batch at a time. Structs become objects, times RFC 3339 in UTC.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use streamflow_engine::encode;

use super::ndjson::{Nulls, object};
use super::{End, Reading};
use crate::commands::import::mapping::Dots;
use crate::commands::import::source::Counted;
use crate::commands::send::input::InputError;

/// Rows in memory at a time, beside the pages that they stand in.
const BATCH_ROWS: usize = 1_024;

pub(super) fn read(source: Counted, reading: &mut Reading) -> Result<End, InputError> {
    let broken = |error: &dyn std::fmt::Display, reading: &Reading| {
        reading.failed(std::io::Error::other(format!("it is no parquet file that can be read: {error}")))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(source.file).map_err(|error| broken(&error, reading))?;
    let metadata = Arc::clone(builder.metadata());
    let (file_rows, file_bytes) =
        (metadata.file_metadata().num_rows(), metadata.row_groups().iter().map(|group| group.compressed_size()));
    let bytes_per_row = file_bytes.sum::<i64>() as f64 / file_rows.max(1) as f64;
    let rows = builder.with_batch_size(BATCH_ROWS).build().map_err(|error| broken(&error, reading))?;
    let mut text = Vec::new();
    let mut line = 0;
    for batch in rows {
        let batch = batch.map_err(|error| broken(&error, reading))?;
        text.clear();
        encode::ndjson(std::slice::from_ref(&batch), &mut text);
        source.read.fetch_add((batch.num_rows() as f64 * bytes_per_row) as u64, Ordering::Relaxed);
        for row in text.split_inclusive(|byte| *byte == b'\n') {
            line += 1;
            if object(line, row, Nulls::Absent, Dots::Nest, reading).is_err() {
                return Ok(End::Stopped);
            }
        }
    }
    Ok(End::Complete)
}
