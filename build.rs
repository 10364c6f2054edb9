//! Stamps release builds with the commit they are made from. Development builds are not stamped: each commit would
//! compile them anew.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=STREAMFLOW_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let given = std::env::var("STREAMFLOW_COMMIT").ok().filter(|commit| !commit.is_empty());
    if given.is_none() && std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    // Written on every commit and checkout.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = given.or_else(|| git(&["rev-parse", "--short=12", "HEAD"])) {
        println!("cargo::rustc-env=STREAMFLOW_COMMIT={commit}");
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}
