//! What an admission review is answered: which Deployments and Services get monitoring keys, and by which patch.
//!
//! Pure: the review's bytes, the values to add and the time come in, the answer's bytes and what was decided go out. TLS, HTTP
//! and counting are the server's.

mod injection;
mod metadata;
mod mutation;
mod patch;
mod review;
mod skip;

pub use injection::{Injection, InvalidValue, Key, PREFIX, Part, Values};
pub use metadata::Unreadable;
pub use mutation::{Change, Subject, mutate};
pub use patch::{Add, CannotApply, Patch};
pub use review::{Operation, Outcome, Refusal, Reviewed, Summary, review};
pub use skip::{Skip, is_system_namespace};

#[cfg(test)]
mod tests;
