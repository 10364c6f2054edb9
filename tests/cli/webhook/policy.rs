//! The mutation as a policy: valid for Kubernetes, and the same as the webhook's, the time aside.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::deployment;
use crate::program::Place;
use crate::tool;

#[test]
fn every_version_of_the_policy_is_valid_for_kubernetes() {
    let name = "every_version_of_the_policy_is_valid_for_kubernetes";
    let Some(validate) = tool::find("kubernetes-validate", name) else { return };
    let place = Place::new();
    for (version, kubernetes) in [("v1beta1", "1.34"), ("v1", "1.36"), ("v1alpha1", "1.33")] {
        let printed = place.run(&["webhook", "policy", "--api-version", version]).exits(0).out;
        assert_eq!(printed.matches("\nkind: MutatingAdmissionPolicy").count(), 4, "{printed}");
        place.write("policy.yaml", &printed);
        let mut call = Command::new(&validate);
        call.args(["--strict", "--kubernetes-version", kubernetes, "policy.yaml"]).current_dir(place.dir());
        let output = call.output().unwrap();
        assert!(output.status.success(), "{version}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Returns the Python of the environment that `.ci/run` makes, or another one with CEL.
fn python_with_cel() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_cel = |python: &PathBuf| {
        let call = Command::new(python).args(["-c", "import cel"]).output();
        call.is_ok_and(|output| output.status.success())
    };
    std::env::split_paths(&path).map(|dir| dir.join("python")).find(has_cel)
}

/// Objects as they come, with what is stored.
fn cases() -> Vec<(&'static str, Value, Option<Value>)> {
    let injected = |mut object: Value| {
        for at in ["/metadata", "/spec/template/metadata"] {
            let metadata = object.pointer_mut(at).unwrap();
            metadata["annotations"]["streamflow.io/injected-at"] = json!("2026-11-25T08:00:00Z");
            metadata["annotations"]["streamflow.io/version"] = json!("0.9");
            metadata["labels"]["streamflow.io/managed"] = json!("true");
        }
        object
    };
    let with = |mut object: Value, at: &str, value: Value| {
        let (parent, key) = at.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[key] = value;
        object
    };
    let plain = deployment();
    let image = "/spec/template/spec/containers";
    let changed = json!([{"name": "shop", "image": "nginx:2"}]);
    let own = json!({"streamflow.io/metrics-port": "9090", "note": "ünïcode"});
    vec![
        ("created", plain.clone(), None),
        ("created with keys of its own", with(plain.clone(), "/metadata/annotations", own.clone()), None),
        ("pods with keys of their own", with(plain.clone(), "/spec/template/metadata/annotations", own), None),
        ("opted out", with(plain.clone(), "/metadata/annotations", json!({"streamflow.io/inject": "false"})), None),
        ("labelled", with(plain.clone(), "/metadata/labels", json!({"team": "web"})), Some(plain.clone())),
        ("keys taken away", plain.clone(), Some(injected(plain.clone()))),
        ("image changed", with(plain.clone(), image, changed.clone()), Some(plain.clone())),
        ("image changed, keys taken away", with(plain.clone(), image, changed), Some(injected(plain.clone()))),
        (
            "pods labelled",
            with(plain.clone(), "/spec/template/metadata/labels", json!({"app": "shop", "a": "b"})),
            Some(plain),
        ),
    ]
}

#[test]
fn policy_does_what_the_webhook_does_the_time_aside() {
    let name = "policy_does_what_the_webhook_does_the_time_aside";
    let Some(python) = python_with_cel() else {
        return tool::say_missing("Python with common-expression-language", name);
    };
    let place = Place::new();
    let printed = place.run(&["webhook", "policy"]).exits(0).out;
    let policies: Vec<Value> = serde_saphyr::from_multiple(&printed).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/webhook/policy.py");
    for (case, object, old) in cases() {
        let mut child =
            Command::new(&python).arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let given = json!({"policies": policies, "object": object, "old": old});
        child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
        let by_policy: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(without_time(by_policy), without_time(by_webhook(&place, object, old)), "{case}");
    }
}

fn by_webhook(place: &Place, mut object: Value, old: Option<Value>) -> Value {
    place.write("object.json", &object.to_string());
    let mut call = vec!["webhook", "test", "object.json", "-o", "json"];
    if let Some(old) = &old {
        place.write("old.json", &old.to_string());
        call.extend(["--old", "old.json"]);
    }
    let rows = place.run(&call).exits(0).json()["rows"].clone();
    let patched = rows.as_array().unwrap().iter().filter(|row| row["outcome"] == "patched");
    let patch: Vec<Value> =
        patched.map(|row| json!({"op": "add", "path": row["path"], "value": row["value"]})).collect();
    let patch: json_patch::Patch = serde_json::from_value(Value::from(patch)).unwrap();
    json_patch::patch(&mut object, &patch).unwrap();
    object
}

/// A policy has no clock. What an old template had is given back by both.
fn without_time(mut object: Value) -> Value {
    for at in ["/metadata/annotations", "/spec/template/metadata/annotations"] {
        if let Some(annotations) = object.pointer_mut(at).and_then(Value::as_object_mut) {
            annotations.remove("streamflow.io/injected-at");
        }
    }
    object
}
