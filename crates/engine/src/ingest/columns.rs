//! The columns of one batch of events while its body is read, and nothing of what becomes of it.

use std::sync::Arc;

use arrow::array::ListArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};
use bytes::Bytes;
use streamflow_core::event::Severity;

use super::column::Column;
use super::draft::Draft;
use super::leaf::LeafTree;
use crate::clock::Micros;
use crate::tail::constant::nulls;
use crate::tail::view;

/// The parts of an event that are strings and may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextField {
    UserId,
    SessionId,
    CorrelationId,
    Id,
    Os,
    Browser,
    Country,
    Region,
    City,
}

/// Number of [`TextField`]s.
const TEXT_FIELDS: usize = 9;

/// The columns of one batch of events while its body is read.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    rows: usize,
    kind: Vec<u128>,
    source: Vec<u128>,
    severity: Vec<u128>,
    device_type: Vec<u128>,
    data: Vec<u128>,
    metadata: Vec<u128>,
    text: [Column<u128>; TEXT_FIELDS],
    timestamp: Column<i64>,
    tags: Vec<u128>,
    tag_ends: Vec<i32>,
    pub(crate) leaves: LeafTree,
    /// Text that is not in the body as such: escapes taken out, metadata with unknown keys.
    pub(crate) side: Vec<u8>,
    /// Where each row's event is in the body.
    pub(crate) spans: Vec<(u32, u32)>,
    /// Rows that have a client id, and the id's fingerprint.
    pub(crate) ids: Vec<(u32, u128)>,
    /// Top-level keys that are no fields of an event.
    pub(crate) unknown_keys: u64,
    /// Rows that the body probably holds.
    rows_expected: usize,
    /// Bytes of an event, from the batch before.
    bytes_a_row: usize,
}

/// Columns that were cleared keep their memory up to this many rows. What is cleared is nearly always a single event.
const ROWS_KEPT_MAX: usize = 1_024;

/// One event, checked and ready to become a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) kind: u128,
    pub(crate) source: u128,
    pub(crate) severity: Severity,
    pub(crate) device_type: u128,
    pub(crate) data: u128,
    pub(crate) metadata: u128,
    /// Event time; the append time takes its place if the client sent none.
    pub(crate) timestamp: Option<Micros>,
    pub(crate) span: (u32, u32),
}

const SEVERITIES: [u128; 4] = [
    view::inline(Severity::Low.as_str()),
    view::inline(Severity::Medium.as_str()),
    view::inline(Severity::High.as_str()),
    view::inline(Severity::Critical.as_str()),
];

impl Columns {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Makes room for the events of a body, so that columns do not grow by copying.
    pub(crate) fn expect(&mut self, body_bytes: usize) {
        self.rows_expected = match self.bytes_a_row {
            0 => 0,
            bytes_a_row => body_bytes / bytes_a_row + 1,
        };
        let rows = self.rows_expected;
        let columns = [&mut self.kind, &mut self.source, &mut self.severity];
        for column in columns.into_iter().chain([&mut self.device_type, &mut self.data, &mut self.metadata]) {
            column.reserve_exact(rows);
        }
        self.spans.reserve_exact(rows);
        self.tag_ends.reserve_exact(rows);
        self.timestamp.expect(rows);
        self.leaves.expect(rows);
    }

    #[inline]
    pub(crate) fn set_text(&mut self, field: TextField, view: u128) {
        let column = &mut self.text[field as usize];
        column.expect(self.rows_expected);
        column.pad(self.rows);
        column.push(view);
    }

    /// Sets a text that is not in the body.
    pub(crate) fn set_own_text(&mut self, field: TextField, text: &str) {
        if text.len() <= view::INLINE_BYTES_MAX {
            return self.set_text(field, view::inline(text));
        }
        let start = self.side.len();
        self.side.extend_from_slice(text.as_bytes());
        self.set_text(field, view::view(&self.side, start, self.side.len(), view::SIDE));
    }

    pub(crate) fn push_tag(&mut self, view: u128) {
        self.tags.push(view);
    }

    /// Completes the current row, whose texts, tags and leaves are set already.
    #[inline]
    pub(crate) fn push(&mut self, row: Row) {
        self.kind.push(row.kind);
        self.source.push(row.source);
        self.severity.push(SEVERITIES[row.severity as usize]);
        self.device_type.push(row.device_type);
        self.data.push(row.data);
        self.metadata.push(row.metadata);
        self.spans.push(row.span);
        self.tag_ends.push(i32::try_from(self.tags.len()).unwrap_or(i32::MAX));
        if let Some(timestamp) = row.timestamp {
            self.timestamp.pad(self.rows);
            self.timestamp.push(timestamp);
        }
        self.rows += 1;
    }

    /// Forgets what was set for the current row, which turned out to be no event.
    pub(crate) fn roll_back(&mut self) {
        let rows = self.rows;
        self.text.iter_mut().for_each(|column| column.truncate(rows));
        self.tags.truncate(self.tag_ends.last().map_or(0, |end| usize::try_from(*end).unwrap_or(0)));
        self.ids.truncate(self.ids.partition_point(|(row, _)| (*row as usize) < rows));
        self.leaves.truncate(rows);
    }

    /// Returns the finished columns and leaves these empty, but for the shape of `data`.
    pub(crate) fn finish(&mut self, body: Bytes) -> Draft {
        let rows = self.rows;
        self.bytes_a_row = body.len() / rows.max(1);
        let held = body.len() + self.side.len();
        let buffers = vec![Buffer::from(body), Buffer::from_vec(std::mem::take(&mut self.side))];
        self.timestamp.pad(rows);
        let timestamp = self.timestamp.finish();
        let leaves = self.leaves.finish(rows, &buffers);
        let text = |column: &mut Vec<u128>| view::array(std::mem::take(column), &buffers, None);
        let tag_ends = std::iter::once(0).chain(std::mem::take(&mut self.tag_ends)).collect::<Vec<i32>>();
        let tag_field = Arc::new(Field::new_list_field(DataType::Utf8View, false));
        let tag_ends = OffsetBuffer::new(ScalarBuffer::from(tag_ends));
        let tags = ListArray::new(tag_field, tag_ends, text(&mut self.tags), None);
        let columns = [
            text(&mut self.kind),
            text(&mut self.source),
            text(&mut self.severity),
            text(&mut self.data),
            text(&mut self.metadata),
            Arc::new(tags),
            text(&mut self.device_type),
        ];
        let optional = std::mem::take(&mut self.text).map(|mut column| {
            if column.len() == 0 {
                return nulls(rows);
            }
            column.pad(rows);
            column.finish_text(&buffers)
        });
        let (spans, ids) = (std::mem::take(&mut self.spans), std::mem::take(&mut self.ids));
        let unknown_keys = std::mem::take(&mut self.unknown_keys);
        self.rows = 0;
        Draft { rows, timestamp, columns, optional, leaves, buffers, held, spans, ids, unknown_keys }
    }

    /// Returns the client id of the only row, and its fingerprint.
    pub(crate) fn single_id(&self, body: &[u8]) -> Option<(String, u128)> {
        let (_, fingerprint) = *self.ids.first()?;
        let view = *self.text[TextField::Id as usize].last()?;
        let bytes = view::bytes(view, &[body, &self.side]);
        Some((String::from_utf8_lossy(&bytes).into_owned(), fingerprint))
    }

    /// Forgets all rows; keeps the shape of `data`, and memory for about as many rows.
    pub(crate) fn clear(&mut self) {
        if self.rows > ROWS_KEPT_MAX {
            let mut leaves = std::mem::take(&mut self.leaves);
            leaves.finish(0, &[]);
            *self = Self { leaves, bytes_a_row: self.bytes_a_row, ..Self::default() };
            return;
        }
        self.rows = 0;
        for column in [
            &mut self.kind,
            &mut self.source,
            &mut self.severity,
            &mut self.device_type,
            &mut self.data,
            &mut self.metadata,
            &mut self.tags,
        ] {
            column.clear();
        }
        self.text.iter_mut().for_each(Column::clear);
        self.timestamp.clear();
        self.tag_ends.clear();
        self.leaves.clear();
        self.side.clear();
        self.spans.clear();
        self.ids.clear();
        self.unknown_keys = 0;
    }
}
