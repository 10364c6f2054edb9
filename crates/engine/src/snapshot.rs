//! What a query sees: sealed history and the tail as they are at one moment.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::segment::Segment;
use crate::tail::{Chunk, PathTypes};

/// Every event that was acknowledged before the snapshot was taken.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Sealed history, oldest first.
    pub segments: Vec<Arc<Segment>>,
    /// What is not sealed, in offset order.
    pub chunks: Vec<Arc<Chunk>>,
    /// Types of the paths inside `data`, of segments ([`PathTypes::absorb`]) and chunks.
    pub paths: Arc<PathTypes>,
    /// Sealed rejected events, oldest first.
    pub rejected_segments: Vec<Arc<Segment>>,
    /// Batches of [`crate::tail::rejected_schema`], oldest first.
    pub rejected: Vec<RecordBatch>,
}
