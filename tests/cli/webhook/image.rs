//! The file that makes an image: what it says of this repository is so, and what the manifests say of the image, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program::Place;
use crate::tool;

const FILE: &str = "deploy/Dockerfile";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// An instruction and its words; lines that go on are one.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join(FILE)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let joined = lines.replace("\\\n", " ");
    let split = |line: &str| line.split_once(' ').map(|(name, words)| (name.to_owned(), words.trim().to_owned()));
    joined.lines().filter(|line| !line.is_empty()).map(|line| split(line).unwrap()).collect()
}

/// Returns the words of every instruction of a kind.
fn all(kind: &str) -> Vec<String> {
    instructions().into_iter().filter(|(name, _)| name == kind).map(|(_, words)| words).collect()
}

/// Returns the only one of a kind.
#[track_caller]
fn one(kind: &str) -> String {
    let found = all(kind);
    assert_eq!(found.len(), 1, "{kind}: {found:?}");
    found.into_iter().next().unwrap()
}

/// Returns the line of Cargo.toml that begins so, without quotes.
fn of_manifest(key: &str) -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let value = manifest.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {key} in Cargo.toml")).trim().trim_matches('"').to_owned()
}

/// Returns the container of the manifests, and the security of its pod.
fn pod() -> (Value, Value) {
    let printed = Place::new().run(&["webhook", "manifests", "--image", "streamflow"]).exits(0).out;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&printed).unwrap();
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let spec = &deployment["spec"]["template"]["spec"];
    (spec["containers"][0].clone(), spec["securityContext"].clone())
}

#[test]
fn image_is_built_by_the_compiler_and_the_profile_of_this_repository() {
    let version = of_manifest("rust-version");
    assert!(all("FROM")[0].starts_with(&format!("rust:{version}-")), "{:?} and Rust {version}", all("FROM"));
    let build = all("RUN").into_iter().find(|words| words.contains("cargo build")).unwrap();
    let words: Vec<&str> = build.split_whitespace().collect();
    let after = |flag: &str| words[words.iter().position(|word| *word == flag).unwrap() + 1];
    let (profile, program) = (after("--profile"), after("--bin"));
    assert!(words.contains(&"--locked"), "{build}");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains(&format!("\n[profile.{profile}]\n")), "{profile}");
    assert!(manifest.contains(&format!("\n[[bin]]\nname = \"{program}\"\n")), "{program}");
    assert!(words.contains(&format!("target/{profile}/{program}").as_str()), "{build}");
    // Both halves have one Debian, or the program would miss the C library that it was linked with.
    let release = |from: &str| ["bookworm", "trixie", "forky"].into_iter().find(|release| from.contains(release));
    let releases: Vec<_> = all("FROM").iter().map(|from| release(from).unwrap()).collect();
    assert_eq!(releases[0], releases[1]);
}

#[test]
fn what_is_copied_is_there() {
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let ignored: Vec<&str> = ignored.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let built = all("RUN").into_iter().find(|words| words.contains("cargo build")).unwrap();
    for copy in all("COPY") {
        let (from_stage, words): (Vec<_>, Vec<_>) =
            copy.split_whitespace().partition(|word| word.starts_with("--from="));
        for source in &words[..words.len() - 1] {
            if from_stage.is_empty() {
                assert!(root().join(source).exists(), "{source}");
            } else {
                // Made in the first half, by its last command.
                assert!(built.ends_with(&format!(" {source}")), "{source} and {built}");
            }
        }
    }
    // What the compiler reads is in the context.
    for needed in ["Cargo.toml", "Cargo.lock", "build.rs", "src", "crates", "shell", "docs"] {
        assert!(root().join(needed).exists() && !ignored.contains(&needed), "{needed}");
    }
    assert!(ignored.contains(&"target") && ignored.contains(&".git"), "{ignored:?}");
}

#[test]
fn image_runs_as_the_user_and_the_program_that_manifests_name() {
    let (container, security) = pod();
    let user = one("USER");
    assert_eq!(user, format!("{}:{}", security["runAsUser"], security["runAsGroup"]));
    assert!(!user.starts_with("0:"), "{user}");
    let owned = all("RUN").into_iter().find(|words| words.contains("chown")).unwrap();
    assert!(owned.contains(&format!("chown {user} {}", one("VOLUME"))), "{owned}");
    let program = container["command"][0].as_str().unwrap();
    assert_eq!(one("ENTRYPOINT"), format!("[\"{program}\"]"));
    let installed = all("COPY").into_iter().find(|words| words.starts_with("--from=")).unwrap();
    assert!(installed.ends_with(&format!(" /usr/local/bin/{program}")), "{installed}");
}

#[test]
fn image_tells_the_ports_of_the_server_and_of_the_webhook() {
    let exposed: Vec<u64> = one("EXPOSE").split_whitespace().map(|port| port.parse().unwrap()).collect();
    let (container, _) = pod();
    let mut used: Vec<u64> =
        container["ports"].as_array().unwrap().iter().map(|port| port["containerPort"].as_u64().unwrap()).collect();
    let settings = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let ports = settings.lines().filter_map(|line| line.strip_prefix("| `server.ports.")?.split('`').nth(2));
    used.extend(ports.map(|port| port.parse::<u64>().unwrap()));
    assert_eq!(used.len(), 7, "{used:?}");
    for port in used {
        assert!(exposed.contains(&port), "{port} is not in {exposed:?}");
    }
}

#[test]
fn file_of_the_image_is_of_good_form() {
    let Some(hadolint) = tool::find("hadolint", "file_of_the_image_is_of_good_form") else { return };
    let output = Command::new(hadolint).arg(Path::new(FILE)).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
