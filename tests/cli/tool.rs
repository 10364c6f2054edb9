//! Finds tools that a test needs and that the toolchain does not bring. A missing one is said loudly; with
//! `STREAMFLOW_TEST_REQUIRE_TOOLS=1` it is a failure.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

static MISSING: AtomicUsize = AtomicUsize::new(0);

/// Returns the tool's path, or says that the test which calls this checks nothing.
pub(crate) fn find(tool: &str, test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(tool)).find(|file| file.is_file());
    if found.is_none() {
        say_missing(tool, test);
    }
    found
}

/// Returns a file that a package brings, or says that the test which calls this checks nothing.
pub(crate) fn file(path: &str, test: &str) -> Option<PathBuf> {
    let found = Some(PathBuf::from(path)).filter(|path| path.is_file());
    if found.is_none() {
        say_missing(path, test);
    }
    found
}

/// Returns a Python that has DuckDB and its extensions `ducklake` and `sqlite_scanner`: the one that
/// `STREAMFLOW_TEST_DUCKDB` names, or the one of the environment that `.ci/run` makes.
pub(crate) fn python_with_duckdb(test: &str) -> Option<PathBuf> {
    python_with("duckdb", "STREAMFLOW_TEST_DUCKDB", "DuckDB", test)
}

/// Returns a Python that has `moto[server]`, which plays an S3-compatible store: the one that `STREAMFLOW_TEST_MOTO` names,
/// or the one of the environment that `.ci/run` makes.
pub(crate) fn python_with_moto(test: &str) -> Option<PathBuf> {
    python_with("moto", "STREAMFLOW_TEST_MOTO", "moto[server]", test)
}

fn python_with(folder: &str, variable: &str, what: &str, test: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let made = cache.map(|cache| cache.join("streamflow").join(folder).join("bin/python"));
    let found = std::env::var_os(variable).map(PathBuf::from).or(made).filter(|path| path.is_file());
    if found.is_none() {
        say_missing(&format!("Python with {what}"), test);
    }
    found
}

pub(crate) fn say_missing(tool: &str, test: &str) {
    let required = std::env::var("STREAMFLOW_TEST_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(!required, "{test} needs {tool}, which is not installed");
    let count = MISSING.fetch_add(1, Ordering::Relaxed) + 1;
    // Written past the test harness, which hides what a passing test prints.
    let message =
        format!("NOT CHECKED: {test} needs {tool}, which is not installed ({count} tests not checked so far)\n");
    // Opened for adding: where stderr is a file, writing it anew would take away what it has.
    let stderr = std::fs::OpenOptions::new().append(true).open("/dev/stderr");
    stderr.and_then(|mut stderr| stderr.write_all(message.as_bytes())).unwrap_or_default();
}
