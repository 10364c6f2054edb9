//! State on disk, the tail in memory, and SQL over both.
//!
//! engine remembers and runs. Clock and disk come in by argument; nothing here speaks HTTP, reads the environment or
//! prints. `journal`, `tail` and `ingest` know nothing of `query`.

pub mod clock;
pub mod disk;
pub mod encode;
mod engine;
pub mod geoip;
pub mod ingest;
pub mod journal;
pub mod query;
pub mod segment;
pub mod snapshot;
pub mod tail;
pub mod task;

pub use engine::{Engine, EngineOptions, LockHolder, OpenError, Stats, read_lock};
