//! Names what may go wrong with a disk, and how often.

use std::time::Duration;

/// What may go wrong. `one_in` fields: once in so many operations, 0 is never.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Bytes that fit on the disk.
    pub capacity: u64,
    /// Every change is refused.
    pub read_only: bool,
    pub write_error_one_in: u64,
    /// The sync fails, and what it should have made durable is so only in part, for good.
    pub sync_error_one_in: u64,
    pub read_error_one_in: u64,
    /// The sync claims success and does nothing: a device that lies.
    pub lost_sync_one_in: u64,
    pub slow_one_in: u64,
    pub slow: Duration,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            capacity: u64::MAX,
            read_only: false,
            write_error_one_in: 0,
            sync_error_one_in: 0,
            read_error_one_in: 0,
            lost_sync_one_in: 0,
            slow_one_in: 0,
            slow: Duration::ZERO,
        }
    }
}
