//! Drives the program as a process. Never names the library.

#![expect(clippy::unwrap_used, reason = "a test that can not go on says so by panicking")]

mod architecture;
mod backup;
mod bench;
mod bundle;
mod cluster;
mod config;
mod context;
mod contract;
mod crash;
mod demo;
mod door;
mod everything;
mod examples;
mod formats;
mod geoip;
mod guide;
mod help;
mod history;
mod http;
mod lifecycle;
mod moves;
mod program;
mod project;
mod query;
mod questions;
mod screen;
mod send;
mod server;
mod shell;
mod sql;
mod storage;
mod store;
mod tail;
mod tmux;
mod tool;
mod tui;
mod webhook;
