//! Looks up single events, and those that were rejected.

mod get;
mod rejected;
mod resend;

use super::Session;
use super::tree::examples;
use crate::printer::{CommandError, ExitStatus, Shape};

pub(super) const SHAPES: &[&Shape] = &[&rejected::REJECTED, &resend::RESENT];

/// Look up an event, or deal with rejected ones
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow events get 0:17", "streamflow events rejected --last 1h", "streamflow events resend --all"))]
pub(super) struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum EventsCommand {
    Get(get::GetArgs),
    Rejected(rejected::RejectedArgs),
    Resend(resend::ResendArgs),
}

pub(super) fn run(args: EventsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.command {
        EventsCommand::Get(args) => get::run(args, session),
        EventsCommand::Rejected(args) => rejected::run(args, session),
        EventsCommand::Resend(args) => resend::run(args, session),
    }
}
