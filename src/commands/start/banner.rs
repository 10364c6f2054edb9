//! What a person sees when the server serves.

use std::net::SocketAddr;

use super::{Plan, shown_dir};
use crate::printer::paint::{ACCENT, FAINT, GOOD};
use crate::printer::{Printer, painted};
use crate::server::Role;

pub(super) fn show(printer: &Printer, plan: &Plan, addresses: &[(Role, SocketAddr)], entrance: Role, events: u64) {
    let version = env!("CARGO_PKG_VERSION");
    printer.talk(format_args!("{} streamflow {version} serves {}", painted(GOOD, "●"), shown_dir(plan)));
    if plan.settings.project_dir().is_none() {
        printer.talk(painted(FAINT, "  no project here (no config.yaml); `streamflow init` makes one"));
    }
    for (role, address) in addresses {
        let note = match role {
            Role::Gateway => "  every route; commands talk to this one",
            role if *role == entrance => "  commands talk to this one",
            _ => "",
        };
        let url = painted(ACCENT, format_args!("http://{address}"));
        printer.talk(format_args!("  {:<10} {url}{}", role.as_str(), painted(FAINT, note)));
    }
    if events > 0 {
        printer.talk(format_args!("  {events} events are there"));
    }
    let next = if events > 0 {
        "streamflow query \"SELECT * FROM events LIMIT 10\""
    } else {
        "streamflow send web.click -d page=/"
    };
    printer.talk(format_args!("  try        {next}"));
    printer.talk("  stop       Ctrl-C");
}
