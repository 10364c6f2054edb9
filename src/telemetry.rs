//! What the program tells about itself: logs, named tasks.
//!
//! Logs go to stderr; a detached server's stderr is its log file. Secrets never reach a log: their type prints as dots.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

pub mod process;
pub mod task;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Libraries whose own talk at level info is of no use to an operator. That of Kubernetes logs each fault and returns it, too, so
/// that it would be told twice.
const QUIET_LIBRARIES: &str =
    "hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,datafusion=warn,h2=warn,tungstenite=warn,kube_client=off";

/// Starts logging for a command: faults only, more with each `-v`.
pub fn start_for_command(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    start(level, LogFormat::Text);
}

/// Starts logging at `level` and above, unless it was started before.
pub fn start(level: &str, format: LogFormat) {
    // At debug and trace the libraries are wanted too.
    let directives =
        if matches!(level, "debug" | "trace") { level.to_owned() } else { format!("{level},{QUIET_LIBRARIES}") };
    let builder =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new(directives)).with_writer(io::stderr).with_ansi(
            io::stderr().is_terminal() && anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        );
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_target(true).try_init(),
    };
    // A second start keeps the first one's choices.
    started.unwrap_or_default();
}
