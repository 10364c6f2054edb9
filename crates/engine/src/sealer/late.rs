//! Keeps rows that came very late apart, so that the times of most files stay tight and a question about an hour reads
//! little more than that hour.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;

use crate::clock::Micros;
use crate::segment::Input;

/// Events that are older than this when they arrive are late, microseconds.
const LATE_MICROS: i64 = 3_600 * 1_000_000;
/// Column of the event time, and of the time of arrival.
const TIMESTAMP: usize = 0;
const INGESTED_AT: usize = 17;

/// Splits events into those that came in time and those that came late. Where nearly all came late (an import), they are
/// one kind.
pub(super) fn split(inputs: Vec<Input>) -> Result<Vec<Vec<Input>>, ArrowError> {
    let masks: Vec<BooleanArray> = inputs.iter().map(|input| is_late(&input.batch)).collect();
    let late: usize = masks.iter().map(BooleanArray::true_count).sum();
    let rows: usize = inputs.iter().map(|input| input.batch.num_rows()).sum();
    if late == 0 || late * 2 > rows {
        return Ok(vec![inputs]);
    }
    let mut kinds = vec![Vec::new(), Vec::new()];
    for (input, mask) in inputs.iter().zip(&masks) {
        for (kind, mask) in kinds.iter_mut().zip([not(mask)?, mask.clone()]) {
            let batch = filter_record_batch(&input.batch, &mask)?;
            if batch.num_rows() > 0 {
                let leaves = input.leaves.as_ref().map(|leaves| leaves.filter(&mask)).transpose()?;
                kind.push(Input { batch, leaves });
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
