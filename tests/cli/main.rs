//! Drives the program as a process. Never names the library.

#![allow(clippy::unwrap_used, reason = "all of this is tests: a panic is how they fail")]

mod architecture;
mod config;
mod context;
mod contract;
mod crash;
mod guide;
mod help;
mod http;
mod lifecycle;
mod program;
mod project;
mod query;
mod questions;
mod send;
mod server;
mod tail;
mod tool;
