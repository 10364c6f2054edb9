//! The fields of an event: their names, and the order in which they probably come.

use streamflow_core::json::{ExpectedKey, Reader};

/// A field that an event may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Field {
    Type,
    Source,
    Timestamp,
    Severity,
    Data,
    Metadata,
    UserId,
    SessionId,
    CorrelationId,
    Tags,
    Id,
}

impl Field {
    /// Returns the field of this name, in any of its spellings.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"type" | b"event_type" => Self::Type,
            b"source" => Self::Source,
            b"timestamp" | b"ts" => Self::Timestamp,
            b"severity" => Self::Severity,
            b"data" => Self::Data,
            b"metadata" => Self::Metadata,
            b"user_id" => Self::UserId,
            b"session_id" => Self::SessionId,
            b"correlation_id" => Self::CorrelationId,
            b"tags" => Self::Tags,
            b"id" => Self::Id,
            _ => return None,
        })
    }

    /// Returns a bit of its own, whichever spelling is used.
    pub(crate) const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Positions in an event that are remembered; there are eleven fields.
const POSITIONS: usize = 12;

/// Which field the event before had at which position.
#[derive(Debug, Default)]
pub(crate) struct FieldOrder {
    expected: [Option<(ExpectedKey, Field)>; POSITIONS],
}

impl FieldOrder {
    /// Takes the key at this position of an event if it is the one that the event before had there.
    #[inline]
    pub(crate) fn take(&self, position: usize, reader: &mut Reader<'_>) -> Option<Field> {
        let (expected, field) = self.expected.get(position)?.as_ref()?;
        reader.take_expected(expected).then_some(*field)
    }

    /// Remembers what was at this position.
    pub(crate) fn remember(&mut self, position: usize, name: &[u8], field: Field) {
        if let Some(slot) = self.expected.get_mut(position) {
            *slot = ExpectedKey::new(name).map(|expected| (expected, field));
        }
    }
}
