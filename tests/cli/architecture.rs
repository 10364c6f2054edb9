//! Reads every path in the sources and fails when a module uses one that it may not know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the binary may use, of the binary's own modules and of the other crates.
const BINARY: &[(&str, &[&str])] = &[
    ("admission", &["core", "telemetry"]),
    ("api", &["core"]),
    ("generator", &[]),
    ("client", &["api", "core"]),
    ("kube", &["api", "core", "telemetry"]),
    ("server", &["api", "core", "engine", "telemetry"]),
    ("printer", &["core"]),
    ("settings", &["core"]),
    ("shell", &[]),
    ("telemetry", &[]),
    // The dashboard asks through the client, as any program would.
    ("tui", &["api", "client", "core", "telemetry"]),
    // The composition root may use everything.
    ("commands", &["*"]),
    ("bin", &["*"]),
    ("lib", &["*"]),
];

/// What each module of the engine may use. The write path knows nothing of SQL.
const ENGINE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("disk", &[]),
    ("task", &[]),
    ("geoip", &["disk"]),
    ("object", &["disk"]),
    ("journal", &["clock", "disk"]),
    ("tail", &["clock", "core"]),
    ("segment", &["clock", "core", "disk", "tail"]),
    ("catalog", &["clock", "segment", "tail"]),
    ("compactor", &["catalog", "clock", "disk", "ingest", "sealer", "segment", "snapshot", "task"]),
    ("verify", &["catalog", "clock", "disk", "journal", "segment"]),
    // Restoring to a moment replays the journal, as opening a folder does.
    (
        "backup",
        &[
            "catalog",
            "clock",
            "compactor",
            "disk",
            "engine",
            "ingest",
            "journal",
            "object",
            "sealer",
            "segment",
            "snapshot",
            "task",
            "verify",
        ],
    ),
    (
        "sealer",
        &["catalog", "clock", "core", "disk", "ingest", "journal", "object", "segment", "snapshot", "tail", "task"],
    ),
    ("snapshot", &["segment", "tail"]),
    ("ingest", &["clock", "core", "disk", "geoip", "journal", "segment", "snapshot", "tail", "task"]),
    ("encode", &["tail"]),
    ("query", &["clock", "core", "encode", "object", "segment", "snapshot", "tail", "task"]),
    ("engine", &["*"]),
    ("lib", &["*"]),
];

#[test]
fn modules_of_the_binary_use_only_what_they_may() {
    check("src", BINARY);
}

#[test]
fn the_write_path_of_the_engine_knows_nothing_of_sql() {
    check("crates/engine/src", ENGINE);
}

#[test]
fn core_uses_nothing_of_ours() {
    for file in rust_files(&root().join("crates/core/src"))
        .into_iter()
        .filter(|file| !is_test(file.strip_prefix(root()).unwrap()))
    {
        let text = fs::read_to_string(&file).unwrap();
        for other in ["streamflow_engine", "streamflow::", "datafusion", "tokio::", "std::fs", "std::net"] {
            assert!(!code(&text).any(|line| line.contains(other)), "{} uses {other}", file.display());
        }
    }
}

#[test]
fn no_file_is_a_drawer() {
    for dir in ["src", "crates", "tests", "benches"] {
        for file in rust_files(&root().join(dir)) {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let drawer = ["utils", "util", "common", "helpers", "helper", "misc", "manager", "mod"].contains(&&*name);
            assert!(!drawer, "{} says nothing of what is in it", file.display());
        }
    }
}

#[test]
fn every_file_begins_by_saying_what_it_answers() {
    for dir in ["src", "crates", "tests"] {
        for file in rust_files(&root().join(dir)) {
            let text = fs::read_to_string(&file).unwrap();
            let told = text.starts_with("//! ") || is_test(file.strip_prefix(root()).unwrap());
            assert!(told, "{} has no first line", file.display());
        }
    }
}

fn check(dir: &str, rules: &[(&str, &[&str])]) {
    let rules: BTreeMap<_, _> = rules.iter().copied().collect();
    let base = root().join(dir);
    let mut breaches = Vec::new();
    for file in rust_files(&base) {
        let module = module_of(file.strip_prefix(&base).unwrap());
        let allowed = rules.get(&*module).unwrap_or_else(|| panic!("say what module {module:?} may use, in this test"));
        let text = fs::read_to_string(&file).unwrap();
        for used in code(&text).flat_map(uses) {
            let fine = used == module || allowed.contains(&"*") || allowed.contains(&&*used);
            let external = used != "core" && used != "engine" && !rules.contains_key(&*used);
            if !fine && !external {
                breaches.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    breaches.dedup();
    assert!(breaches.is_empty(), "ARCHITECTURE.md forbids:\n{}", breaches.join("\n"));
}

/// Tests may read files, and say what they check by their names.
fn is_test(file: &Path) -> bool {
    file.iter().any(|part| part == "tests") || file.file_name().is_some_and(|name| name == "tests.rs")
}

/// Returns the lines of code before the file's tests, comments aside.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// Returns the names of modules and crates of ours that a line names.
fn uses(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (marker, prefix) in [("crate::", ""), ("streamflow_core", "core"), ("streamflow_engine", "engine")] {
        for (at, _) in line.match_indices(marker) {
            let rest = &line[at + marker.len()..];
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            match (prefix, rest.starts_with('{')) {
                ("", true) => found.extend(
                    rest[1..].split(',').filter_map(|part| part.trim().split([':', '}']).next()).map(str::to_owned),
                ),
                ("", false) => found.push(name.to_owned()),
                (crate_name, _) => found.push(crate_name.to_owned()),
            }
        }
    }
    found
}

fn module_of(path: &Path) -> String {
    let first = path.iter().next().unwrap().to_string_lossy();
    first.strip_suffix(".rs").unwrap_or(&first).to_owned()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return files };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
