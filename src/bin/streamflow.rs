//! The `streamflow` program. Everything it does is in the library.

use std::process::ExitCode;

/// Ingestion makes many short-lived allocations on several threads, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    streamflow::commands::main()
}
