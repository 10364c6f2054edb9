//! Drives the program as a process. Never names the library.

mod architecture;
mod config;
mod context;
mod contract;
mod crash;
mod help;
mod http;
mod lifecycle;
mod program;
mod project;
mod server;
mod storage_failure;
mod tool;
