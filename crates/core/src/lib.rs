//! What an event is and what follows from it.
//!
//! core decides: pure functions and types. It reads no clock, touches no disk, starts no task and logs nothing; time,
//! chance and settings are arguments.

pub mod admission;
pub mod certificate;
pub mod error_code;
pub mod event;
pub mod filter;
pub mod json;
pub mod question;
pub mod schema;
pub mod suggest;
pub mod time;
pub mod user_agent;
