//! Puts sealed history in its place at a start: files, what the journal need not hold, and the ids that are remembered.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::catalog::DataFile;
use crate::clock::Micros;
use crate::ingest::Store;
use crate::journal::Floor;
use crate::sealer::{History, SealError};
use crate::segment::Segment;
use crate::snapshot::SealedFiles;

/// Columns that say when an id came and where it is.
const ID_COLUMNS: [&str; 3] = ["id", "ingested_at", "_offset"];

/// Gives the store what was sealed before, and returns what the journal need not hold.
///
/// # Errors
/// When a file of history can't be read.
pub(super) fn restore(history: History, store: &mut Store, now: Micros) -> Result<Floor, SealError> {
    let floor = Floor {
        next_offset: history.sealed.next_offset,
        next_rejected: history.sealed.next_rejected,
        last_appended_at: history.sealed.last_appended_at,
    };
    for (line, at) in &history.request_keys {
        store.restore_key(line, *at);
    }
    let window = i64::try_from(store.dedup_window().as_micros()).unwrap_or(i64::MAX);
    let mut ids = Vec::new();
    for (file, segment) in &history.events {
        if now.saturating_sub(file.ingested_at.1) <= window {
            collect_ids(file, segment, &mut ids)?;
        }
    }
    // Ids are forgotten in the order in which they came, and files are sorted by event time.
    ids.sort_unstable_by_key(|(offset, ..)| *offset);
    for (offset, at, id) in &ids {
        store.restore_id(id.as_bytes(), *offset, *at);
    }
    let events: Vec<Arc<Segment>> = history.events.into_iter().map(|(_, segment)| segment).collect();
    store.set_history(SealedFiles { events, rejected: history.rejected }, floor);
    Ok(floor)
}

fn collect_ids(file: &DataFile, segment: &Segment, ids: &mut Vec<(u64, Micros, String)>) -> Result<(), SealError> {
    for batch in segment.columns_in_order(&ID_COLUMNS)? {
        let batch = batch?;
        let column = |name: &str| batch.column_by_name(name);
        let (Some(names), Some(times), Some(offsets)) = (column("id"), column("ingested_at"), column("_offset")) else {
            tracing::warn!(file = file.name, "a file of history has no ids; duplicates of them are not noticed");
            return Ok(());
        };
        if names.null_count() == names.len() {
            continue;
        }
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let offsets = offsets.as_primitive::<Int64Type>();
        for (row, id) in names.as_string_view().iter().enumerate() {
            if let Some(id) = id {
                ids.push((offsets.value(row).unsigned_abs(), times.value(row), id.to_owned()));
            }
        }
    }
    Ok(())
}
