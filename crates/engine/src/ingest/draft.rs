//! Finished columns of a batch that has no place in the journal yet: all but offset and append time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::buffer::{Buffer, ScalarBuffer};
use arrow::compute::filter;

use crate::clock::Micros;
use crate::tail::constant::{offsets, partition, tenant};
use crate::tail::{Chunk, Leaf, Leaves, array_bytes, events_schema};

/// Finished columns of a batch that has no place in the journal yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) rows: usize,
    /// Event times, null where the append time takes their place.
    pub(crate) timestamp: Int64Array,
    /// type, source, severity, data, metadata, tags, `device_type`
    pub(crate) columns: [ArrayRef; 7],
    /// `user_id`, `session_id`, `correlation_id`, id, os, browser, country, region, city
    pub(crate) optional: [ArrayRef; 9],
    pub(crate) leaves: Leaves,
    /// What the views of all columns point into: the body, and text written anew.
    pub(crate) buffers: Vec<Buffer>,
    /// Bytes of `buffers`.
    pub(crate) held: usize,
    /// Where each row's event is in the body.
    pub(crate) spans: Vec<(u32, u32)>,
    /// Rows that have a client id, and the id's fingerprint.
    pub(crate) ids: Vec<(u32, u128)>,
    pub(crate) unknown_keys: u64,
}

impl Draft {
    /// Returns the JSON of the rows for which `keep` is true, a line each.
    pub(crate) fn raw(&self, keep: impl Fn(usize) -> bool) -> Vec<u8> {
        let body = self.buffers[0].as_slice();
        let mut raw = Vec::with_capacity(body.len());
        for (_, (start, end)) in self.spans.iter().enumerate().filter(|(row, _)| keep(*row)) {
            raw.extend_from_slice(&body[*start as usize..*end as usize]);
            raw.push(b'\n');
        }
        raw
    }

    /// Keeps the rows for which `keep` is true.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mask = BooleanArray::from(keep.to_vec());
        let kept = |array: &dyn Array| filter(array, &mask).expect("the mask is as long as the column");
        self.timestamp = Int64Array::from(kept(&self.timestamp).to_data());
        for column in self.columns.iter_mut().chain(&mut self.optional) {
            *column = kept(column);
        }
        for leaf in self.leaves.by_path.values_mut() {
            if let Leaf::Typed(array) = leaf {
                *array = kept(array);
            }
        }
        let mut rows = keep.iter();
        self.spans.retain(|_| rows.next().is_some_and(|keep| *keep));
        self.ids.clear();
        self.rows = keep.iter().filter(|keep| **keep).count();
    }

    /// Returns the bytes that the chunk will hold on to, shared constants aside.
    pub(crate) fn bytes(&self) -> usize {
        let own = self.columns.iter().chain(&self.optional).map(|column| array_bytes(column)).sum::<usize>();
        // Event time, append time and offset take eight bytes a row each.
        own + 3 * 8 * self.rows + self.leaves.bytes() + self.held
    }

    /// Returns the chunk that these rows become; `arrivals` says how many of them came when.
    pub(crate) fn place(self, base_offset: u64, arrivals: &[(usize, Micros)]) -> Chunk {
        let bytes = self.bytes();
        let rows = self.rows;
        let ingested_at = moments(arrivals);
        let timestamp = fill(self.timestamp, &ingested_at);
        let times = timestamp.values().iter();
        let (timestamp_min, timestamp_max) = times.fold((i64::MAX, i64::MIN), |(lo, hi), t| (lo.min(*t), hi.max(*t)));
        let [kind, source, severity, data, metadata, tags, device_type] = self.columns;
        let [user_id, session_id, correlation_id, id, os, browser, country, region, city] = self.optional;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(timestamp),
            kind,
            source,
            severity,
            user_id,
            session_id,
            correlation_id,
            data,
            metadata,
            tags,
            id,
            device_type,
            os,
            browser,
            country,
            region,
            city,
            Arc::new(TimestampMicrosecondArray::new(ingested_at, None).with_timezone("UTC")),
            tenant(rows),
            partition(rows),
            offsets(base_offset, rows),
        ];
        let batch = RecordBatch::try_new(events_schema(), columns).expect("the columns are those of the schema");
        Chunk { base_offset, batch, leaves: self.leaves, buffers: self.buffers, timestamp_min, timestamp_max, bytes }
    }
}

/// Returns the time of arrival of each row.
fn moments(arrivals: &[(usize, Micros)]) -> ScalarBuffer<i64> {
    let moments: Vec<i64> = match arrivals {
        [(rows, at)] => vec![*at; *rows],
        _ => arrivals.iter().flat_map(|(rows, at)| std::iter::repeat_n(*at, *rows)).collect(),
    };
    moments.into()
}

fn fill(times: Int64Array, ingested_at: &ScalarBuffer<i64>) -> TimestampMicrosecondArray {
    let (_, values, nulls) = times.into_parts();
    let values = match nulls {
        None => values,
        Some(nulls) => {
            let rows = values.iter().zip(nulls.iter()).zip(ingested_at.iter());
            rows.map(|((value, sent), arrived)| if sent { *value } else { *arrived }).collect()
        }
    };
    TimestampMicrosecondArray::new(values, None).with_timezone("UTC")
}
