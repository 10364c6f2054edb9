//! Rejected events: kept in the journal and in memory inside a budget of their own, oldest dropped first.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use serde_json::{Map, Value, json};

use super::decoder::Rejected;
use crate::clock::Micros;
use crate::tail::rejected_schema;

/// A rejected event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRejection {
    pub(crate) received_at: Micros,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) raw: String,
    pub(crate) number: u64,
}

/// What a stored rejection costs beside its text, roughly.
const ROW_BYTES: usize = 96;

impl StoredRejection {
    fn bytes(&self) -> usize {
        ROW_BYTES + self.code.len() + self.message.len() + self.raw.len()
    }
}

/// Rejected events in memory.
#[derive(Debug)]
pub(crate) struct RejectedStore {
    rows: VecDeque<StoredRejection>,
    bytes: usize,
    bytes_max: usize,
    pub(crate) dropped: u64,
    batch: Option<RecordBatch>,
}

impl RejectedStore {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { rows: VecDeque::new(), bytes: 0, bytes_max, dropped: 0, batch: None }
    }

    pub(crate) fn push(&mut self, row: StoredRejection) {
        self.bytes += row.bytes();
        self.rows.push_back(row);
        self.batch = None;
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.rows.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.dropped += 1;
        }
    }

    /// Returns the number after the last row, if there is a row.
    pub(crate) fn next_number(&self) -> Option<u64> {
        self.rows.back().map(|row| row.number + 1)
    }

    /// Returns when the oldest row came.
    pub(crate) fn oldest(&self) -> Option<Micros> {
        self.rows.front().map(|row| row.received_at)
    }

    /// Forgets rows below a number: they are sealed.
    pub(crate) fn forget_below(&mut self, number: u64) {
        while let Some(oldest) = self.rows.front().filter(|row| row.number < number) {
            self.bytes -= oldest.bytes();
            self.rows.pop_front();
            self.batch = None;
        }
    }

    /// Returns the rows as a batch of `rejected_events`; made once until something changes.
    pub(crate) fn batch(&mut self) -> RecordBatch {
        self.batch.get_or_insert_with(|| to_batch(&self.rows)).clone()
    }
}

fn to_batch(rows: &VecDeque<StoredRejection>) -> RecordBatch {
    let text = |field: fn(&StoredRejection) -> &str| {
        Arc::new(rows.iter().map(|row| Some(field(row))).collect::<StringViewArray>())
    };
    let times = rows.iter().map(|row| row.received_at);
    let numbers = rows.iter().map(|row| i64::try_from(row.number).unwrap_or(i64::MAX));
    RecordBatch::try_new(
        rejected_schema(),
        vec![
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
            text(|row| &row.code),
            text(|row| &row.message),
            text(|row| &row.raw),
            Arc::new(Int64Array::from_iter_values(numbers)),
        ],
    )
    .expect("the columns are those of the schema")
}

/// Returns the journal's form of rejected events: one JSON object a line.
pub(crate) fn encode(rejected: &[Rejected]) -> Vec<u8> {
    let mut lines = Vec::new();
    for Rejected { rejection, raw } in rejected {
        let row = json!({"code": rejection.code, "message": rejection.message, "raw": String::from_utf8_lossy(raw)});
        lines.extend_from_slice(row.to_string().as_bytes());
        lines.push(b'\n');
    }
    lines
}

/// Reads the journal's form back; `first` is the number of the first of them.
pub(crate) fn decode(lines: &[u8], received_at: Micros, first: u64) -> Option<Vec<StoredRejection>> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .zip(first..)
        .map(|(line, number)| {
            let mut row: Map<String, Value> = serde_json::from_slice(line).ok()?;
            let mut text = |name: &str| match row.remove(name) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            };
            let (code, message, raw) = (text("code")?, text("message")?, text("raw")?);
            Some(StoredRejection { received_at, code, message, raw, number })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::request::Rejection;
    use super::*;

    fn rejected(raw: &'static str) -> Rejected {
        let rejection = Rejection { index: 4, code: "missing_field", message: "\"type\" is missing".to_owned() };
        Rejected { rejection, raw: raw.into() }
    }

    #[test]
    fn what_the_journal_keeps_reads_back() {
        let lines = encode(&[rejected("{\"a\":\n\"é\"}"), rejected("")]);
        let rows = decode(&lines, 5, 10).unwrap();
        assert_eq!(rows[0].raw, "{\"a\":\n\"é\"}");
        assert_eq!((rows[1].number, rows[1].received_at, rows[1].code.as_str()), (11, 5, "missing_field"));
        assert_eq!(decode(b"{}\n", 0, 0), None);
    }

    #[test]
    fn the_oldest_is_dropped_and_counted_when_the_budget_is_full() {
        let mut store = RejectedStore::new(3 * (ROW_BYTES + 40));
        for (number, row) in decode(&encode(&vec![rejected("x"); 20]), 0, 0).unwrap().into_iter().enumerate() {
            store.push(row);
            assert!(store.bytes <= store.bytes_max);
            assert_eq!(store.rows.len() as u64 + store.dropped, number as u64 + 1);
        }
        assert!(store.dropped > 0);
        assert_eq!(store.batch().num_rows(), store.rows.len());
        assert_eq!(store.rows.back().unwrap().number, 19);
    }
}
