//! Reads what an engine holds, as a query would see it.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use streamflow_engine::clock::Micros;
use streamflow_engine::snapshot::Snapshot;

/// Everything that is visible, in the order in which it is stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) events: Vec<Event>,
    pub(super) rejected: Vec<Rejected>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) offset: u64,
    pub(super) marker: u64,
    pub(super) id: Option<u64>,
    pub(super) ingested_at: Micros,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) number: i64,
    pub(super) marker: u64,
}

impl Observed {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let events = snapshot.chunks.iter().flat_map(|chunk| events(&chunk.batch)).collect();
        let rejected = snapshot.rejected.iter().flat_map(rejected).collect();
        Self { events, rejected }
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a dyn Array {
    batch.column_by_name(name).expect("the table has the columns of its schema")
}

fn events(batch: &RecordBatch) -> Vec<Event> {
    let offsets = column(batch, "_offset").as_primitive::<Int64Type>();
    let markers = column(batch, "correlation_id").as_string_view();
    let ids = column(batch, "id").as_string_view();
    let times = column(batch, "ingested_at").as_primitive::<TimestampMicrosecondType>();
    (0..batch.num_rows())
        .map(|row| Event {
            offset: u64::try_from(offsets.value(row)).expect("offsets are not negative"),
            marker: number_after(markers.value(row), "m"),
            id: ids.is_valid(row).then(|| number_after(ids.value(row), "id-")),
            ingested_at: times.value(row),
        })
        .collect()
}

fn rejected(batch: &RecordBatch) -> Vec<Rejected> {
    let numbers = column(batch, "_offset").as_primitive::<Int64Type>();
    let raw = column(batch, "raw").as_string_view();
    (0..batch.num_rows())
        .map(|row| Rejected {
            number: numbers.value(row),
            marker: number_after(raw.value(row), "\"correlation_id\":\"m"),
        })
        .collect()
}

/// Returns the digits after the first `prefix` of a text that this simulation wrote.
fn number_after(text: &str, prefix: &str) -> u64 {
    let rest = text.split_once(prefix).map_or("", |(_, rest)| rest);
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_else(|_| panic!("{text:?} is not what was sent"))
}
