//! Joins small neighbouring chunks into one, so that queries work on thousands of rows at a time.
//!
//! Text is not copied when there are few chunks to join: the views are pointed at the same buffers under new numbers. When
//! many tiny chunks are joined (single events), their buffers are copied into one, once for all columns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, new_null_array};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat};
use arrow::datatypes::DataType;

use super::chunk::{Chunk, Leaf, Leaves, array_bytes};
use super::constant::nulls;
use super::view;

/// Rows that a chunk should have: enough for vectorised work, few enough to merge in a millisecond.
pub(crate) const CHUNK_ROWS_TARGET: usize = 8_192;
/// Buffers that a merged chunk may refer to; more are copied into one.
const BUFFERS_KEPT_MAX: usize = 32;
/// A buffer's offsets have 32 bits.
const BUFFER_BYTES_MAX: usize = u32::MAX as usize / 2;

/// What the merger finds to do.
pub(crate) enum Span {
    /// These neighbours should become one.
    Run(Vec<Arc<Chunk>>),
    /// There is nothing to do before this chunk, now or later.
    SettledUpTo(usize),
}

/// Finds the first run of chunks from `from` on that is worth merging.
pub(crate) fn next_run(chunks: &[Arc<Chunk>], from: usize) -> Span {
    let mut start = from;
    let mut rows = 0;
    let mut bytes = 0;
    for (index, chunk) in chunks.iter().enumerate().skip(from) {
        let own = chunk.batch.num_rows();
        rows += own;
        bytes += chunk.buffers.iter().map(Buffer::len).sum::<usize>();
        let alone = index == start;
        if alone && own >= CHUNK_ROWS_TARGET / 2 {
            (start, rows, bytes) = (index + 1, 0, 0);
        } else if !alone && (rows >= CHUNK_ROWS_TARGET || bytes >= BUFFER_BYTES_MAX) {
            // A big chunk at the end of a run stays by itself.
            let end = if own >= CHUNK_ROWS_TARGET / 2 && index - start > 1 { index } else { index + 1 };
            return Span::Run(chunks[start..end].to_vec());
        }
    }
    Span::SettledUpTo(start)
}

/// Where a chunk's buffers went.
struct Moves {
    buffers: Vec<Buffer>,
    /// For each chunk and each of its buffers: new number, and by how many bytes its text moved.
    places: Vec<Vec<(u32, u32)>>,
}

/// Returns one chunk with the rows of all, which have neighbouring offsets.
pub(crate) fn merge(run: &[Arc<Chunk>]) -> Chunk {
    let moves = place_buffers(run);
    let first = &run[0];
    let columns: Vec<ArrayRef> = (0..first.batch.num_columns())
        .map(|index| {
            let parts: Vec<_> = run.iter().map(|chunk| Arc::clone(chunk.batch.column(index))).collect();
            join(&parts, &moves)
        })
        .collect();
    let leaves = merge_leaves(run, &moves);
    let own = columns.iter().map(|column| array_bytes(column)).sum::<usize>();
    let bytes = own + leaves.bytes() + moves.buffers.iter().map(Buffer::len).sum::<usize>();
    Chunk {
        base_offset: first.base_offset,
        batch: RecordBatch::try_new(first.batch.schema(), columns).expect("the parts have the same schema"),
        leaves,
        timestamp_min: run.iter().map(|chunk| chunk.timestamp_min).min().unwrap_or_default(),
        timestamp_max: run.iter().map(|chunk| chunk.timestamp_max).max().unwrap_or_default(),
        buffers: moves.buffers,
        bytes,
    }
}

fn place_buffers(run: &[Arc<Chunk>]) -> Moves {
    let count: usize = run.iter().map(|chunk| chunk.buffers.iter().filter(|buffer| !buffer.is_empty()).count()).sum();
    let mut buffers = Vec::new();
    let mut joined = Vec::new();
    let places = run
        .iter()
        .map(|chunk| {
            let place = |buffer: &Buffer| {
                if count <= BUFFERS_KEPT_MAX {
                    let number = buffers.len();
                    buffers.push(buffer.clone());
                    return (number as u32, 0);
                }
                let at = joined.len();
                joined.extend_from_slice(buffer);
                (0, at as u32)
            };
            chunk.buffers.iter().map(place).collect()
        })
        .collect();
    if count > BUFFERS_KEPT_MAX {
        buffers.push(Buffer::from_vec(joined));
    }
    Moves { buffers, places }
}

fn join(parts: &[ArrayRef], moves: &Moves) -> ArrayRef {
    match parts[0].data_type() {
        DataType::Utf8View => join_views(parts, moves),
        DataType::List(_) => join_lists(parts, moves),
        _ => {
            let parts: Vec<&dyn Array> = parts.iter().map(|part| &**part).collect();
            concat(&parts).expect("the parts have the same type")
        }
    }
}

fn join_views(parts: &[ArrayRef], moves: &Moves) -> ArrayRef {
    let rows = parts.iter().map(|part| part.len()).sum();
    if parts.iter().all(|part| part.null_count() == part.len()) {
        return nulls(rows);
    }
    let mut views = Vec::with_capacity(rows);
    for (part, places) in parts.iter().zip(&moves.places) {
        views.extend(part.as_string_view().views().iter().map(|view| match view::buffer_of(*view) {
            None => *view,
            Some(buffer) => {
                let (number, shift) = places[buffer as usize];
                view::moved(*view, number, shift)
            }
        }));
    }
    view::array(views, &moves.buffers, join_nulls(parts))
}

fn join_nulls(parts: &[ArrayRef]) -> Option<NullBuffer> {
    parts.iter().any(|part| part.null_count() > 0).then(|| {
        let mut valid = arrow::array::BooleanBufferBuilder::new(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            match part.nulls() {
                Some(nulls) => valid.append_buffer(nulls.inner()),
                None => valid.append_n(part.len(), true),
            }
        }
        NullBuffer::new(valid.finish())
    })
}

fn join_lists(parts: &[ArrayRef], moves: &Moves) -> ArrayRef {
    let lists: Vec<&ListArray> = parts.iter().map(|part| part.as_list::<i32>()).collect();
    let values: Vec<ArrayRef> = lists.iter().map(|list| Arc::clone(list.values())).collect();
    let lengths = lists.iter().flat_map(|list| list.offsets().lengths());
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    let DataType::List(field) = lists[0].data_type() else { unreachable!("as_list checked the type") };
    let values = if values.iter().all(|values| values.is_empty()) {
        view::array(Vec::new(), &[], None)
    } else {
        join_views(&values, moves)
    };
    Arc::new(ListArray::new(Arc::clone(field), offsets, values, None))
}

fn merge_leaves(run: &[Arc<Chunk>], moves: &Moves) -> Leaves {
    let partial = run.iter().any(|chunk| chunk.leaves.partial);
    let paths: HashSet<_> = run.iter().flat_map(|chunk| chunk.leaves.by_path.keys()).collect();
    let by_path: HashMap<_, _> =
        paths.into_iter().map(|path| (Arc::clone(path), merge_leaf(run, path, moves))).collect();
    Leaves { by_path, partial, nulls: run.iter().any(|chunk| chunk.leaves.nulls) }
}

fn merge_leaf(run: &[Arc<Chunk>], path: &str, moves: &Moves) -> Leaf {
    let leaves: Vec<Leaf> = run.iter().map(|chunk| chunk.leaves.get(path)).collect();
    let mut shared: Option<DataType> = None;
    for leaf in &leaves {
        shared = match (shared, leaf) {
            (_, Leaf::Text) => return Leaf::Text,
            (shared, Leaf::Absent) => shared,
            (None, Leaf::Typed(array)) => Some(array.data_type().clone()),
            (Some(shared), Leaf::Typed(array)) if shared == *array.data_type() => Some(shared),
            (Some(shared), Leaf::Typed(array)) if shared.is_numeric() && array.data_type().is_numeric() => {
                Some(DataType::Float64)
            }
            _ => return Leaf::Text,
        };
    }
    let Some(shared) = shared else { return Leaf::Absent };
    let parts: Option<Vec<ArrayRef>> = leaves
        .into_iter()
        .zip(run)
        .map(|(leaf, chunk)| match leaf {
            Leaf::Typed(array) if *array.data_type() == shared => Some(array),
            Leaf::Typed(array) => as_exact_floats(&array),
            _ => Some(new_null_array(&shared, chunk.batch.num_rows())),
        })
        .collect();
    parts.map_or(Leaf::Text, |parts| Leaf::Typed(join(&parts, moves)))
}

/// Returns integers as doubles, unless one of them would change.
fn as_exact_floats(array: &ArrayRef) -> Option<ArrayRef> {
    let floats = cast(array, &DataType::Float64).ok()?;
    let back = cast(&floats, array.data_type()).ok()?;
    (*back == **array).then_some(floats)
}
