//! Keeps rows that came very late apart, so that the times of most files stay tight and a question about an hour reads
//! little more than that hour.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;

use crate::clock::Micros;

/// Events that are older than this when they arrive are late, microseconds.
const LATE_MICROS: i64 = 3_600 * 1_000_000;
/// Column of the event time, and of the time of arrival.
const TIMESTAMP: usize = 0;
const INGESTED_AT: usize = 17;

/// Splits events into those that came in time and those that came late. Where nearly all came late (an import), they are
/// one kind.
pub(super) fn split(batches: Vec<RecordBatch>) -> Result<Vec<Vec<RecordBatch>>, ArrowError> {
    let masks: Vec<BooleanArray> = batches.iter().map(is_late).collect();
    let late: usize = masks.iter().map(BooleanArray::true_count).sum();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if late == 0 || late * 2 > rows {
        return Ok(vec![batches]);
    }
    let mut kinds = vec![Vec::new(), Vec::new()];
    for (batch, mask) in batches.iter().zip(&masks) {
        for (kind, mask) in kinds.iter_mut().zip([not(mask)?, mask.clone()]) {
            let rows = filter_record_batch(batch, &mask)?;
            if rows.num_rows() > 0 {
                kind.push(rows);
            }
        }
    }
    Ok(kinds)
}

fn is_late(batch: &RecordBatch) -> BooleanArray {
    let times = |column: usize| batch.column(column).as_primitive::<TimestampMicrosecondType>().values();
    let late = |(time, arrived): (&Micros, &Micros)| Some(arrived.saturating_sub(*time) > LATE_MICROS);
    times(TIMESTAMP).iter().zip(times(INGESTED_AT)).map(late).collect()
}
