//! The dashboard in the terminal.
//!
//! ```text
//!   keys, signals ─┐
//!   live events  ──┼─► one bounded channel ─► State::update ─► Actions ─► Worker, Screen
//!   answers ───────┘                              └─► draw
//! ```
//!
//! One thread waits on the channel, changes the state and draws it; it sleeps while nothing comes. It talks to a server, or to
//! a project's files, through the client alone.

pub mod action;
pub mod app;
pub mod command;
pub mod cursor;
mod draw;
pub mod event;
#[cfg(test)]
mod fixture;
mod history;
mod input;
pub mod key;
pub mod keymap;
pub mod lexer;
pub mod probe;
pub mod row;
pub mod state;
pub mod statement;
pub mod terminal;
pub mod text;
pub mod theme;
mod worker;

pub use self::action::Ending;
pub use self::app::{Options, run};
pub use self::worker::Connect;
