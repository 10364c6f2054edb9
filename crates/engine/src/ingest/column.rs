//! Growing columns of one batch, with nulls kept as runs because most columns have none or nothing else.

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};
use std::sync::Arc;

use crate::tail::view;

/// A column of `T` under construction. Rows without a value hold `T::default()` and are remembered as runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column<T> {
    values: Vec<T>,
    /// First row and length of each run of nulls, in order.
    null_runs: Vec<(usize, usize)>,
}

impl<T: Copy + Default> Column<T> {
    /// Makes room for so many rows, if the column is empty.
    #[inline]
    pub(crate) fn expect(&mut self, rows: usize) {
        if self.values.capacity() == 0 {
            self.values.reserve_exact(rows);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.values.last()
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        self.values.push(value);
    }

    /// Adds nulls until the column has `rows` rows.
    #[inline]
    pub(crate) fn pad(&mut self, rows: usize) {
        let from = self.values.len();
        if from >= rows {
            return;
        }
        self.values.resize(rows, T::default());
        match self.null_runs.last_mut() {
            Some((start, length)) if *start + *length == from => *length += rows - from,
            _ => self.null_runs.push((from, rows - from)),
        }
    }

    /// Forgets all rows and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.null_runs.clear();
    }

    /// Takes back every row from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        while let Some((start, length)) = self.null_runs.last_mut() {
            if *start >= rows {
                self.null_runs.pop();
                continue;
            }
            *length = (*length).min(rows - *start);
            break;
        }
    }

    /// Returns the same column with every value converted, or none if one can't be.
    pub(crate) fn try_map<U: Copy + Default>(&self, convert: impl Fn(T) -> Option<U>) -> Option<Column<U>> {
        let values = self.values.iter().map(|value| convert(*value)).collect::<Option<_>>()?;
        Some(Column { values, null_runs: self.null_runs.clone() })
    }

    fn take(&mut self) -> (Vec<T>, Option<NullBuffer>) {
        let values = std::mem::take(&mut self.values);
        if self.null_runs.is_empty() {
            return (values, None);
        }
        let mut valid = arrow::array::BooleanBufferBuilder::new(values.len());
        for (start, length) in self.null_runs.drain(..) {
            valid.append_n(start - valid.len(), true);
            valid.append_n(length, false);
        }
        valid.append_n(values.len() - valid.len(), true);
        (values, Some(NullBuffer::new(valid.finish())))
    }
}

impl Column<u128> {
    /// Returns the finished array of strings and leaves the column empty.
    pub(crate) fn finish_text(&mut self, buffers: &[Buffer]) -> ArrayRef {
        let (values, nulls) = self.take();
        view::array(values, buffers, nulls)
    }
}

impl Column<i64> {
    /// Returns the finished array and leaves the column empty.
    pub(crate) fn finish(&mut self) -> Int64Array {
        let (values, nulls) = self.take();
        Int64Array::new(ScalarBuffer::from(values), nulls)
    }
}

impl Column<f64> {
    /// Returns the finished array and leaves the column empty.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        let (values, nulls) = self.take();
        Arc::new(Float64Array::new(ScalarBuffer::from(values), nulls))
    }
}

impl Column<bool> {
    /// Returns the finished array and leaves the column empty.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        let (values, nulls) = self.take();
        Arc::new(BooleanArray::new(values.into(), nulls))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    fn check(rows: &[Option<i64>], edit: impl Fn(&mut Column<i64>), expected: &[Option<i64>]) {
        let mut column = Column::default();
        for row in rows {
            match row {
                Some(value) => column.push(*value),
                None => column.pad(column.len() + 1),
            }
        }
        edit(&mut column);
        let array = column.finish();
        assert_eq!(array.iter().collect::<Vec<_>>(), expected);
        assert_eq!(array.null_count(), expected.iter().filter(|row| row.is_none()).count());
    }

    #[test]
    fn nulls_stay_in_their_rows() {
        let rows = [None, Some(1), None, None, Some(2), None];
        check(&rows, |_| {}, &rows);
        check(&rows, |column| column.truncate(3), &rows[..3]);
        check(&rows, |column| column.truncate(0), &[]);
        check(&[], |column| column.pad(2), &[None, None]);
    }
}
