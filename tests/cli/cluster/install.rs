//! Installing into the cluster itself: objects in order, a certificate of its own, nothing left of what does not work.

use serde_json::{Value, json};

use super::Test;
use crate::webhook::serving::Webhook;

pub(super) const IMAGE: &str = "registry.example.com/streamflow:0.1.0";

/// Returns a webhook with the certificate that the cluster's Secret holds, as its pods would have it.
pub(super) fn pods_of(test: &Test) -> Webhook {
    use base64::Engine as _;
    let secret = test.server.get("secrets", "streamflow-webhook", "streamflow-webhook-tls").unwrap();
    let place = crate::program::Place::new();
    for name in ["ca.crt", "tls.crt", "tls.key"] {
        let text = secret["data"][name].as_str().unwrap();
        let text = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        place.write(&format!("certs/{name}"), &String::from_utf8(text).unwrap());
    }
    Webhook::serve(place, &["--drain-delay", "0"])
}

pub(super) fn outcomes(rows: &Value) -> Vec<String> {
    let row = |row: &Value| format!("{} {}", row["kind"].as_str().unwrap(), row["outcome"].as_str().unwrap());
    rows["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Installs the webhook, with its pods running as soon as they can, and returns what became of each object.
pub(super) fn complete(test: &Test) -> (Value, Webhook) {
    let mut call = test.place.command(&["webhook", "install", "--image", IMAGE, "-o", "json"]);
    let child = call.stdout(std::process::Stdio::piped()).spawn().unwrap();
    // The Secret is there before anybody needs it; then its pods come up.
    test.until("the Secret", || test.server.get("secrets", "streamflow-webhook", "streamflow-webhook-tls").is_some());
    let webhook = pods_of(test);
    test.server.serve_service("streamflow-webhook", "streamflow-webhook", webhook.address());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (serde_json::from_slice(&output.stdout).unwrap(), webhook)
}

/// A cluster into which the webhook is installed.
fn installed() -> (Test, Webhook) {
    let test = Test::start();
    let (rows, webhook) = complete(&test);
    let kinds = ["Namespace", "Secret", "ServiceAccount", "Deployment", "Service", "PodDisruptionBudget"];
    let mut expected: Vec<String> = kinds.iter().map(|kind| format!("{kind} created")).collect();
    expected.push("MutatingWebhookConfiguration created".to_owned());
    assert_eq!(outcomes(&rows), expected);
    (test, webhook)
}

#[test]
fn image_is_installed_with_a_certificate_of_its_own_and_taken_away_whole() {
    let empty = Test::start().server.names();
    let (test, _webhook) = installed();
    let status = test.run(&["webhook", "status", "-o", "json"]).exits(0).json();
    assert_eq!((&status["pods_ready"], &status["pods_wanted"]), (&json!(2), &json!(2)));
    // Whole days: a second after it was made, one of the 90 is begun.
    assert!([89, 90].contains(&status["certificate_days_left"].as_i64().unwrap()), "{status}");
    assert_eq!(status["certificate_fault"], Value::Null);
    assert_eq!(status["calls"], "service streamflow-webhook/streamflow-webhook");

    // A second call changes nothing, and makes no other certificate.
    let again = test.run(&["webhook", "install", "--image", IMAGE, "-o", "json"]).exits(0).json();
    assert_eq!(outcomes(&again).iter().filter(|row| row.ends_with(" unchanged")).count(), 6, "{again}");

    let gone = test.run(&["webhook", "uninstall", "-o", "json"]).exits(0).json();
    assert!(outcomes(&gone).iter().all(|row| row.ends_with(" deleted")), "{gone}");
    assert_eq!(test.server.names(), empty);
    test.run(&["webhook", "status"]).exits(5).says("has no webhook of streamflow");
    test.run(&["webhook", "uninstall"]).exits(0).says("the cluster has no webhook of streamflow");
}

#[test]
fn pods_that_never_start_leave_nothing_behind() {
    let test = Test::start();
    let empty = test.server.names();
    let image = "registry.example.com/broken:1";
    let ended = test.run(&["webhook", "install", "--image", image, "--timeout", "1s"]).exits(124);
    ended.says("0 of the webhook's 2 pods are ready; they wait: ImagePullBackOff").says("taking back what was done");
    assert_eq!(test.server.names(), empty);
}

#[test]
fn dry_run_asks_the_server_and_keeps_nothing() {
    let test = Test::start();
    let empty = test.server.names();
    let rows = test.run(&["webhook", "install", "--image", IMAGE, "--dry-run=server", "-o", "json"]).exits(0).json();
    // What belongs into a namespace that is not there yet cannot be checked, and that is said.
    assert_eq!(outcomes(&rows)[..2], ["Namespace created", "Secret unchecked"]);
    assert_eq!(test.server.names(), empty);
    let asked = test.server.asked();
    let writes: Vec<_> = asked.iter().filter(|asked| !asked.starts_with("GET")).collect();
    assert_eq!(writes.len(), 7, "{writes:?}");
    assert!(writes.iter().all(|asked| asked.contains("dryRun=All")), "{writes:?}");
}

#[test]
fn rights_to_renew_are_given_and_taken_away() {
    let test = Test::start();
    let empty = test.server.names();
    let image = "registry.example.com/broken:1";
    let ended =
        test.run(&["webhook", "install", "--image", image, "--renew", "--dry-run=server", "-o", "json"]).exits(0);
    let rows = outcomes(&ended.json());
    for kind in ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"] {
        assert!(rows.iter().any(|row| row.starts_with(&format!("{kind} "))), "{rows:?}");
    }
    // What cannot start takes its rights along.
    test.run(&["webhook", "install", "--image", image, "--renew", "--timeout", "1s"]).exits(124);
    assert_eq!(test.server.names(), empty);
}

#[test]
fn namespace_with_workloads_of_others_is_kept() {
    let (test, _webhook) = installed();
    test.server.put(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "guest", "namespace": "streamflow-webhook"}, "spec": {},
    }));
    let gone = test.run(&["webhook", "uninstall", "-o", "json"]).exits(0).json();
    assert_eq!(outcomes(&gone).last().unwrap(), "Namespace kept");
    assert_eq!(test.server.names(), ["namespaces /streamflow-webhook", "pods streamflow-webhook/guest"]);
}

#[test]
fn cluster_that_is_not_there_is_told_from_one_that_says_no() {
    let place = crate::program::Place::new();
    place.run(&["webhook", "status", "--kubeconfig", "nowhere"]).exits(2).says("cannot use the kubeconfig");
    let test = Test::start();
    test.run(&["webhook", "status", "--kube-context", "nowhere"]).exits(2).says("cannot use the kubeconfig");
    test.run(&["webhook", "install", "--url", "https://127.0.0.1:1/mutate"]).exits(2).says("--url needs --ca");
    let home = test.place.home();
    drop(test.server);
    let ended = test.place.run(&["webhook", "status"]).exits(3).says("cannot be reached");
    // Once, and not by a library's log as well.
    assert!(!ended.err.contains("ERROR"), "{}", ended.err);
    assert!(home.exists());
}
