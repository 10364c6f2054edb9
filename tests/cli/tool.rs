//! Finds tools that a test needs and that the toolchain does not bring. A missing one is said loudly; with
//! `STREAMFLOW_TEST_REQUIRE_TOOLS=1` it is a failure.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

static MISSING: AtomicUsize = AtomicUsize::new(0);

/// Returns the tool's path, or says that the test which calls this checks nothing.
pub(crate) fn find(tool: &str, test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).map(|dir| dir.join(tool)).find(|file| file.is_file()) {
        return Some(found);
    }
    let required = std::env::var("STREAMFLOW_TEST_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(!required, "{test} needs {tool}, which is not installed");
    let count = MISSING.fetch_add(1, Ordering::Relaxed) + 1;
    // Written past the test harness, which hides what a passing test prints.
    let message =
        format!("NOT CHECKED: {test} needs {tool}, which is not installed ({count} tests not checked so far)\n");
    std::fs::write("/dev/stderr", message).unwrap_or_default();
    None
}
