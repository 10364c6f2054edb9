//! Looks at the machine and the terminal.

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::commands::Session;

/// Below this many descriptors a busy server runs out: each connection takes one.
const OPEN_FILES_WANTED: u64 = 10_000;
/// 2024-01-01 UTC, microseconds: a clock before it was never set.
const CLOCK_MIN: i64 = 1_704_067_200_000_000;
/// Every usual table fits.
const COLUMNS_WANTED: usize = 60;

pub(super) fn version() -> Finding {
    let commit = option_env!("STREAMFLOW_COMMIT").unwrap_or("development build");
    Finding::ok("version", format!("streamflow {} ({commit})", env!("CARGO_PKG_VERSION")))
}

pub(super) fn clock(session: &Session) -> Finding {
    let now = session.now();
    let shown = jiff::Timestamp::from_microsecond(now).map(|time| time.to_string()).unwrap_or_default();
    if now < CLOCK_MIN {
        return Finding::failed(
            "clock",
            format!("the clock says {shown}"),
            "set it, or events get times that lie in the past",
        );
    }
    Finding::ok("clock", shown)
}

pub(super) fn open_files() -> Finding {
    let limit = getrlimit(Resource::Nofile).current;
    match limit {
        None => Finding::ok("limits", "open files are not limited"),
        Some(limit) if limit >= OPEN_FILES_WANTED => Finding::ok("limits", format!("{limit} open files")),
        Some(limit) => Finding::warning(
            "limits",
            format!("only {limit} open files, which is as many connections"),
            format!("raise it before a start under load: ulimit -n {OPEN_FILES_WANTED}"),
        ),
    }
}

pub(super) fn terminal(session: &Session) -> Finding {
    match session.printer().width() {
        None => Finding::ok("terminal", "output goes to a file or a pipe"),
        Some(width) if width < COLUMNS_WANTED => {
            Finding::warning("terminal", format!("{width} columns"), "make the window wider, or use -o vertical")
        }
        Some(width) => Finding::ok("terminal", format!("{width} columns")),
    }
}
