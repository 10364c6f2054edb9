//! Pods, logs, restarts and events of the monitored workloads.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::Test;
use crate::server::Server;

pub(super) fn deployment(name: &str, managed: bool) -> Value {
    let mut labels = json!({"app": name});
    if managed {
        labels["streamflow.io/managed"] = json!("true");
        labels["streamflow.io/component"] = json!("microservice");
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": name, "image": "nginx"}]},
            },
        },
    })
}

fn event(name: &str, count: u64) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "shop-1-0", "namespace": "default"},
        "type": "Warning", "reason": "BackOff", "message": "Back-off restarting failed container", "count": count,
        "lastTimestamp": "2026-11-25T08:00:00Z",
    })
}

/// A cluster with a monitored Deployment and one that is none of ours.
fn with_shop() -> Test {
    let test = Test::start();
    for (name, managed) in [("shop", true), ("other", false)] {
        test.server.deploy(deployment(name, managed));
    }
    test
}

/// A call that goes on, whose lines are read as they come.
pub(super) struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    pub(super) fn start(test: &Test, args: &[&str]) -> Self {
        let mut child = test.place.command(args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(super) fn next(&mut self) -> Value {
        let line = self.lines.next().unwrap().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn monitored_pods_are_listed_and_followed() {
    let test = with_shop();
    let rows = test.run(&["k8s", "pods", "-o", "json"]).exits(0).json()["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    let expected = json!(["default", "shop-1-0", "1/1", "Running", 0, "microservice"]);
    let shown = ["namespace", "name", "ready", "status", "restarts", "component"].map(|field| rows[0][field].clone());
    assert_eq!(Value::from(shown.to_vec()), expected);
    // Another namespace has none, and the context of the kubeconfig says which is meant.
    for args in [["-n", "kube-system"], ["--kube-context", "web"]] {
        let mut call = vec!["k8s", "pods", "-o", "json"];
        call.extend(args);
        assert_eq!(test.run(&call).exits(0).json()["rows"], json!([]));
    }

    let mut following = Following::start(&test, &["k8s", "pods", "--watch", "-o", "ndjson"]);
    assert_eq!(following.next()["name"], "shop-1-0");
    test.server.deploy(deployment("cart", true));
    assert_eq!(following.next()["name"], "cart-1-0");
    test.until("the watch to go on", || test.server.asked().iter().any(|asked| asked.contains("watch=true")));
    test.server.delete("deployments", "default", "cart");
    let gone = following.next();
    assert_eq!((&gone["name"], &gone["status"]), (&json!("cart-1-0"), &json!("Deleted")));
}

#[test]
fn logs_of_all_monitored_pods_are_followed_and_told_apart() {
    let test = with_shop();
    test.server.log("default", "shop-1-0", "one");
    test.server.log("default", "shop-1-0", "two");
    test.server.log("default", "other-1-0", "not ours");
    let out = test.run(&["k8s", "logs"]).exits(0).out;
    assert_eq!(out, "[default/shop-1-0] one\n[default/shop-1-0] two\n");
    assert_eq!(test.run(&["k8s", "logs", "--tail", "1"]).exits(0).out, "[default/shop-1-0] two\n");
    test.run(&["k8s", "logs", "nowhere"]).exits(5).says("default/nowhere: the API server refused");

    let mut following = Following::start(&test, &["k8s", "logs", "--follow", "-o", "ndjson"]);
    assert_eq!((&following.next()["line"], &following.next()["line"]), (&json!("one"), &json!("two")));
    test.server.log("default", "shop-1-0", "three");
    assert_eq!(following.next()["line"], "three");
    // A pod that comes later is followed, too.
    test.server.deploy(deployment("cart", true));
    test.server.log("default", "cart-1-0", "hello");
    let late = following.next();
    assert_eq!((&late["pod"], &late["line"]), (&json!("cart-1-0"), &json!("hello")));
}

#[test]
fn restart_asks_first_and_starts_pods_anew() {
    let test = with_shop();
    test.run(&["k8s", "restart", "shop"]).exits(2).says("a restart needs consent");
    test.run(&["k8s", "restart", "other", "-y"]).exits(5).says("there are: shop");
    assert!(test.server.get("pods", "default", "shop-1-0").is_some());
    test.run(&["k8s", "restart", "shop", "-y"]).exits(0);
    assert!(test.server.get("pods", "default", "shop-1-0").is_none());
    assert!(test.server.get("pods", "default", "shop-2-0").is_some());
    test.run(&["k8s", "restart", "--all", "-y"]).exits(0);
    assert!(test.server.get("pods", "default", "other-1-0").is_some());
}

#[test]
fn events_of_the_cluster_are_shown_and_sent_once() {
    let test = with_shop();
    test.server.put(event("a", 1));
    let rows = test.run(&["k8s", "events", "-o", "json"]).exits(0).json()["rows"].clone();
    assert_eq!((&rows[0]["object"], &rows[0]["reason"]), (&json!("Pod/shop-1-0"), &json!("BackOff")));

    let server = Server::start();
    let url = server.url("gateway").to_owned();
    let send = ["k8s", "events", "--send", "--once", "--server", &url];
    test.run(&send).exits(0).says("sent 1 events");
    // Listed again it is not new; counted again it is.
    test.run(&send).exits(0).says("sent 0 events");
    test.server.put(event("a", 2));
    test.run(&send).exits(0).says("sent 1 events");
    let query = "SELECT count(*) AS n FROM events WHERE type = 'k8s.event' AND severity = 'medium'";
    assert_eq!(server.run(&["query", query, "--jq", ".rows[0].n"]).exits(0).out, "2\n");

    let mut following = Following::start(&test, &["k8s", "events", "--watch", "-o", "ndjson"]);
    assert_eq!(following.next()["count"], 2);
    test.server.forget_changes();
    test.server.put(event("b", 1));
    // After the gap everything comes again.
    let mut seen = vec![following.next()];
    while seen.last().unwrap()["count"] != 1 {
        seen.push(following.next());
    }
    assert!(seen.len() <= 3, "{seen:?}");
}

#[test]
fn server_in_a_cluster_is_reached_through_its_service() {
    let test = Test::start();
    let server = Server::start();
    test.server.put(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "streamflow", "namespace": "default"},
        "spec": {"selector": {"app": "streamflow"}, "ports": [{"port": 80, "targetPort": "gateway"}]},
    }));
    let add = ["context", "add", "live", "--service", "streamflow", "--namespace", "default", "--kube-context", "test"];
    test.run(&add).exits(0);
    let listed = test.run(&["context", "list", "--jq", ".rows[1].target"]).exits(0).out;
    assert_eq!(listed, "k8s://test/default/streamflow\n");
    test.run(&["query", "SELECT 1", "--context", "live"])
        .exits(3)
        .says("none of the 0 pods of service default/streamflow");

    test.server.put(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "streamflow-0", "namespace": "default", "labels": {"app": "streamflow"}},
        "spec": {"containers": [{"name": "streamflow", "ports": [{"name": "gateway", "containerPort": 8005}]}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }));
    test.server.serve_pod("default", "streamflow-0", 8005, server.address("gateway"));
    test.run(&["send", "shop.order", "-d", "total=7", "--context", "live"]).exits(0);
    let count = "SELECT count(*) AS n FROM events WHERE type = 'shop.order'";
    for call in [&test.place, &*server.place] {
        let context: &[&str] = if std::ptr::eq(call, &test.place) { &["--context", "live"] } else { &[] };
        let args = [&["query", count, "--jq", ".rows[0].n"], context].concat();
        assert_eq!(call.run(&args).exits(0).out, "1\n");
    }
    test.run(&["context", "validate", "live"]).exits(0);
}
