//! Prints one event.

use serde_json::{Map, Value};

use crate::client::Request;
use crate::commands::tail::EVENT;
use crate::commands::tree::examples;
use crate::commands::{Session, remote};
use crate::printer::{CommandError, ExitStatus};

/// Print one event
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow events get 0:17", "streamflow events get order-4711 -o json"))]
pub(super) struct GetArgs {
    /// The id it was sent with, or PARTITION:OFFSET
    id: String,
}

pub(super) fn run(args: GetArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::reader(session)?;
    let event: Map<String, Value> =
        session.block_on(async { Ok(client.send(Request::get("/events").segment(&args.id)).await?.json().await?) })?;
    session.printer().record(EVENT.name, &event)?;
    Ok(ExitStatus::Ok)
}
