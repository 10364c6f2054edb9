//! Seeded simulation of the StreamFlow engine over a disk and a clock that fail.
//!
//! The engine's code runs unchanged on one thread; its doors to the disk and to time lead here. One number decides
//! everything that happens, so a failing run is reproduced by its seed.

mod chance;
mod clock;
mod disk;
pub mod history;
pub mod hostile;
pub mod ingest;

pub use chance::Chance;
pub use clock::SimClock;
pub use disk::{Crash, Faults, SimDisk};
