//! Reads all rows of a segment again as the tail had them: the table's columns, JSON as text.

use std::iter;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListArray, RecordBatch, StringViewArray, new_empty_array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::file::{ColumnLayout, Segment};
use super::known::Known;
use super::rebuild::{NodeArrays, names_of};
use super::shape::Shape;
use super::write::Input;
use super::{SegmentError, Table};
use crate::tail::Leaves;

/// Rows of a batch.
const BATCH_ROWS: usize = 8_192;

/// The rows of a segment in their order, a batch at a time.
#[derive(Debug)]
pub struct Rows {
    name: String,
    table: Table,
    columns: Vec<ColumnLayout>,
    batches: ParquetRecordBatchReader,
}

impl Segment {
    /// Returns all rows in the order of the file, as batches of the table's schema.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn rows_in_order(&self) -> Result<Rows, SegmentError> {
        self.read(None, usize::MAX)
    }

    /// Returns plain columns by name, in the order of the file; nothing if the first of them has no value anywhere.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn columns_in_order(
        &self,
        names: &[&str],
    ) -> Result<impl Iterator<Item = Result<RecordBatch, SegmentError>> + use<>, SegmentError> {
        let schema = self.table().schema();
        let leaf = |name: &&str| match self.column(schema.index_of(name).unwrap_or(usize::MAX)) {
            ColumnLayout::Plain(leaf) => Some(*leaf),
            ColumnLayout::Json(_) | ColumnLayout::Missing => None,
        };
        let leaves: Vec<usize> = names.iter().filter_map(leaf).collect();
        let needed = leaves.first().copied();
        let groups = (0..self.groups().len()).filter(|group| needed.is_some_and(|leaf| !self.is_empty(*group, leaf)));
        let groups = groups.collect();
        let parquet = self.metadata().metadata().file_metadata().schema_descr_ptr();
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.source(Arc::default()), self.metadata().clone())
                .with_projection(ProjectionMask::leaves(&parquet, leaves))
                .with_row_groups(groups)
                .with_batch_size(BATCH_ROWS);
        Ok(builder.build()?.map(|batch| batch.map_err(SegmentError::from)))
    }

    /// Returns up to `limit` rows of one group.
    pub(crate) fn read_group(&self, group: usize, limit: usize) -> Result<Rows, SegmentError> {
        self.read(Some(group), limit)
    }

    fn read(&self, group: Option<usize>, limit: usize) -> Result<Rows, SegmentError> {
        let source = self.source(Arc::default());
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata().clone())
            .with_projection(ProjectionMask::all())
            .with_batch_size(BATCH_ROWS)
            .with_limit(limit);
        if let Some(group) = group {
            builder = builder.with_row_groups(vec![group]);
        }
        let columns = (0..self.table().schema().fields().len()).map(|index| self.column(index).clone()).collect();
        Ok(Rows { name: self.name().to_owned(), table: self.table(), columns, batches: builder.build()? })
    }
}

impl Rows {
    /// Returns the next rows for a file in which `data` has the columns of `shape`. Where the columns that it has in this one are
    /// all that is needed, its text is not put together: it is then `{}`.
    pub(crate) fn next_input(&mut self, shape: Option<&Shape>) -> Option<Result<Input, SegmentError>> {
        let batch = self.batches.next()?;
        Some(batch.map_err(SegmentError::from).and_then(|batch| {
            let leaves = shape.and_then(|shape| self.leaves(&batch, shape));
            Ok(Input { batch: self.convert(&batch, leaves.is_none())?, leaves })
        }))
    }

    /// Returns what the columns of `data` know, if nothing else needs to be known.
    fn leaves(&self, batch: &RecordBatch, shape: &Shape) -> Option<Leaves> {
        let schema = self.table.schema();
        let data = batch.column_by_name(schema.field(self.table.leaves_column()?).name())?.as_struct_opt()?;
        let leaves = NodeArrays::leaves(data)?;
        Known::of(shape, Some(&leaves))?.is_all().then_some(leaves)
    }

    /// Returns rows as the table has them; without the text of `data` if that is not needed.
    fn convert(&self, batch: &RecordBatch, with_data: bool) -> Result<RecordBatch, SegmentError> {
        let schema = self.table.schema();
        let without = self.table.leaves_column().filter(|_| !with_data);
        let columns = self.columns.iter().zip(schema.fields()).enumerate().map(|(index, (layout, field))| {
            let damaged = |reason: &str| SegmentError::Damaged {
                name: self.name.clone(),
                reason: format!("{reason} {}", field.name()),
            };
            match layout {
                _ if without == Some(index) => {
                    Ok(Arc::new(StringViewArray::from_iter_values(iter::repeat_n("{}", batch.num_rows()))) as ArrayRef)
                }
                ColumnLayout::Missing => absent(field, batch.num_rows()),
                ColumnLayout::Plain(_) => batch
                    .column_by_name(field.name())
                    .map(|column| named(column, field))
                    .ok_or_else(|| damaged("no column")),
                ColumnLayout::Json(_) => {
                    let json = batch.column_by_name(field.name()).and_then(|column| column.as_struct_opt());
                    let json = json.ok_or_else(|| damaged("no column"))?;
                    let texts = NodeArrays::of(json).whole(names_of(json), batch.num_rows());
                    Ok(Arc::new(texts.ok_or_else(|| damaged("no JSON in column"))?) as ArrayRef)
                }
            }
        });
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)?)
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(batch.map_err(SegmentError::from).and_then(|batch| self.convert(&batch, true)))
    }
}

/// Returns a column with the names that the table has for the items of lists.
pub(crate) fn named(column: &ArrayRef, field: &Field) -> ArrayRef {
    match (field.data_type(), column.as_list_opt::<i32>()) {
        (DataType::List(item), Some(list)) => {
            let (_, offsets, values, nulls) = list.clone().into_parts();
            Arc::new(ListArray::new(Arc::clone(item), offsets, values, nulls))
        }
        _ => Arc::clone(column),
    }
}

/// Returns what rows have in a column that is younger than they are: null, or where that can not be the value that
/// stands for nothing.
pub(crate) fn absent(field: &Field, rows: usize) -> Result<ArrayRef, SegmentError> {
    if field.is_nullable() {
        return Ok(new_null_array(field.data_type(), rows));
    }
    let one: ArrayRef = match field.data_type() {
        DataType::Utf8View => Arc::new(arrow::array::StringViewArray::from(vec![""])),
        DataType::List(_) => {
            let none = new_empty_array(&DataType::Utf8View);
            let DataType::List(item) = field.data_type() else { unreachable!("the type was just matched") };
            Arc::new(ListArray::new(Arc::clone(item), arrow::buffer::OffsetBuffer::from_lengths([0]), none, None))
        }
        kind => arrow::compute::cast(&arrow::array::Int64Array::from(vec![0]), kind)?,
    };
    Ok(take(&one, &arrow::array::UInt32Array::from(vec![0; rows]), None)?)
}
