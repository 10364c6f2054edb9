//! A segment: one sealed Parquet file of events, sorted by time, with JSON columns taken apart into typed ones.
//!
//! [`write`] makes one of record batches and says what a catalog has to know about it ([`SegmentSummary`]);
//! [`Segment::open`] reads its footer once, and the reading side takes only the leaf columns that a question needs.
//! How JSON is laid out is drawn in `layout`, its bytes in `variant`.

mod file;
mod known;
pub(crate) mod layout;
mod merge;
mod pages;
mod paths;
mod place;
pub(crate) mod read;
pub(crate) mod rebuild;
pub(crate) mod shape;
mod shred;
mod sink;
mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod variant;
mod variant_write;
mod write;

use arrow::datatypes::SchemaRef;

pub(crate) use file::ColumnLayout;
pub use file::Segment;
pub use merge::{Keep, merge, merge_kept};
pub use place::place;
pub use read::Rows;
pub use sink::FileSink;
pub use summary::{ColumnSummary, LeafSummary, SegmentSummary};
pub(crate) use write::PAGE_ROWS;
pub use write::{Codec, Input, WriteOptions, write};

use crate::tail::{events_schema, rejected_schema};

/// The tables that are sealed into segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Events,
    RejectedEvents,
}

impl Table {
    /// Returns the columns. Their field ids in a file are 1, 2, …; after the last one follow the items of lists.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        match self {
            Self::Events => events_schema(),
            Self::RejectedEvents => rejected_schema(),
        }
    }

    /// Returns the positions of columns that hold JSON objects as text, and are VARIANT in a file.
    #[must_use]
    pub fn json_columns(self) -> &'static [usize] {
        match self {
            Self::Events => &[7, 8],
            Self::RejectedEvents => &[],
        }
    }

    /// Returns the position of the JSON column that the tail keeps typed leaves of.
    pub(crate) fn leaves_column(self) -> Option<usize> {
        match self {
            Self::Events => Some(7),
            Self::RejectedEvents => None,
        }
    }

    /// Returns the position of the time that rows are sorted by.
    pub(crate) fn time_column(self) -> usize {
        0
    }

    pub(crate) fn time_name(self) -> &'static str {
        match self {
            Self::Events => "timestamp",
            Self::RejectedEvents => "received_at",
        }
    }

    /// Returns the position of the time of arrival, where it is another one.
    pub(crate) fn append_time_column(self) -> Option<usize> {
        match self {
            Self::Events => Some(17),
            Self::RejectedEvents => None,
        }
    }

    pub(crate) fn offset_column(self) -> usize {
        match self {
            Self::Events => 20,
            Self::RejectedEvents => 4,
        }
    }
}

/// Why a segment can not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("a segment needs at least one row")]
    Empty,
    #[error("a JSON column holds something that is no object")]
    NotAnObject,
    #[error("segment {name} has format {version}, this version reads up to {max}", max = paths::FORMAT_VERSION)]
    Newer { name: String, version: u32 },
    #[error("segment {name} is damaged: {reason}")]
    Damaged { name: String, reason: String },
    #[error("the file of a segment failed")]
    Io(#[from] std::io::Error),
    #[error("a segment can not be encoded or decoded")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("the columns of a segment do not fit together")]
    Arrow(#[from] arrow::error::ArrowError),
}
