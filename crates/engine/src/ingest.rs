//! The way of an event from the bytes of a request to the journal and the tail.
//!
//! `decoder` and what it uses run on the connection's thread; `writer` runs on the journal thread; `store` is what both and
//! all readers share.

mod column;
mod columns;
mod decoder;
mod dedup;
mod draft;
mod enrich;
mod event;
mod field;
mod fingerprint;
mod intake;
mod leaf;
mod pending;
mod prepared;
mod rejected;
mod request;
mod request_keys;
mod schemas;
mod store;
mod writer;

pub(crate) use decoder::Decoder;
pub(crate) use intake::Intake;
pub use prepared::Prepared;
pub use request::{Ack, AppendError, Appended, Body, BodyError, Duplicate, Framing, Identity, Rejection, RequestKey};
pub use store::{Store, StoreOptions};
pub use writer::{Request, Writer};

use streamflow_core::event::Limits;

/// Decodes, validates and enriches a body.
///
/// # Errors
/// When the body as a whole is no list of events.
pub(crate) fn prepare_with(
    decoder: &mut Decoder,
    body: Body,
    store: &Store,
    limits: Limits,
) -> Result<Prepared, BodyError> {
    let decoded = decoder.decode(&body.bytes, body.framing, &store.fingerprint, limits, &store.schemas.current())?;
    Ok(Prepared::new(decoder, decoded, body.bytes))
}

/// Decodes, validates and enriches a body, with a decoder of its own: for callers that prepare seldom.
///
/// # Errors
/// When the body as a whole is no list of events.
pub fn prepare(body: Body, store: &Store, limits: Limits) -> Result<Prepared, BodyError> {
    prepare_with(&mut Decoder::of(store.geo.clone()), body, store, limits)
}

#[cfg(test)]
mod tests;
