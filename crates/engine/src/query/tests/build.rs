//! Builds chunks from events written as JSON, with leaves as the tail keeps them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, RecordBatch, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use serde_json::Value;

use crate::segment::{self, Segment, Table, WriteOptions};
use crate::snapshot::Snapshot;
use crate::tail::{Chunk, Leaf, Leaves, PathType, PathTypes, events_schema};

/// Returns a snapshot whose chunks hold these events.
pub(super) fn snapshot_of(chunks: &[&[Value]]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut paths = PathTypes::default();
    let mut base_offset = 0;
    for events in chunks {
        snapshot.chunks.push(Arc::new(chunk_of(base_offset, events)));
        base_offset += events.len() as u64;
        for (path, values) in paths_of(events) {
            if let Some(kind) = kind_of(&values) {
                let entry = paths.by_path.entry(path.as_str().into()).or_insert(kind);
                *entry = entry.union(kind);
            }
        }
    }
    snapshot.paths = Arc::new(paths);
    snapshot
}

/// Returns one chunk that holds these events.
pub(super) fn chunk_of(base_offset: u64, events: &[Value]) -> Chunk {
    let times: Vec<i64> = events
        .iter()
        .map(|event| event["timestamp"].as_str().unwrap_or("2026-01-01T00:00:00Z").parse::<jiff::Timestamp>().unwrap())
        .map(jiff::Timestamp::as_microsecond)
        .collect();
    let columns: Vec<ArrayRef> = events_schema()
        .fields()
        .iter()
        .map(|field| match (field.name().as_str(), field.data_type()) {
            (_, DataType::Timestamp(..)) => {
                Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC")) as ArrayRef
            }
            ("tags", _) => tags(events),
            ("_partition", _) => Arc::new(Int32Array::from(vec![0; events.len()])),
            ("_offset", _) => {
                Arc::new(Int64Array::from_iter_values((0..events.len()).map(|row| base_offset as i64 + row as i64)))
            }
            (name @ ("data" | "metadata"), _) => {
                let text = |event: &Value| event.get(name).map_or_else(|| "{}".to_owned(), Value::to_string);
                Arc::new(StringViewArray::from_iter_values(events.iter().map(text)))
            }
            (name, _) => {
                let text = |event: &Value| match event.get(name).and_then(Value::as_str) {
                    None if !field.is_nullable() => Some(String::new()),
                    text => text.map(str::to_owned),
                };
                Arc::new(StringViewArray::from_iter(events.iter().map(text)))
            }
        })
        .collect();
    Chunk {
        base_offset,
        batch: RecordBatch::try_new(events_schema(), columns).unwrap(),
        leaves: Leaves {
            by_path: paths_of(events)
                .into_iter()
                .filter_map(|(path, values)| Some((path.as_str().into(), leaf_of(&values)?)))
                .collect::<HashMap<_, _>>(),
            partial: has_dotted_keys(events),
            // These chunks are sealed from their text.
            nulls: true,
        },
        timestamp_min: times.iter().copied().min().unwrap_or_default(),
        timestamp_max: times.iter().copied().max().unwrap_or_default(),
        buffers: Vec::new(),
        bytes: 0,
    }
}

/// Returns the same chunk without leaves: every path is read from text.
pub(super) fn without_leaves(chunk: &Chunk) -> Chunk {
    Chunk {
        base_offset: chunk.base_offset,
        batch: chunk.batch.clone(),
        leaves: Leaves { by_path: HashMap::new(), partial: true, nulls: true },
        timestamp_min: chunk.timestamp_min,
        timestamp_max: chunk.timestamp_max,
        buffers: Vec::new(),
        bytes: 0,
    }
}

/// Returns the same rows with the first `count` chunks sealed, each into a segment of its own.
pub(super) fn sealed(snapshot: &Snapshot, count: usize) -> Snapshot {
    let mut snapshot = snapshot.clone();
    let chunks: Vec<_> = snapshot.chunks.drain(..count).collect();
    snapshot.segments =
        chunks.iter().map(|chunk| Arc::new(segment_of(std::slice::from_ref(&chunk.batch), 128 << 10))).collect();
    snapshot
}

/// Returns a segment with the rows of the batches.
pub(super) fn segment_of(batches: &[RecordBatch], group_rows: usize) -> Segment {
    let mut file = Vec::new();
    let options = WriteOptions { group_rows, ..WriteOptions::default() };
    let inputs: Vec<_> = batches.iter().cloned().map(segment::Input::from).collect();
    segment::write(Table::Events, &inputs, &mut file, &options).unwrap();
    Segment::from_bytes(Table::Events, "test", file.into()).unwrap()
}

fn tags(events: &[Value]) -> ArrayRef {
    let item = Field::new_list_field(DataType::Utf8View, false);
    let mut tags = ListBuilder::new(StringViewBuilder::new()).with_field(item);
    for event in events {
        for tag in event["tags"].as_array().into_iter().flatten() {
            tags.values().append_value(tag.as_str().unwrap());
        }
        tags.append(true);
    }
    Arc::new(tags.finish())
}

/// Returns the values at every path, one a row.
fn paths_of(events: &[Value]) -> BTreeMap<String, Vec<Value>> {
    let mut paths: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (row, event) in events.iter().enumerate() {
        visit("", &event["data"], &mut |path, value| {
            let values = paths.entry(path.to_owned()).or_insert_with(|| vec![Value::Null; events.len()]);
            values[row] = value.clone();
        });
    }
    paths
}

fn visit(prefix: &str, value: &Value, found: &mut impl FnMut(&str, &Value)) {
    for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| !key.contains('.')) {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        found(&path, value);
        visit(&path, value, found);
    }
}

fn has_dotted_keys(events: &[Value]) -> bool {
    events.iter().any(|event| event["data"].as_object().is_some_and(|data| data.keys().any(|key| key.contains('.'))))
}

fn kind_of(values: &[Value]) -> Option<PathType> {
    values
        .iter()
        .filter_map(|value| match value {
            Value::Null => None,
            Value::String(_) => Some(PathType::Text),
            Value::Bool(_) => Some(PathType::Bool),
            Value::Number(number) if number.is_i64() => Some(PathType::Int),
            Value::Number(_) => Some(PathType::Float),
            Value::Array(_) | Value::Object(_) => Some(PathType::Mixed),
        })
        .reduce(PathType::union)
}

fn leaf_of(values: &[Value]) -> Option<Leaf> {
    Some(match kind_of(values)? {
        PathType::Text => Leaf::Typed(Arc::new(StringViewArray::from_iter(values.iter().map(Value::as_str)))),
        PathType::Int => Leaf::Typed(Arc::new(Int64Array::from_iter(values.iter().map(Value::as_i64)))),
        PathType::Float => Leaf::Typed(Arc::new(Float64Array::from_iter(values.iter().map(Value::as_f64)))),
        PathType::Bool => Leaf::Typed(Arc::new(BooleanArray::from_iter(values.iter().map(Value::as_bool)))),
        PathType::Mixed => Leaf::Text,
    })
}
