//! Takes columns that the tail or another segment has already over into a segment, so that their JSON is not read a second time.
//!
//! Leaves stand for a row's JSON only if nothing of it is outside them: no JSON null (which leaves do not tell
//! from a missing key), no list or object, and no path without a column in the segment. All other rows are odd and are
//! taken apart from their text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::error::ArrowError;

use super::shape::{LeafType, Shape, Typed};
use super::shred::EXACT_INT_MAX;
use super::write::Input;
use crate::tail::{Leaf, Leaves};

/// Which rows of one batch need no reading, and their columns.
#[derive(Debug)]
pub(crate) struct Known {
    /// For each child of the shape's root its column, if any row of the batch has the path.
    columns: Vec<Option<ArrayRef>>,
    /// Rows whose text has to be read, if there are any.
    odd: Option<BooleanBuffer>,
}

impl Known {
    /// Returns what a batch's leaves know of a JSON column with this shape, or none if its text has to be read.
    pub(crate) fn of(shape: &Shape, leaves: Option<&Leaves>) -> Option<Self> {
        let leaves = leaves.filter(|leaves| leaves.is_whole())?;
        let children = &shape.nodes[0].children;
        // An object without columns is kept as a value, which leaves do not have.
        if children.is_empty() {
            return None;
        }
        let mut known = Self { columns: vec![None; children.len()], odd: None };
        for (path, leaf) in leaves.iter() {
            let Leaf::Typed(array) = leaf else { continue };
            let child = children.iter().position(|child| *shape.nodes[*child].name == **path);
            let column = child.and_then(|child| Some((child, fitting(array, shape.nodes[children[child]].typed)?)));
            match column {
                Some((child, column)) => known.columns[child] = Some(column),
                None => known.mark_odd(array),
            }
        }
        Some(known)
    }

    /// Returns whether no row's text has to be read.
    pub(crate) fn is_all(&self) -> bool {
        self.odd.is_none()
    }

    pub(crate) fn is_odd(&self, row: usize) -> bool {
        self.odd.as_ref().is_some_and(|odd| odd.value(row))
    }

    fn mark_odd(&mut self, array: &ArrayRef) {
        let present = match array.nulls() {
            Some(nulls) => nulls.inner().clone(),
            None => BooleanBuffer::new_set(array.len()),
        };
        self.odd = Some(match &self.odd {
            Some(odd) => odd | &present,
            None => present,
        });
    }
}

/// Returns the columns of the shape's root for some rows, by the number of their batch and their place in it.
pub(crate) fn gather(
    shape: &Shape,
    known: &[Option<Known>],
    inputs: &[Input],
    rows: &[(usize, usize)],
) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
    let columns = shape.nodes[0].children.iter().enumerate().map(|(child, node)| {
        let Typed::Leaf(leaf_type) = shape.nodes[*node].typed else { return Ok(None) };
        let column = |known: &Option<Known>| known.as_ref().and_then(|known| known.columns[child].clone());
        let parts: Vec<ArrayRef> = known
            .iter()
            .zip(inputs)
            .map(|(known, input)| {
                column(known).unwrap_or_else(|| new_null_array(&leaf_type.data_type(), input.batch.num_rows()))
            })
            .collect();
        let parts: Vec<&dyn Array> = parts.iter().map(|part| &**part).collect();
        interleave(&parts, rows).map(Some)
    });
    columns.collect()
}

/// Returns the values as the type that the segment has for them, if each of them stays the same value.
fn fitting(array: &ArrayRef, typed: Typed) -> Option<ArrayRef> {
    let Typed::Leaf(leaf) = typed else { return None };
    if *array.data_type() == leaf.data_type() {
        return Some(Arc::clone(array));
    }
    let ints = array.as_primitive_opt::<Int64Type>().filter(|_| leaf == LeafType::Float)?;
    let is_exact = ints.iter().flatten().all(|value| value.unsigned_abs() <= EXACT_INT_MAX);
    #[expect(clippy::cast_precision_loss, reason = "each of them is exact")]
    let floats = || ints.unary::<_, Float64Type>(|value| value as f64);
    is_exact.then(|| Arc::new(floats()) as ArrayRef)
}
