//! The tail: acknowledged events that are not sealed yet, as Arrow columns in memory.
//!
//! Chunks are immutable once published; a query takes a [`Snapshot`] and works on it without any lock.

mod chunk;
mod schema;

pub use chunk::{Chunk, Leaf, Leaves, PathType, PathTypes, Snapshot};
pub use schema::{events_schema, rejected_schema};
