//! 128-bit keyed fingerprints that stand for client ids in memory.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// Makes fingerprints with a key, so that nobody outside can make two ids collide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint {
    key: (u64, u64),
}

impl Fingerprint {
    pub(crate) fn new(key: (u64, u64)) -> Self {
        Self { key }
    }

    /// Returns the fingerprint of an id.
    pub(crate) fn of(&self, id: &[u8]) -> u128 {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write(id);
        hasher.finish128().as_u128()
    }
}
