//! The way of an event from the bytes of a request to the journal and the tail.

mod request;

pub use request::{
    Ack, AppendError, Appended, Body, BodyError, Duplicate, Framing, Identity, Prepared, Rejection, RequestKey,
};
