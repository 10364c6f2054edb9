//! The Kubernetes admission webhook as the running program serves it.

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::help::check_example;
use crate::program::Place;
use crate::tool;

mod certificates;
pub(crate) mod client;
mod helm;
mod image;
mod manifests;
mod mutations;
mod policy;
pub(crate) mod serving;

use serving::Webhook;

pub(crate) const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers: [{name: shop, image: nginx}]
---
apiVersion: v1
kind: Service
metadata:
  name: shop
  annotations: {streamflow.io/inject: \"false\"}
spec:
  selector: {app: shop}
";

pub(crate) fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {"containers": [{"name": "shop", "image": "nginx"}]},
            },
        },
    })
}

pub(crate) fn review(object: &Value, old: Option<&Value>) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "namespace": "web", "name": "shop",
            "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
            "object": object, "oldObject": old,
        },
    })
}

#[test]
fn review_is_answered_over_tls_with_a_patch_and_counted() {
    let webhook = Webhook::start();
    let mut client = webhook.client();
    let (status, answer) = client.review(&review(&deployment(), None));
    assert_eq!(status, 200);
    let response = &answer["response"];
    assert_eq!((&response["allowed"], &response["patchType"]), (&json!(true), &json!("JSONPatch")));
    let patch: Value = serde_json::from_slice(&STANDARD.decode(response["patch"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(patch.as_array().unwrap().len(), 19);

    // The same connection serves on; a dry run is answered alike and not counted.
    let mut dry = review(&deployment(), None);
    dry["request"]["dryRun"] = json!(true);
    assert_eq!(client.review(&dry).1["response"]["patchType"], "JSONPatch");
    let metrics = webhook.probe("/metrics").1;
    let counted =
        "streamflow_admission_reviews_total{kind=\"Deployment\",operation=\"create\",outcome=\"patched\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn request_that_is_no_review_is_refused_and_the_next_one_served() {
    let webhook = Webhook::start();
    let json = "content-type: application/json\r\n";
    for (method, path, headers, body, status) in [
        ("GET", "/mutate", json, "", 405),
        ("POST", "/elsewhere", json, "{}", 404),
        ("POST", "/mutate", "content-type: text/plain\r\n", "{}", 415),
        ("POST", "/mutate", "", "{}", 415),
        ("POST", "/mutate", json, "{", 400),
        ("POST", "/mutate", json, "{}", 400),
        ("POST", "/mutate", json, "\u{0}", 400),
    ] {
        let (answered, head, _) = webhook.client().call(method, path, headers, body);
        assert_eq!(answered, status, "{method} {path} {headers} {body}");
        assert_eq!(status == 405, head.contains("allow: POST"), "{head}");
    }
    // Told by its length, before a byte of it is read.
    assert_eq!(webhook.client().head_only("POST", "/mutate", &format!("{json}content-length: 16777217\r\n")), 413);
    assert_eq!(webhook.client().review(&review(&deployment(), None)).0, 200);
    assert!(webhook.probe("/metrics").1.contains("streamflow_admission_refused_total{status=\"413\"} 1\n"));
}

#[test]
fn update_of_a_very_large_object_passes() {
    let webhook = Webhook::start();
    let mut old = deployment();
    old["metadata"]["annotations"] = json!({"note": "x".repeat(1_325_000)});
    let mut new = old.clone();
    new["metadata"]["labels"] = json!({"team": "checkout"});
    let (status, answer) = webhook.client().review(&review(&new, Some(&old)));
    assert_eq!((status, &answer["response"]["patchType"]), (200, &json!("JSONPatch")));
}

#[test]
fn clients_that_say_nothing_do_not_keep_others_waiting() {
    let webhook = Webhook::start();
    let silent: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(webhook.address()).unwrap()).collect();
    let mut half = webhook.client();
    half.send("POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{");
    for _ in 0..20 {
        assert_eq!(webhook.client().review(&review(&deployment(), None)).0, 200);
    }
    drop((silent, half));
}

#[test]
fn both_versions_of_tls_and_of_http_are_spoken() {
    let Some(curl) = tool::find("curl", "both_versions_of_tls_and_of_http_are_spoken") else { return };
    let webhook = Webhook::start();
    let body = review(&deployment(), None).to_string();
    let authority = webhook.place.dir().join("certs/ca.crt");
    let ask = |flags: &[&str]| {
        let output = Command::new(&curl)
            .args(["-sS", "--cacert", authority.to_str().unwrap(), "-H", "content-type: application/json"])
            .args(["-d", &body, "-o", "/dev/null", "-w", "%{http_code} %{http_version}", webhook.url()])
            .args(flags)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(ask(&["--http1.1", "--tlsv1.2", "--tls-max", "1.2"]), "200 1.1");
    assert_eq!(ask(&["--http2", "--tlsv1.3"]), "200 2");
    assert_eq!(ask(&["--tls-max", "1.1"]), "000 0");
}

#[test]
fn signal_lets_reviews_through_until_the_cluster_has_learnt_of_it() {
    let mut webhook = Webhook::start_with(&["--drain-delay", "5"]);
    assert_eq!((webhook.probe("/healthz").0, webhook.probe("/readyz").0), (200, 200));
    let mut kept = webhook.client();
    webhook.signal(rustix::process::Signal::TERM);
    webhook.wait_until_not_ready();
    assert_eq!(kept.review(&review(&deployment(), None)).0, 200);
    assert_eq!(webhook.client().review(&review(&deployment(), None)).0, 200);
    assert_eq!(webhook.wait(), 0);
}

#[test]
fn file_is_tried_without_a_cluster_and_kubectl_applies_what_is_shown() {
    let place = Place::new();
    place.write("shop.yaml", DEPLOYMENT);
    let rows = place.run(&["webhook", "test", "shop.yaml", "-o", "json"]).exits(0).json()["rows"].clone();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.last().unwrap()["path"], "opted_out");
    let patch: Vec<Value> = rows[..rows.len() - 1]
        .iter()
        .map(|row| json!({"op": "add", "path": row["path"], "value": row["value"]}))
        .collect();
    assert_eq!(patch.len(), 19);

    let name = "file_is_tried_without_a_cluster_and_kubectl_applies_what_is_shown";
    let Some(kubectl) = tool::find("kubectl", name) else { return };
    place.write("one.json", &deployment().to_string());
    let output = Command::new(kubectl)
        .args(["patch", "--local", "--type=json", "-f", "one.json", "-o", "json", "-p"])
        .arg(Value::from(patch).to_string())
        .current_dir(place.dir())
        .env("HOME", place.home())
        .output()
        .unwrap();
    let patched: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    for at in ["/metadata", "/spec/template/metadata"] {
        let metadata = patched.pointer(at).unwrap();
        let keys = ["annotations", "labels"].map(|part| {
            metadata[part].as_object().unwrap().keys().filter(|key| key.starts_with("streamflow.io/")).count()
        });
        assert_eq!(keys, [6, 2], "{at}");
    }
    fs::write(place.dir().join("patched.json"), patched.to_string()).unwrap();
    let again = place.run(&["webhook", "test", "patched.json", "-o", "json"]).exits(0).json();
    assert_eq!(again["rows"][0]["outcome"], "complete");
}

#[test]
fn values_that_kubernetes_refuses_are_refused_at_the_start() {
    let place = Place::new();
    place.write("shop.yaml", DEPLOYMENT);
    place
        .run(&["webhook", "test", "shop.yaml", "--metrics-path", "metrics"])
        .exits(2)
        .says("does not begin with a slash");
    place.run(&["webhook", "serve", "--certs", "nowhere"]).exits(2).says("cannot read nowhere/tls.crt");
    place.write("broken.yaml", "a: [");
    place.run(&["webhook", "test", "broken.yaml"]).exits(2).says("broken.yaml is not YAML");
}

#[test]
fn every_call_in_the_guide_is_taken() {
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kubernetes.md")).unwrap();
    let place = Place::new();
    let calls = guide
        .lines()
        .filter(|line| line.starts_with("    ") && line.contains("streamflow ") && !line.contains("benches/"));
    let calls: Vec<&str> = calls.collect();
    assert!(calls.len() >= 20, "{calls:?}");
    for call in calls {
        check_example(&place, call);
    }
}
