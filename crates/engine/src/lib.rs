//! State on disk, the tail in memory, and SQL over both.
//!
//! engine remembers and runs. Clock and disk come in by argument; nothing here speaks HTTP, reads the environment or
//! prints. `journal`, `tail` and `ingest` know nothing of `query`.

pub mod backup;
pub mod catalog;
pub mod clock;
pub mod compactor;
pub mod disk;
pub mod encode;
mod engine;
pub mod geoip;
pub mod ingest;
pub mod journal;
pub mod object;
pub mod query;
mod sealer;
pub mod segment;
pub mod snapshot;
pub mod tail;
pub mod task;
pub mod verify;

pub use engine::{
    Engine, EngineOptions, HistoryFile, HistoryStats, LockHolder, OpenError, SealError, SealReport, Stats, Steps,
    StepsOptions, read_lock, verify_folder,
};
