//! Simulates history: events are sealed, merged, removed and deleted while the disk fails and the machine crashes, with the
//! journal on the same disk and the catalog in a real SQLite.
//!
//! The promises:
//!
//! * An acknowledged event is there once, in a file or in the tail, until it is too old; then it goes, and does not come back.
//! * Whatever the catalog names is there, whole, and no longer or shorter than it says.
//! * The bounds of a file cover every row of it, so that none is ruled out.
//! * Merging changes no row.
//! * A transaction of the catalog counts whole or not at all, whether or not anybody was told.
//! * No crash makes the catalog look as if something else had changed it.

mod borders;
mod machine;
mod run;

pub use borders::CatalogFailures;
pub use run::{Report, run};

#[cfg(test)]
mod tests;
