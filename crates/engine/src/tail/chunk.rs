//! One immutable piece of the tail: rows with neighbouring offsets, their columns, and the typed leaves of `data`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::Buffer;
use arrow::compute::filter;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::error::ArrowError;

use crate::clock::Micros;

/// Position of the column `ingested_at`.
const INGESTED_AT: usize = 17;

/// Rows with neighbouring offsets, in offset order.
#[derive(Debug)]
pub struct Chunk {
    /// Offset of the first row; row `i` has `base_offset + i`.
    pub base_offset: u64,
    /// All columns of [`super::events_schema`].
    pub batch: RecordBatch,
    /// Typed columns for the paths inside `data`.
    pub leaves: Leaves,
    /// What the views of all columns and leaves point into.
    pub(crate) buffers: Vec<Buffer>,
    /// Smallest event time.
    pub timestamp_min: Micros,
    /// Largest event time.
    pub timestamp_max: Micros,
    /// Memory that this chunk holds on to, shared constant columns aside.
    pub bytes: usize,
}

impl Chunk {
    /// Returns when the first row came.
    #[must_use]
    pub(crate) fn ingested_at(&self) -> Micros {
        let times = self.batch.column(INGESTED_AT).as_primitive_opt::<TimestampMicrosecondType>();
        times.and_then(|times| times.values().first().copied()).unwrap_or_default()
    }

    /// Returns the offset after the last row.
    #[must_use]
    pub fn end_offset(&self) -> u64 {
        self.base_offset + self.batch.num_rows() as u64
    }
}

/// Typed columns for the paths inside `data`, each as long as the chunk.
#[derive(Debug, Clone, Default)]
pub struct Leaves {
    /// Keys joined by `.`; a key that has a dot itself never becomes a leaf.
    pub(crate) by_path: HashMap<Arc<str>, Leaf>,
    /// Whether some paths of the chunk are in no leaf (too many paths, or a key with a dot in it).
    pub(crate) partial: bool,
    /// Whether some rows have JSON null for a path, which a leaf does not tell from a missing key.
    pub(crate) nulls: bool,
}

/// What a chunk knows about one path inside `data`.
#[derive(Debug, Clone)]
pub enum Leaf {
    /// Every value is null, missing, or of this array's type: `Utf8View`, `Int64`, `Float64` or `Boolean`.
    Typed(ArrayRef),
    /// Values differ in type, or are objects or arrays: read the JSON text of `data`.
    Text,
    /// No row of the chunk has the path.
    Absent,
}

impl Leaves {
    /// Returns what the chunk knows about `path`, its keys joined by `.`.
    #[must_use]
    pub fn get(&self, path: &str) -> Leaf {
        match self.by_path.get(path) {
            Some(leaf) => leaf.clone(),
            None if self.partial => Leaf::Text,
            None => Leaf::Absent,
        }
    }
}

impl Leaves {
    /// Returns the paths and what is known of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Leaf)> {
        self.by_path.iter()
    }

    /// Returns whether the leaves stand for all of `data`: every path has one, and every value is in it.
    pub(crate) fn is_whole(&self) -> bool {
        !self.partial && !self.nulls && !self.by_path.values().any(|leaf| matches!(leaf, Leaf::Text))
    }

    /// Returns the leaves of the rows for which `mask` is true.
    ///
    /// # Errors
    /// When the mask is not as long as the leaves.
    pub(crate) fn filter(&self, mask: &BooleanArray) -> Result<Self, ArrowError> {
        let filtered = |(path, leaf): (&Arc<str>, &Leaf)| {
            let leaf = match leaf {
                Leaf::Typed(array) => Leaf::Typed(filter(array, mask)?),
                Leaf::Text | Leaf::Absent => leaf.clone(),
            };
            Ok((Arc::clone(path), leaf))
        };
        let by_path = self.by_path.iter().map(filtered).collect::<Result<_, ArrowError>>()?;
        Ok(Self { by_path, ..*self })
    }

    /// Returns the bytes of the leaves themselves, without the text that their views point at.
    pub(crate) fn bytes(&self) -> usize {
        self.by_path
            .values()
            .map(|leaf| match leaf {
                Leaf::Typed(array) if *array.data_type() == DataType::Utf8View => array.len() * 16,
                Leaf::Typed(array) => array.len() * 8,
                Leaf::Text | Leaf::Absent => 0,
            })
            .sum()
    }
}

/// Bytes of one column, without the text that its views point at.
pub(crate) fn array_bytes(array: &dyn Array) -> usize {
    let nulls = array.nulls().map_or(0, |nulls| nulls.len() / 8);
    if array.null_count() == array.len() {
        return 0;
    }
    let width = match array.data_type() {
        DataType::Utf8View => 16,
        DataType::Boolean => 1,
        DataType::Int32 => 0,
        DataType::List(_) => 4,
        _ => 8,
    };
    array.len() * width + nulls
}
