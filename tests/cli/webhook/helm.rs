//! The Helm chart: what it renders, that it renders the same twice, and that it says what `webhook manifests` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::program::Place;
use crate::tool;

/// The values in the chart's folder `ci`, each with a golden file.
const VARIANTS: [&str; 4] = ["default", "high-availability", "cert-manager", "everything"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn chart() -> PathBuf {
    root().join("deploy/helm/streamflow-webhook")
}

fn helm(program: &Path, place: &Place, args: &[&str]) -> Output {
    Command::new(program).args(args).current_dir(place.dir()).env("HOME", place.home()).output().unwrap()
}

fn rendered(program: &Path, place: &Place, variant: &str) -> String {
    rendered_with(program, place, variant, &[])
}

fn rendered_with(program: &Path, place: &Place, variant: &str, further: &[&str]) -> String {
    let values = chart().join(format!("ci/{variant}-values.yaml"));
    let chart = chart();
    let args =
        ["template", "webhook", chart.to_str().unwrap(), "-n", "streamflow-webhook", "-f", values.to_str().unwrap()];
    let output = helm(program, place, &[&args, further].concat());
    assert!(output.status.success(), "{variant}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn chart_renders_what_was_looked_at_and_the_same_twice() {
    let Some(program) = tool::find("helm", "chart_renders_what_was_looked_at_and_the_same_twice") else { return };
    let place = Place::new();
    for variant in VARIANTS {
        let printed = rendered(&program, &place, variant);
        assert_eq!(printed, rendered(&program, &place, variant), "{variant}");
        let golden = root().join(format!("tests/cli/webhook/helm/{variant}.yaml"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(golden.parent().unwrap()).unwrap();
            fs::write(&golden, &printed).unwrap();
        }
        assert_eq!(printed, fs::read_to_string(&golden).unwrap(), "{variant}: UPDATE_DOCS=1 writes it anew");
        let lint = helm(
            &program,
            &place,
            &[
                "lint",
                "--strict",
                chart().to_str().unwrap(),
                "-f",
                chart().join(format!("ci/{variant}-values.yaml")).to_str().unwrap(),
            ],
        );
        assert!(lint.status.success(), "{variant}: {}", String::from_utf8_lossy(&lint.stdout));
    }
}

#[test]
fn chart_and_manifests_are_the_same_objects() {
    let Some(program) = tool::find("helm", "chart_and_manifests_are_the_same_objects") else { return };
    let place = Place::new();
    let objects = |text: &str| -> BTreeMap<String, Value> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        documents.into_iter().map(|document| (document["kind"].as_str().unwrap().to_owned(), document)).collect()
    };
    let url = "http://streamflow.streamflow.svc:8005";
    let events = format!("events.url={url}");
    for (kinds, values, flags) in [
        (5, &[][..], &[][..]),
        (4, &["--set", "replicas=1"], &["--replicas", "1"]),
        (9, &["--set", "renew.enabled=true,renew.settle=5m"], &["--renew"]),
        (5, &["--set", &events], &["--events", url]),
    ] {
        let chart = objects(&rendered_with(&program, &place, "default", values));
        let args = ["webhook", "manifests", "--image", "registry.example.com/streamflow:0.1.0"];
        let mut manifests = objects(&place.run(&[&args, flags].concat()).exits(0).out);
        // Helm makes the namespace of a release itself.
        manifests.remove("Namespace").unwrap();
        if flags == ["--renew"] {
            // The chart has it as a value, the program as its default.
            let call = manifests.get_mut("Deployment").unwrap();
            let call = call.pointer_mut("/spec/template/spec/containers/0/args").unwrap().as_array_mut().unwrap();
            call.push("--renew-settle=5m".into());
        }
        assert_eq!(chart.len(), kinds, "{values:?}");
        assert_eq!(chart, manifests, "{values:?}");
    }
}

#[test]
fn chart_says_which_value_is_wrong() {
    let Some(program) = tool::find("helm", "chart_says_which_value_is_wrong") else { return };
    let place = Place::new();
    let chart = chart();
    for (set, words) in [
        ("image=", "/image"),
        ("image=x,replicas=0", "/replicas"),
        ("image=x,failurePolicy=Never", "/failurePolicy"),
        ("image=x,monitoring.metricsPath=metrics", "/monitoring/metricsPath"),
        ("image=x,tls.unknown=1", "unknown"),
        ("image=x,renew.enabled=true,tls.certManager.enabled=true", "/tls/certManager/enabled"),
        ("image=x,renew.enabled=true,tls.secretName=own", "/tls/secretName"),
        ("image=x,renew.enabled=true,renew.settle=soon", "/renew/settle"),
        ("image=x,events.url=elsewhere", "/events/url"),
    ] {
        let output = helm(&program, &place, &["template", chart.to_str().unwrap(), "--set", set]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{set}: {said}");
    }
}

#[test]
fn chart_is_valid_for_kubernetes() {
    let Some(program) = tool::find("helm", "chart_is_valid_for_kubernetes") else { return };
    let Some(validate) = tool::find("kubernetes-validate", "chart_is_valid_for_kubernetes") else { return };
    let place = Place::new();
    for (variant, ours) in VARIANTS.into_iter().zip([5, 5, 5, 9]) {
        let rendered = rendered(&program, &place, variant);
        // Kubernetes knows no schema of cert-manager's kinds.
        let of_kubernetes = rendered.split("---\n").filter(|object| object.contains("kind:"));
        let of_kubernetes = of_kubernetes.filter(|object| !object.contains("apiVersion: cert-manager.io/"));
        let of_kubernetes: Vec<&str> = of_kubernetes.collect();
        assert_eq!(of_kubernetes.len(), ours, "{variant}");
        place.write("rendered.yaml", &of_kubernetes.join("---\n"));
        let output =
            Command::new(&validate).args(["--strict", "rendered.yaml"]).current_dir(place.dir()).output().unwrap();
        assert!(output.status.success(), "{variant}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
