//! States that statements are planned in, kept from one statement to the next: copying the names of all functions takes
//! longer than planning a small statement.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::execution::SessionState;
use parking_lot::Mutex;

use super::{QueryError, QueryLimits, failure, session};

/// States that are kept when nobody uses them.
const SPARE_MAX: usize = 8;

/// The states of a query engine. All share functions, rules and memory.
#[derive(Debug)]
pub(super) struct States {
    limits: QueryLimits,
    first: OnceLock<SessionState>,
    spare: Mutex<Vec<SessionState>>,
}

impl States {
    pub(super) fn new(limits: QueryLimits) -> Self {
        Self { limits, first: OnceLock::new(), spare: Mutex::default() }
    }

    /// Returns the memory that running statements hold.
    pub(super) fn memory_bytes(&self) -> usize {
        self.first.get().map_or(0, |state| state.runtime_env().memory_pool.reserved())
    }

    /// Returns a state that nobody else uses, and that knows no table.
    pub(super) fn take(self: &Arc<Self>) -> Result<State, QueryError> {
        let spare = self.spare.lock().pop();
        let state = match spare {
            Some(state) => state,
            None => self.first()?.clone(),
        };
        Ok(State { state: Some(state), home: Arc::clone(self) })
    }

    /// Returns the state that the others are copies of, which is made for the first statement.
    pub(super) fn first(&self) -> Result<&SessionState, QueryError> {
        if let Some(state) = self.first.get() {
            return Ok(state);
        }
        let state = session::shared_state(&self.limits).map_err(|error| failure::of_running(&error))?;
        Ok(self.first.get_or_init(|| state))
    }
}

/// A state that goes back when it is dropped.
#[derive(Debug)]
pub(super) struct State {
    /// Nothing while it is dropped.
    state: Option<SessionState>,
    home: Arc<States>,
}

impl Deref for State {
    type Target = SessionState;

    fn deref(&self) -> &SessionState {
        self.state.as_ref().expect("a state is there until it is dropped")
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut SessionState {
        self.state.as_mut().expect("a state is there until it is dropped")
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        // A state that waits must not hold on to the rows of the last statement.
        state.register_catalog_list(Arc::new(MemoryCatalogProviderList::new()));
        let mut spare = self.home.spare.lock();
        if spare.len() < SPARE_MAX {
            spare.push(state);
        }
    }
}
