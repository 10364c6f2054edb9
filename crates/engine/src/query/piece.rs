//! The pieces of a scan (chunks of the tail, parts of segments) and how one thread turns its share of them into batches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{BatchCoalescer, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::physical_plan::metrics::Count;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::codes::{Coder, Codes};
use super::condition::Condition;
use super::group::{self, GroupPlan};
use super::leaf::{Reading, read_batch, read_columns};
use super::part::Part;
use crate::clock::Micros;
use crate::segment::PAGE_ROWS;
use crate::tail::Chunk;

/// Rows that small batches are joined to; what DataFusion's operators are made for.
pub(super) const BATCH_ROWS: usize = 8_192;
/// A batch of at least this many rows is passed on as it is.
const BATCH_ROWS_ALONE: usize = 1_024;
/// A second thread pays from this many rows on.
const PARTITION_ROWS_MIN: usize = 32_768;

/// Rows that are read together.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Chunk(Arc<Chunk>),
    /// Rows of a table that has no paths.
    Rows(RecordBatch),
    /// Rows of a file.
    Part(Part),
}

impl Piece {
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.batch.num_rows(),
            Self::Rows(batch) => batch.num_rows(),
            Self::Part(part) => part.rows(),
        }
    }

    /// Returns the smallest and the largest event time, or bounds of them.
    pub(super) fn times(&self) -> (Micros, Micros) {
        match self {
            Self::Chunk(chunk) => (chunk.timestamp_min, chunk.timestamp_max),
            Self::Rows(_) => (Micros::MIN, Micros::MAX),
            Self::Part(part) => part.times,
        }
    }
}

/// Splits pieces into runs of about the same number of rows.
pub(super) fn spread(pieces: Vec<Piece>, threads: usize) -> Vec<Vec<Piece>> {
    let rows: usize = pieces.iter().map(Piece::rows).sum();
    let parts = (rows / PARTITION_ROWS_MIN).clamp(1, threads.max(1));
    let mut partitions = vec![Vec::with_capacity(pieces.len() / parts + 1); parts];
    let mut before = 0;
    for piece in pieces {
        // A piece goes where its middle is.
        let part = ((before + piece.rows() / 2) * parts / rows.max(1)).min(parts - 1);
        before += piece.rows();
        partitions[part].push(piece);
    }
    partitions
}

/// Deals pieces out in turn, so that the first ones are read first by all.
pub(super) fn deal(pieces: Vec<Piece>, parts: usize) -> Vec<Vec<Piece>> {
    let mut partitions = vec![Vec::new(); parts];
    for (number, piece) in pieces.into_iter().enumerate() {
        partitions[number % parts.max(1)].push(piece);
    }
    partitions
}

/// What a scan reads from every piece.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) readings: Arc<[Reading]>,
    pub(super) schema: SchemaRef,
    /// The table, for names and types of columns.
    pub(super) table: SchemaRef,
    pub(super) condition: Option<Arc<Condition>>,
}

/// The order of time in which rows are wanted, roughly.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOrder {
    pub(super) newest_first: bool,
}

/// Which columns of a scan come as numbers of their texts.
#[derive(Debug, Clone)]
pub(super) struct Coding {
    /// What comes out.
    pub(super) schema: SchemaRef,
    /// By position.
    pub(super) columns: Vec<(usize, Arc<Codes>)>,
}

/// Counters of a scan.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    pub(super) rows: Count,
    pub(super) bytes: Count,
    /// Groups and pages that their bounds ruled out when it was their turn.
    pub(super) groups_passed_over: Count,
}

/// Turns pieces into batches, one at a time.
pub(super) struct PieceReader {
    pieces: VecDeque<Piece>,
    order: Option<TimeOrder>,
    /// Rows that are read of the next part where they are wanted in order.
    ordered_rows: usize,
    wish: Wish,
    /// What comes out.
    schema: SchemaRef,
    /// Columns that come as numbers, by position.
    coders: Vec<(usize, Coder)>,
    small: BatchCoalescer,
    rows_left: usize,
    counters: Counters,
    open: Option<OpenGroup>,
}

/// A group that is being read.
struct OpenGroup {
    plan: GroupPlan,
    batches: ParquetRecordBatchReader,
    bytes_read: Arc<AtomicU64>,
}

impl PieceReader {
    pub(super) fn new(
        pieces: Vec<Piece>,
        order: Option<TimeOrder>,
        wish: Wish,
        coding: Option<&Coding>,
        rows_max: Option<usize>,
        counters: Counters,
    ) -> Self {
        let schema = SchemaRef::clone(coding.map_or(&wish.schema, |coding| &coding.schema));
        let columns = coding.into_iter().flat_map(|coding| &coding.columns);
        let coders = columns.map(|(column, codes)| (*column, Coder::new(Arc::clone(codes)))).collect();
        let small = BatchCoalescer::new(SchemaRef::clone(&schema), BATCH_ROWS)
            .with_biggest_coalesce_batch_size(Some(BATCH_ROWS_ALONE));
        let rows_left = rows_max.unwrap_or(usize::MAX);
        Self {
            pieces: pieces.into(),
            order,
            ordered_rows: PAGE_ROWS,
            wish,
            schema,
            coders,
            small,
            rows_left,
            counters,
            open: None,
        }
    }

    /// Returns the rows with numbers in the place of texts where that is wanted.
    fn coded(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.coders.is_empty() {
            return Ok(batch);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let mut columns = batch.columns().to_vec();
        for (column, coder) in &mut self.coders {
            columns[*column] = Arc::new(coder.read(columns[*column].as_string_view())?);
        }
        Ok(RecordBatch::try_new_with_options(SchemaRef::clone(&self.schema), columns, &options)?)
    }

    /// Returns the next rows of the pieces, however few; nothing when all are read.
    fn next_rows(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(open) = &mut self.open {
                let batch = open.batches.next().transpose()?;
                self.counters.bytes.add(usize::try_from(open.bytes_read.swap(0, Ordering::Relaxed)).unwrap_or(0));
                match batch {
                    Some(batch) => return open.plan.read(&batch, &self.wish.schema).map(Some),
                    None => {
                        // What waits is passed on, so that whoever reads it can rule out the groups that follow.
                        self.open = None;
                        self.small.finish_buffered_batch()?;
                        return Ok(Some(RecordBatch::new_empty(SchemaRef::clone(&self.wish.schema))));
                    }
                }
            }
            match self.pieces.pop_front() {
                None => return Ok(None),
                Some(Piece::Chunk(chunk)) => {
                    let read = |readings: &[Reading], schema: &SchemaRef| read_batch(&chunk, readings, schema);
                    return self.read_rows(chunk.batch.num_rows(), read).map(Some);
                }
                Some(Piece::Rows(rows)) => {
                    let read = |readings: &[Reading], schema: &SchemaRef| read_columns(&rows, readings, schema);
                    return self.read_rows(rows.num_rows(), read).map(Some);
                }
                Some(Piece::Part(part)) => self.open_part(part)?,
            }
        }
    }

    /// Returns those of `rows` rows that pass, which `read` knows how to read.
    fn read_rows(
        &self,
        rows: usize,
        read: impl Fn(&[Reading], &SchemaRef) -> arrow::error::Result<RecordBatch>,
    ) -> Result<RecordBatch> {
        self.counters.rows.add(rows.min(self.rows_left));
        let count = |batch: &RecordBatch| {
            self.counters.bytes.add(batch.columns().iter().map(|column| array_bytes(column.as_ref())).sum());
        };
        let Some(condition) = &self.wish.condition else {
            let batch = read(&self.wish.readings, &self.wish.schema)?;
            count(&batch.slice(0, batch.num_rows().min(self.rows_left)));
            return Ok(batch);
        };
        let looked_at = read(&condition.readings, &condition.schema)?;
        count(&looked_at);
        let passes = condition.passes(&looked_at)?;
        if passes.true_count() == 0 {
            return Ok(RecordBatch::new_empty(SchemaRef::clone(&self.wish.schema)));
        }
        let batch = read(&self.wish.readings, &self.wish.schema)?;
        count(&batch);
        Ok(if passes.true_count() == batch.num_rows() { batch } else { filter_record_batch(&batch, &passes)? })
    }

    /// Starts to read those pages of a part that may have rows that pass.
    fn open_part(&mut self, part: Part) -> Result<()> {
        // Looked at again when it is the part's turn: a bound that the query itself finds may have become tighter.
        let part = match &self.wish.condition {
            Some(condition) => condition.narrowed(&part),
            None => Some(part),
        };
        let Some(part) = part else {
            self.counters.groups_passed_over.add(1);
            return Ok(());
        };
        let part = match self.order {
            None => part,
            Some(order) => {
                // The first page may tell that no other need be read. Where it does not, more and more are read at a time.
                let (first, rest) = part.divided(self.ordered_rows, order.newest_first);
                self.ordered_rows = self.ordered_rows.saturating_mul(2);
                rest.into_iter().for_each(|rest| self.pieces.push_front(Piece::Part(rest)));
                first
            }
        };
        let bytes_read = Arc::default();
        let (plan, batches) = group::open(&part, &self.wish, &self.counters.rows, &bytes_read)?;
        self.open = Some(OpenGroup { plan, batches, bytes_read });
        Ok(())
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.small.next_completed_batch() {
                return Ok(Some(batch));
            }
            let batch = if self.rows_left == 0 { None } else { self.next_rows()? };
            let batch = batch.map(|batch| self.coded(batch)).transpose()?;
            let Some(batch) = batch else {
                self.small.finish_buffered_batch()?;
                return Ok(self.small.next_completed_batch());
            };
            let batch = batch.slice(0, batch.num_rows().min(self.rows_left));
            self.rows_left -= batch.num_rows();
            if batch.num_columns() == 0 {
                return Ok(Some(batch));
            }
            self.small.push_batch(batch)?;
        }
    }
}

impl Iterator for PieceReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// Returns the rows that pass; a condition is false where it is null.
pub(super) fn or_false(passes: BooleanArray) -> BooleanArray {
    match passes.nulls() {
        None => passes,
        Some(nulls) => BooleanArray::new(passes.values() & nulls.inner(), None),
    }
}

/// Returns the bytes that an array's own values take; buffers that it shares with others count by what it uses of them.
pub(super) fn array_bytes(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => {
            let views = array.as_string_view().views();
            #[expect(clippy::cast_possible_truncation, reason = "a view's lowest 32 bits are its length")]
            let texts: usize = views.iter().map(|view| *view as u32 as usize).sum();
            texts + views.len() * size_of::<u128>()
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            let items =
                list.values().slice(usize::try_from(first).unwrap_or(0), usize::try_from(last - first).unwrap_or(0));
            array_bytes(items.as_ref()) + (list.len() + 1) * size_of::<i32>()
        }
        _ => array.to_data().get_slice_memory_size().unwrap_or(0),
    }
}
