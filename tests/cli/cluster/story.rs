//! The whole story with the real kubectl: a cluster gets the webhook, workloads come and change, the webhook goes.

use serde_json::json;

use super::{Kubectl, Test, keys};
use crate::server::Server;
use crate::webhook::serving::Webhook;

/// Installs the webhook that runs as a process, outside of the cluster.
pub(super) fn install(test: &Test, webhook: &Webhook) {
    let authority = webhook.place.dir().join("certs/ca.crt");
    let args = ["webhook", "install", "--url", webhook.url(), "--ca", authority.to_str().unwrap(), "-o", "json"];
    let rows = test.run(&args).exits(0).json()["rows"].clone();
    assert_eq!(rows[0]["outcome"], "created", "{rows}");
}

#[test]
fn workloads_get_keys_and_no_rollout_that_nobody_asked_for() {
    let test = Test::start();
    let name = "workloads_get_keys_and_no_rollout_that_nobody_asked_for";
    let Some(kubectl) = Kubectl::of(&test, name) else { return };
    let webhook = Webhook::start();
    let before = test.server.names();
    install(&test, &webhook);

    // Created: eight keys on the object and on its pods.
    kubectl.run(&["create", "deployment", "test-app", "--image=nginx"]).exits(0);
    let yaml = kubectl.run(&["get", "deployment", "test-app", "-o", "yaml"]).exits(0).out;
    assert_eq!(yaml.lines().filter(|line| line.trim().starts_with("streamflow.io/")).count(), 16, "{yaml}");
    let created = kubectl.get("deployment/test-app");
    assert_eq!(keys(&created, "/metadata").len(), 8);
    assert_eq!(keys(&created, "/metadata"), keys(&created, "/spec/template/metadata"));
    let pods = kubectl.run(&["get", "pods", "-l", "streamflow.io/managed=true", "-o", "name"]).exits(0).out;
    assert_eq!(pods, "pod/test-app-1-0\n");

    // A label: the object changes, the template does not, no pod starts anew.
    kubectl.run(&["label", "deployment", "test-app", "team=checkout"]).exits(0);
    let labelled = kubectl.get("deployment/test-app");
    assert_eq!(labelled["metadata"]["labels"]["team"], "checkout");
    assert_eq!(labelled["spec"]["template"], created["spec"]["template"]);
    assert_eq!(kubectl.get("replicasets")["items"].as_array().unwrap().len(), 1);

    // An image: one rollout, the keys as they were.
    kubectl.run(&["set", "image", "deployment/test-app", "nginx=nginx:2"]).exits(0);
    let changed = kubectl.get("deployment/test-app");
    assert_eq!(changed["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:2");
    assert_eq!(changed["spec"]["template"]["metadata"], created["spec"]["template"]["metadata"]);
    assert_eq!(kubectl.get("replicasets")["items"].as_array().unwrap().len(), 2);
    let pods = kubectl.run(&["get", "pods", "-o", "name"]).exits(0).out;
    assert_eq!(pods, "pod/test-app-2-0\n");

    // A Service: the object alone. A dry run leaves nothing.
    kubectl.run(&["create", "service", "clusterip", "test-app", "--tcp=80:8080"]).exits(0);
    assert_eq!(keys(&kubectl.get("service/test-app"), "/metadata").len(), 8);
    let dry = ["create", "deployment", "dry", "--image=nginx", "--dry-run=server", "-o", "json"];
    assert_eq!(keys(&kubectl.run(&dry).exits(0).json(), "/metadata").len(), 8);
    kubectl.run(&["get", "deployment", "dry"]).exits(1);

    let status = test.run(&["webhook", "status", "-o", "json"]).exits(0).json();
    assert_eq!((&status["admission"], &status["calls"]), (&json!("injects"), &json!(webhook.url())));
    assert!(test.server.failed().is_empty(), "{:?}", test.server.failed());

    // What was there before is there after, and the workloads, nothing else.
    test.run(&["webhook", "uninstall"]).exits(0);
    kubectl.run(&["delete", "deployment,service", "test-app"]).exits(0);
    assert_eq!(test.server.names(), before);
    kubectl.run(&["create", "deployment", "later", "--image=nginx"]).exits(0);
    assert!(keys(&kubectl.get("deployment/later"), "/metadata").is_empty());
}

#[test]
fn who_opts_out_is_left_alone() {
    let test = Test::start();
    let Some(kubectl) = Kubectl::of(&test, "who_opts_out_is_left_alone") else { return };
    let webhook = Webhook::start();
    install(&test, &webhook);

    kubectl.run(&["create", "namespace", "quiet"]).exits(0);
    kubectl.run(&["label", "namespace", "quiet", "streamflow.io/webhook=disabled"]).exits(0);
    kubectl.run(&["create", "deployment", "shop", "--image=nginx", "-n", "quiet"]).exits(0);
    kubectl.run(&["create", "deployment", "dns", "--image=nginx", "-n", "kube-system"]).exits(0);
    test.place.write(
        "own.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: own
  annotations: {streamflow.io/inject: \"false\"}
spec:
  selector: {matchLabels: {app: own}}
  template:
    metadata: {labels: {app: own}}
    spec: {containers: [{name: own, image: nginx}]}
",
    );
    kubectl.run(&["create", "--validate=false", "-f", "own.yaml"]).exits(0);
    for (namespace, name) in [("quiet", "shop"), ("kube-system", "dns"), ("default", "own")] {
        let object = kubectl.run(&["get", "deployment", name, "-n", namespace, "-o", "json"]).exits(0).json();
        let left = keys(&object, "/metadata").into_iter().filter(|(key, _)| key != "streamflow.io/inject");
        assert_eq!(left.count(), 0, "{namespace}/{name}");
        assert!(keys(&object, "/spec/template/metadata").is_empty(), "{namespace}/{name}");
    }
    // Nobody is told of as missed who wants to be left alone.
    test.run(&["webhook", "audit"]).exits(0).says("0 of 3 deployments lack monitoring keys");
}

#[test]
fn deploys_go_on_without_the_webhook_unless_its_policy_says_fail() {
    let test = Test::start();
    let Some(kubectl) = Kubectl::of(&test, "deploys_go_on_without_the_webhook_unless_its_policy_says_fail") else {
        return;
    };
    let webhook = Webhook::start();
    install(&test, &webhook);
    let (url, authority) = (webhook.url().to_owned(), webhook.place.dir().join("certs/ca.crt"));
    let authority = std::fs::read_to_string(authority).unwrap();
    test.place.write("ca.crt", &authority);
    drop(webhook);

    kubectl.run(&["create", "deployment", "missed", "--image=nginx"]).exits(0);
    let missed = test.run(&["webhook", "audit", "-o", "json"]).exits(1).json()["rows"].clone();
    assert_eq!(missed.as_array().unwrap().len(), 1);
    assert_eq!(
        (&missed[0]["name"], &missed[0]["lacks"], &missed[0]["keys"]),
        (&json!("missed"), &json!("object"), &json!(16))
    );
    let status = test.run(&["webhook", "status", "-o", "json"]).exits(10).json();
    assert_eq!(status["admission"], "untouched");

    // An installation that does not come to work is taken back to what was before.
    let strict = ["webhook", "install", "--url", &url, "--ca", "ca.crt", "--failure-policy", "fail", "--timeout", "1s"];
    test.run(&strict).exits(124).says("failed calling webhook").says("taking back");
    let kept = test.server.get("mutatingwebhookconfigurations", "", "streamflow-webhook").unwrap();
    assert_eq!(kept["webhooks"][0]["failurePolicy"], "Ignore");
    kubectl.run(&["create", "deployment", "another", "--image=nginx"]).exits(0);
}

#[test]
fn mutations_reach_streamflow_as_events() {
    let test = Test::start();
    let name = "mutations_reach_streamflow_as_events";
    let Some(kubectl) = Kubectl::of(&test, name) else { return };
    let server = Server::start();
    let webhook = Webhook::start_with(&["--drain-delay", "0", "--events", server.url("gateway")]);
    install(&test, &webhook);
    kubectl.run(&["create", "deployment", "test-app", "--image=nginx"]).exits(0);
    kubectl.run(&["create", "deployment", "dry", "--image=nginx", "--dry-run=server"]).exits(0);
    webhook.wait_for("streamflow_admission_events_sent_total");
    let query = "SELECT data.name AS name, data.operation AS operation FROM events WHERE type = 'k8s.mutation'";
    let rows = server.run(&["query", query, "-o", "json"]).exits(0).json()["rows"].clone();
    assert_eq!(rows, json!([{"name": "test-app", "operation": "create"}]));
}

#[test]
fn server_of_events_that_is_gone_holds_up_no_review() {
    let test = Test::start();
    let Some(kubectl) = Kubectl::of(&test, "server_of_events_that_is_gone_holds_up_no_review") else { return };
    let webhook = Webhook::start_with(&["--drain-delay", "0", "--events", "http://127.0.0.1:1"]);
    install(&test, &webhook);
    kubectl.run(&["create", "deployment", "test-app", "--image=nginx"]).exits(0);
    assert_eq!(keys(&kubectl.get("deployment/test-app"), "/metadata").len(), 8);
}
