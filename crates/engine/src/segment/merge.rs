//! Joins segments into one, row by row in the order of time, holding some batches of each in memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use super::file::Segment;
use super::read::Rows;
use super::shape::{SAMPLE_ROWS_MAX, Shape};
use super::summary::SegmentSummary;
use super::write::{Input, SegmentWriter, WriteOptions};
use super::{SegmentError, Table};

/// Groups of each segment that are looked at to find common paths.
const SAMPLED_GROUPS_MAX: usize = 8;

/// Says which rows of a batch are kept.
pub type Keep<'a> = &'a (dyn Fn(&RecordBatch) -> BooleanArray + 'a);

/// Writes all rows of the segments as one, sorted by time; rows of the same time stay in the order of the segments.
///
/// # Errors
/// When a segment can't be read, `out` fails, or there is no row.
pub fn merge(
    table: Table,
    segments: &[Arc<Segment>],
    out: &mut (dyn Write + Send),
    options: &WriteOptions,
) -> Result<SegmentSummary, SegmentError> {
    merge_kept(table, segments, &|batch| BooleanArray::from(vec![true; batch.num_rows()]), out, options)
}

/// As [`merge`], with those rows alone that are to be kept.
///
/// # Errors
/// As [`merge`].
pub fn merge_kept(
    table: Table,
    segments: &[Arc<Segment>],
    keep: Keep<'_>,
    out: &mut (dyn Write + Send),
    options: &WriteOptions,
) -> Result<SegmentSummary, SegmentError> {
    let shapes = shapes_of(table, segments)?;
    let leaves_shape = shapes.iter().find(|(column, _)| table.leaves_column() == Some(*column));
    let mut inputs = Inputs::open(table, segments, leaves_shape.map(|(_, shape)| Arc::clone(shape)), keep)?;
    if inputs.next.is_empty() {
        return Err(SegmentError::Empty);
    }
    let mut writer = SegmentWriter::new(table, shapes, out, options)?;
    let mut rows = Vec::with_capacity(options.group_rows);
    while let Some(row) = inputs.pop()? {
        rows.push(row);
        if rows.len() >= options.group_rows.max(1) {
            writer.push(&inputs.batches, &rows)?;
            rows.clear();
            inputs.forget_finished();
        }
    }
    if !rows.is_empty() {
        writer.push(&inputs.batches, &rows)?;
    }
    writer.finish()
}

fn shapes_of(table: Table, segments: &[Arc<Segment>]) -> Result<Vec<(usize, Arc<Shape>)>, SegmentError> {
    let rows = (SAMPLE_ROWS_MAX / segments.len().max(1) / SAMPLED_GROUPS_MAX).max(64);
    let mut sample = Vec::new();
    for segment in segments {
        let groups = segment.groups().len();
        for group in (0..groups).step_by(groups.div_ceil(SAMPLED_GROUPS_MAX).max(1)) {
            for batch in segment.read_group(group, rows)? {
                sample.push(batch?);
            }
        }
    }
    let shape = |column: &usize| {
        let texts = sample.iter().flat_map(|batch| batch.column(*column).as_string_view().iter().flatten());
        Ok((*column, Arc::new(Shape::of(texts).map_err(|_| SegmentError::NotAnObject)?)))
    };
    table.json_columns().iter().map(shape).collect()
}

/// The next row of each segment.
struct Inputs<'a> {
    table: Table,
    /// The columns that `data` will have.
    shape: Option<Arc<Shape>>,
    keep: Keep<'a>,
    readers: Vec<Rows>,
    /// Batches that rows not written yet are in.
    batches: Vec<Input>,
    /// Where each segment stands: number of its batch, and row in that.
    places: Vec<(usize, usize)>,
    /// Time and segment of each next row.
    next: BinaryHeap<Reverse<(i64, usize)>>,
}

impl<'a> Inputs<'a> {
    fn open(
        table: Table,
        segments: &[Arc<Segment>],
        shape: Option<Arc<Shape>>,
        keep: Keep<'a>,
    ) -> Result<Self, SegmentError> {
        let readers = segments.iter().map(|segment| segment.rows_in_order()).collect::<Result<Vec<_>, _>>()?;
        let places = vec![(0, 0); readers.len()];
        let mut inputs = Self { table, shape, keep, readers, batches: Vec::new(), places, next: BinaryHeap::new() };
        for input in 0..inputs.readers.len() {
            inputs.load(input)?;
        }
        Ok(inputs)
    }

    /// Takes the row that is next in time: its time, the number of its batch, and its row in that.
    fn pop(&mut self) -> Result<Option<(i64, u32, u32)>, SegmentError> {
        let Some(Reverse((time, input))) = self.next.pop() else { return Ok(None) };
        let (batch, row) = self.places[input];
        let place = (u32::try_from(batch).unwrap_or(u32::MAX), u32::try_from(row).unwrap_or(u32::MAX));
        if row + 1 < self.batches[batch].batch.num_rows() {
            self.places[input] = (batch, row + 1);
            self.next.push(Reverse((self.time(batch, row + 1), input)));
        } else {
            self.load(input)?;
        }
        Ok(Some((time, place.0, place.1)))
    }

    fn load(&mut self, input: usize) -> Result<(), SegmentError> {
        while let Some(rows) = self.readers[input].next_input(self.shape.as_deref()) {
            let rows = rows?;
            let kept = (self.keep)(&rows.batch);
            let rows = if kept.true_count() == rows.batch.num_rows() { rows } else { rows.filter(&kept)? };
            if rows.batch.num_rows() > 0 {
                self.batches.push(rows);
                let number = self.batches.len() - 1;
                self.places[input] = (number, 0);
                self.next.push(Reverse((self.time(number, 0), input)));
                break;
            }
        }
        Ok(())
    }

    fn time(&self, batch: usize, row: usize) -> i64 {
        let times = self.batches[batch].batch.column(self.table.time_column());
        times.as_primitive::<TimestampMicrosecondType>().value(row)
    }

    /// Drops batches of which every row was taken.
    fn forget_finished(&mut self) {
        let mut kept = Vec::new();
        for Reverse((_, input)) in &self.next {
            let (batch, row) = self.places[*input];
            kept.push(self.batches[batch].clone());
            self.places[*input] = (kept.len() - 1, row);
        }
        self.batches = kept;
    }
}
