//! Measures how fast events go in and answers come out.

use super::tree::examples;
use super::{ExitStatus, Session};
use crate::printer::{CommandError, Shape};

mod connection;
mod load;
mod pace;
mod query;
mod questions;
mod report;
mod response;
mod scenario;
mod server;
mod steps;
mod target;
mod traffic;

pub(super) const SHAPES: &[&Shape] = &[&report::SHAPE, &query::SHAPE];

/// Measure how fast events go in and answers come out
///
/// Latency counts from the moment a request was meant to begin, so that waiting for a slow server is part of it.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow bench ingest --spawn                 # a server of its own, in a folder that is removed",
    "streamflow bench latency --spawn --rate max,echo/2,echo/3",
    "streamflow bench latency --rate 5000 --duration 30s -o json",
    "streamflow bench query --runs 20",
))]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Ingest(steps::IngestArgs),
    Latency(steps::LatencyArgs),
    Echo(steps::EchoArgs),
    Query(query::QueryArgs),
}

pub(super) fn run(args: BenchArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.what {
        What::Ingest(args) => steps::ingest(&args, session),
        What::Latency(args) => steps::latency(&args, session),
        What::Echo(args) => steps::echo(&args, session),
        What::Query(args) => query::run(&args, session),
    }
}
