//! Drives the program as a process. Never names the library.

mod architecture;
mod config;
mod context;
mod contract;
mod crash;
mod help;
mod lifecycle;
mod program;
mod project;
mod server;
mod tool;
