//! The `streamflow` program: command line, HTTP server and client.
//!
//! The binary speaks; what it knows of storage and SQL it asks the engine. ARCHITECTURE.md says which module may use
//! which.

pub mod admission;
pub mod api;
pub mod client;
pub mod commands;
pub mod generator;
pub mod kube;
pub mod printer;
pub mod server;
pub mod settings;
pub mod shell;
pub mod telemetry;
pub mod tui;
