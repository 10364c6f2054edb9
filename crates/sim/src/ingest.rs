//! Simulates ingestion: requests are committed while the disk fails, the clock jumps and the machine crashes, and after
//! every start what is there is compared with what was promised.
//!
//! The promises:
//!
//! * What was acknowledged is there after any crash, once, at the offset that was answered.
//! * What was not acknowledged is there or not, but a list is never there in part.
//! * Offsets have no gaps and append times never go back, whatever the clock does.
//! * An event that is sent again with its id, or a request with its key, counts once.
//! * Rejected events are kept like the others.
//! * A torn end is cut off without a word to the sender; damage to what was acknowledged is reported.
//! * When the disk works again, so does the journal.

mod machine;
mod model;
mod observed;
mod requests;
mod run;

pub use run::{Report, Violation, run};

#[cfg(test)]
mod tests;
