//! The borders of the catalog's transactions, which are not always passed.

use std::fmt;

use parking_lot::Mutex;
use streamflow_engine::catalog::{Border, Borders, Passage};

use crate::Chance;

/// How often transactions fail at each border; 0 is never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CatalogFaults {
    pub(super) begin_one_in: u64,
    pub(super) commit_one_in: u64,
    pub(super) committed_one_in: u64,
    /// How often there is no room for another page.
    pub(super) full_one_in: u64,
}

/// How often each happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CatalogFailures {
    pub begin: u64,
    pub commit: u64,
    pub committed: u64,
    /// Transactions that had no room to grow; some need none.
    pub full: u64,
}

pub(super) struct Guard {
    state: Mutex<(Chance, CatalogFaults, CatalogFailures)>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&self.state.lock().1).finish()
    }
}

impl Guard {
    pub(super) fn new(chance: Chance) -> Self {
        Self { state: Mutex::new((chance, CatalogFaults::default(), CatalogFailures::default())) }
    }

    pub(super) fn set(&self, faults: CatalogFaults) {
        self.state.lock().1 = faults;
    }

    pub(super) fn failures(&self) -> CatalogFailures {
        self.state.lock().2
    }
}

impl Borders for Guard {
    fn pass(&self, border: Border) -> Passage {
        let mut state = self.state.lock();
        let (chance, faults, failures) = &mut *state;
        let (one_in, count) = match border {
            Border::Begin => (faults.begin_one_in, &mut failures.begin),
            Border::Commit => (faults.commit_one_in, &mut failures.commit),
            Border::Committed => (faults.committed_one_in, &mut failures.committed),
        };
        if chance.one_in(one_in) {
            *count += 1;
            return Passage::Fails;
        }
        if border == Border::Begin && chance.one_in(faults.full_one_in) {
            failures.full += 1;
            return Passage::Full;
        }
        Passage::Open
    }
}
