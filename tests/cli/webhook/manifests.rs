//! The objects that a cluster is given.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::program::Place;
use crate::tool;

const IMAGE: &str = "registry.example.com/streamflow:0.1.0";

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kustomize")
}

#[test]
fn base_for_kustomize_is_what_is_printed() {
    let printed = Place::new().run(&["webhook", "manifests", "--image", "streamflow"]).exits(0).out;
    let golden = base().join("webhook.yaml");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&golden, &printed).unwrap();
    }
    assert_eq!(printed, fs::read_to_string(&golden).unwrap(), "UPDATE_DOCS=1 writes it anew");
}

#[test]
fn overlay_of_the_base_is_what_is_printed_for_its_image() {
    let Some(kubectl) = tool::find("kubectl", "overlay_of_the_base_is_what_is_printed_for_its_image") else { return };
    let place = Place::new();
    for name in ["kustomization.yaml", "webhook.yaml"] {
        place.write(&format!("base/{name}"), &fs::read_to_string(base().join(name)).unwrap());
    }
    let (name, tag) = IMAGE.rsplit_once(':').unwrap();
    let image = format!("images: [{{name: streamflow, newName: {name}, newTag: {tag}}}]");
    place.write("overlay/kustomization.yaml", &format!("resources: [../base]\n{image}\n"));
    let output = Command::new(kubectl).args(["kustomize", "overlay"]).current_dir(place.dir()).output().unwrap();
    let objects = |text: &str| -> BTreeMap<String, Value> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        documents.into_iter().map(|document| (document["kind"].as_str().unwrap().to_owned(), document)).collect()
    };
    let printed = objects(&place.run(&["webhook", "manifests", "--image", IMAGE]).exits(0).out);
    assert_eq!(printed.len(), 6);
    assert_eq!(objects(&String::from_utf8_lossy(&output.stdout)), printed);
}

#[test]
fn every_object_is_valid_for_kubernetes() {
    let Some(validate) = tool::find("kubernetes-validate", "every_object_is_valid_for_kubernetes") else { return };
    let place = Place::new();
    place.run(&["webhook", "certs", "--out", "certs"]).exits(0);
    for flags in [&["--ca", "certs/ca.crt"][..], &["--replicas", "1", "--failure-policy", "fail", "--renew"]] {
        let printed = place.run(&[&["webhook", "manifests", "--image", IMAGE], flags].concat()).exits(0).out;
        place.write("webhook.yaml", &printed);
        let output =
            Command::new(&validate).args(["--strict", "webhook.yaml"]).current_dir(place.dir()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn webhook_would_leave_its_own_deployment_alone() {
    let place = Place::new();
    let printed = place.run(&["webhook", "manifests", "--image", IMAGE]).exits(0).out;
    place.write("webhook.yaml", &printed);
    let rows = place.run(&["webhook", "test", "webhook.yaml", "-o", "json"]).exits(0).json()["rows"].clone();
    for row in rows.as_array().unwrap() {
        let reason =
            if ["Deployment", "Service"].contains(&row["kind"].as_str().unwrap()) { "namespace" } else { "other_kind" };
        assert_eq!((&row["outcome"], &row["path"]), (&"skipped".into(), &reason.into()), "{row}");
    }
}

#[test]
fn authority_goes_into_the_configuration_and_a_key_never_does() {
    let place = Place::new();
    place.run(&["webhook", "certs", "--out", "certs"]).exits(0);
    let manifests = |flags: &[&str]| place.run(&[&["webhook", "manifests", "--image", IMAGE], flags].concat());
    let configured = manifests(&["--ca", "certs/ca.crt"]).exits(0).out;
    let bundle = configured.split("caBundle:").nth(1).unwrap().split_whitespace().find(|word| word.starts_with("LS0t"));
    let authority = fs::read(place.dir().join("certs/ca.crt")).unwrap();
    assert_eq!(STANDARD.decode(bundle.unwrap()).unwrap(), authority);
    manifests(&["--ca", "certs/tls.key"]).exits(2).says("cannot use certs/tls.key");
    let both = ["ca.crt", "tls.key"].map(|name| fs::read_to_string(place.dir().join("certs").join(name)).unwrap());
    place.write("both.pem", &both.concat());
    manifests(&["--ca", "both.pem"]).exits(2).says("it holds a private key");

    let outside = |url: &str| place.run(&["webhook", "manifests", "--url", url, "--ca", "certs/ca.crt"]);
    outside("http://10.0.0.5/mutate").exits(2).says("https://HOST:PORT/mutate");
    let outside = outside("https://10.0.0.5:8443/mutate").exits(0).out;
    assert!(
        outside.contains("url: https://10.0.0.5:8443/mutate")
            || outside.contains("url: \"https://10.0.0.5:8443/mutate\"")
    );
    assert!(!outside.contains("kind: Deployment") && !outside.contains("service:"));
    place.run(&["webhook", "manifests", "--image", "no image"]).exits(2).says("is not a name of an image");
    place.run(&["webhook", "manifests"]).exits(2).says("--image");
    manifests(&["--failure-policy", "sometimes"]).exits(2);
}
