//! Has the allocator keep the memory that it was given once.
//!
//! Under load a server frees and needs megabytes a millisecond. Giving pages back and faulting them in again, cleared by the
//! kernel, was more than half of what ingestion cost, and clearing huge pages the larger part of that. The allocator reads its
//! options from the environment, once, before `main`; so a server replaces itself with the same program under these.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Options of mimalloc: never give pages back; no huge pages.
const OPTIONS: [(&str, &str); 2] = [("MIMALLOC_PURGE_DELAY", "-1"), ("MIMALLOC_ALLOW_THP", "0")];

/// Starts this program again in this very process if the allocator's options are not set; returns only if they are, or
/// if that fails, which costs speed and nothing else.
pub(super) fn keep_memory() {
    if OPTIONS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let failure = match std::env::current_exe() {
        Ok(program) => again(Command::new(program)),
        Err(error) => error,
    };
    tracing::warn!(error = %failure, "the allocator runs with its defaults; ingestion is slower");
}

fn again(mut command: Command) -> io::Error {
    command.args(std::env::args_os().skip(1)).envs(OPTIONS).exec()
}
