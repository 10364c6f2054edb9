//! Writes the rows of a table as one Parquet file, sorted by time.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, interleave};
use arrow::datatypes::{Int64Type, SchemaRef, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};

use super::known::{Known, gather};
use super::layout::{parquet_schema, written_schema};
use super::paths::{FORMAT_KEY, FORMAT_VERSION, PATHS_KEY, PathKinds};
use super::shape::{SAMPLE_ROWS_MAX, Shape};
use super::shred::{Foreign, Shredder};
use super::summary::{SegmentSummary, Span};
use super::{SegmentError, Table};
use crate::tail::Leaves;

/// Columns that most often have too many values to be listed in a dictionary, and that needles are sought by.
const ID_COLUMNS: [&str; 4] = ["user_id", "session_id", "correlation_id", "id"];
/// Columns whose values rise from row to row.
const RISING_COLUMNS: [&str; 3] = ["timestamp", "received_at", "_offset"];
/// Rows of a page: what a search by time or id reads at least.
pub(crate) const PAGE_ROWS: usize = 16_384;
/// A dictionary larger than this is given up for the rest of a group.
const DICTIONARY_BYTES_MAX: usize = 4 << 20;
/// How often a filter lets a group be read in vain.
const BLOOM_FALSE_SHARE: f64 = 0.05;
/// Bytes that statistics keep of a text.
const STATISTICS_TEXT_BYTES: usize = 32;

/// How a segment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// Rows of a group: what one thread reads at a time.
    pub group_rows: usize,
    pub codec: Codec,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { group_rows: 128 << 10, codec: Codec::Zstd(3) }
    }
}

/// How pages are compressed. Every reader of Parquet knows all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// At a level from 1 to 22.
    Zstd(i32),
    Snappy,
    Gzip,
    Lz4,
    Nothing,
}

impl Codec {
    fn compression(self) -> Result<Compression, SegmentError> {
        Ok(match self {
            Self::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level)?),
            Self::Snappy => Compression::SNAPPY,
            Self::Gzip => Compression::GZIP(GzipLevel::default()),
            // The framing of the older LZ4 differs between writers.
            Self::Lz4 => Compression::LZ4_RAW,
            Self::Nothing => Compression::UNCOMPRESSED,
        })
    }
}

/// Rows to be written.
#[derive(Debug, Clone)]
pub struct Input {
    /// Rows with the table's schema.
    pub batch: RecordBatch,
    /// What is known already of `data`, so that its text need not be read.
    pub leaves: Option<Leaves>,
}

impl Input {
    /// Returns the rows for which `mask` is true.
    ///
    /// # Errors
    /// When the mask is not as long as the batch.
    pub(crate) fn filter(&self, mask: &BooleanArray) -> Result<Self, SegmentError> {
        let leaves = self.leaves.as_ref().map(|leaves| leaves.filter(mask)).transpose()?;
        Ok(Self { batch: filter_record_batch(&self.batch, mask)?, leaves })
    }
}

impl From<RecordBatch> for Input {
    fn from(batch: RecordBatch) -> Self {
        Self { batch, leaves: None }
    }
}

/// Writes all rows of the inputs, sorted by time; rows of the same time keep their order.
///
/// # Errors
/// When `out` fails, there is no row, or a JSON column holds something else.
pub fn write(
    table: Table,
    inputs: &[Input],
    out: &mut (dyn Write + Send),
    options: &WriteOptions,
) -> Result<SegmentSummary, SegmentError> {
    let order = sorted(table, inputs);
    if order.is_empty() {
        return Err(SegmentError::Empty);
    }
    let shapes = shapes_of(table, inputs, &order)?;
    let mut writer = SegmentWriter::new(table, shapes, out, options)?;
    for rows in order.chunks(options.group_rows.max(1)) {
        writer.push(inputs, rows)?;
    }
    writer.finish()
}

/// A row: its time, the input that it is in, and where in that.
type Row = (i64, u32, u32);

fn sorted(table: Table, inputs: &[Input]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::with_capacity(inputs.iter().map(|input| input.batch.num_rows()).sum());
    for (number, input) in (0..).zip(inputs) {
        let times = input.batch.column(table.time_column()).as_primitive::<TimestampMicrosecondType>();
        rows.extend((0..).zip(times.values()).map(|(row, time)| (*time, number, row)));
    }
    if !rows.is_sorted_by_key(|row| row.0) {
        // Batch and row break ties, so the order is the one in which rows came.
        rows.sort_unstable();
    }
    rows
}

fn shapes_of(table: Table, inputs: &[Input], order: &[Row]) -> Result<Vec<(usize, Arc<Shape>)>, SegmentError> {
    let step = order.len().div_ceil(SAMPLE_ROWS_MAX);
    let shape = |column: &usize| {
        let texts: Vec<_> = inputs.iter().map(|input| input.batch.column(*column).as_string_view()).collect();
        let sample = order.iter().step_by(step).map(|(_, batch, row)| texts[*batch as usize].value(*row as usize));
        Ok((*column, Arc::new(Shape::of(sample).map_err(|_| SegmentError::NotAnObject)?)))
    };
    table.json_columns().iter().map(shape).collect()
}

/// Writes groups of rows one after the other.
pub(crate) struct SegmentWriter<'a> {
    table: Table,
    shapes: Vec<(usize, Arc<Shape>)>,
    schema: SchemaRef,
    writer: ArrowWriter<Checked<'a>>,
    kinds: PathKinds,
    span: Span,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(
        table: Table,
        shapes: Vec<(usize, Arc<Shape>)>,
        out: &'a mut (dyn Write + Send),
        options: &WriteOptions,
    ) -> Result<Self, SegmentError> {
        let schema = written_schema(&table.schema(), &shapes);
        let parquet = parquet_schema(&schema, &shapes)?;
        let properties = properties(table, &parquet, options)?;
        let settings = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_parquet_schema(parquet)
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Checked::new(out), Arc::clone(&schema), settings)?;
        let kinds = PathKinds::new(&table.schema(), &shapes);
        Ok(Self { table, shapes, schema, writer, kinds, span: Span::default() })
    }

    /// Writes these rows of the inputs as one group.
    pub(crate) fn push(&mut self, inputs: &[Input], rows: &[Row]) -> Result<(), SegmentError> {
        let places: Vec<(usize, usize)> = rows.iter().map(|(_, batch, row)| (*batch as usize, *row as usize)).collect();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for column in 0..self.schema.fields().len() {
            columns.push(match self.shapes.iter().position(|(json, _)| *json == column) {
                Some(json) => self.json_column(json, inputs, &places)?,
                None => {
                    let parts: Vec<&dyn Array> =
                        inputs.iter().map(|input| input.batch.column(column).as_ref()).collect();
                    interleave(&parts, &places)?
                }
            });
        }
        self.widen(&columns);
        let columns = columns.into_iter().zip(self.schema.fields()).map(|(column, field)| renamed(column, field));
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns.collect())?)?;
        self.writer.flush()?;
        Ok(())
    }

    /// Returns the rows of a JSON column, whose text is read only where its columns are not known.
    fn json_column(
        &mut self,
        json: usize,
        inputs: &[Input],
        places: &[(usize, usize)],
    ) -> Result<ArrayRef, SegmentError> {
        let (column, shape) = &self.shapes[json];
        let is_known = self.table.leaves_column() == Some(*column);
        let known: Vec<Option<Known>> =
            inputs.iter().map(|input| is_known.then(|| Known::of(shape, input.leaves.as_ref())).flatten()).collect();
        let (mut plain, mut odd, mut order) = (Vec::new(), Vec::new(), Vec::with_capacity(places.len()));
        for place in places {
            let is_plain = known[place.0].as_ref().is_some_and(|known| !known.is_odd(place.1));
            let kind = if is_plain { &mut plain } else { &mut odd };
            order.push((usize::from(!is_plain), kind.len()));
            kind.push(*place);
        }
        if plain.is_empty() {
            return self.shredded(json, inputs, &odd);
        }
        let columns = gather(shape, &known, inputs, &plain)?;
        let plain: ArrayRef = Arc::new(Shredder::of_columns(Arc::clone(shape), plain.len(), columns));
        if odd.is_empty() {
            return Ok(plain);
        }
        let odd = self.shredded(json, inputs, &odd)?;
        Ok(interleave(&[&plain, &odd], &order)?)
    }

    fn shredded(&mut self, json: usize, inputs: &[Input], places: &[(usize, usize)]) -> Result<ArrayRef, SegmentError> {
        let (column, shape) = &self.shapes[json];
        let texts: Vec<_> = inputs.iter().map(|input| input.batch.column(*column).as_string_view()).collect();
        let mut shredder = Shredder::new(Arc::clone(shape));
        for (input, row) in places {
            shredder.push(texts[*input].value(*row)).map_err(|_| SegmentError::NotAnObject)?;
        }
        let (column, foreign): (_, Vec<Foreign>) = shredder.finish();
        self.kinds.count(json, &foreign);
        Ok(Arc::new(column))
    }

    fn widen(&mut self, columns: &[ArrayRef]) {
        let times = |column: usize| columns[column].as_primitive::<TimestampMicrosecondType>().values();
        self.span.times(times(self.table.time_column()));
        if let Some(column) = self.table.append_time_column() {
            self.span.append_times(times(column));
        }
        self.span.offsets(columns[self.table.offset_column()].as_primitive::<Int64Type>().values());
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Result<SegmentSummary, SegmentError> {
        let pair = |key: &str, value: String| KeyValue { key: key.to_owned(), value: Some(value) };
        self.writer.append_key_value_metadata(pair(FORMAT_KEY, FORMAT_VERSION.to_string()));
        self.writer.append_key_value_metadata(pair(PATHS_KEY, self.kinds.encode()));
        let metadata = self.writer.finish()?;
        let file = self.writer.inner_mut();
        file.flush()?;
        let footer_bytes = u64::from(u32::from_le_bytes([file.last[0], file.last[1], file.last[2], file.last[3]]));
        Ok(SegmentSummary::of(self.table, &metadata, &self.kinds, self.span, footer_bytes, file.bytes, file.crc32c))
    }
}

/// Gives the items of a list the name that the schema has for them.
fn renamed(column: ArrayRef, field: &arrow::datatypes::Field) -> ArrayRef {
    match field.data_type() {
        arrow::datatypes::DataType::List(item) => {
            let list = column.as_list::<i32>();
            let (_, offsets, values, nulls) = list.clone().into_parts();
            Arc::new(arrow::array::ListArray::new(Arc::clone(item), offsets, values, nulls))
        }
        _ => column,
    }
}

fn properties(
    table: Table,
    schema: &SchemaDescriptor,
    options: &WriteOptions,
) -> Result<WriterProperties, SegmentError> {
    let mut builder = WriterProperties::builder()
        .set_compression(options.codec.compression()?)
        .set_created_by(format!("streamflow {}", env!("CARGO_PKG_VERSION")))
        .set_max_row_group_row_count(Some(options.group_rows.max(1)))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(STATISTICS_TEXT_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_TEXT_BYTES));
    for column in RISING_COLUMNS {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(column), false)
            .set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED);
    }
    for column in ID_COLUMNS {
        builder = builder
            .set_column_bloom_filter_enabled(ColumnPath::from(column), true)
            .set_column_bloom_filter_fpp(ColumnPath::from(column), BLOOM_FALSE_SHARE);
    }
    let time = schema.columns().iter().position(|column| column.path().string() == table.time_name());
    let time = time.and_then(|column| i32::try_from(column).ok());
    let sorting = time.map(|column_idx| vec![SortingColumn { column_idx, descending: false, nulls_first: false }]);
    Ok(builder.set_sorting_columns(sorting).build())
}

/// Counts and checks what passes to a file.
struct Checked<'a> {
    inner: &'a mut (dyn Write + Send),
    bytes: u64,
    crc32c: u32,
    /// The last eight bytes.
    last: [u8; 8],
}

impl<'a> Checked<'a> {
    fn new(inner: &'a mut (dyn Write + Send)) -> Self {
        Self { inner, bytes: 0, crc32c: 0, last: [0; 8] }
    }
}

impl Write for Checked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        let bytes = &bytes[..written];
        self.bytes += written as u64;
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        let kept = written.min(self.last.len());
        self.last.copy_within(kept.., 0);
        let from = self.last.len() - kept;
        self.last[from..].copy_from_slice(&bytes[written - kept..]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
