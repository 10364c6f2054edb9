//! What the controllers do with a Deployment: one ReplicaSet a template, the pods of the newest one.

use serde_json::{Value, json};

use super::query::Query;
use super::resource::{DEPLOYMENT, POD, REPLICA_SET};
use super::store::Store;

/// Pods of an image with this word never start.
const BROKEN: &str = "broken";

pub(super) fn reconcile(store: &mut Store, namespace: &str, name: &str) {
    let deployment = store.get(&DEPLOYMENT, namespace, name).unwrap().clone();
    let template = deployment["spec"]["template"].clone();
    let owned = owned(store, &deployment);
    let revision = owned.iter().map(revision).max().unwrap_or_default();
    let same = owned.iter().find(|set| set["spec"]["template"] == template && self::revision(set) == revision).cloned();
    let set = same.unwrap_or_else(|| {
        for old in &owned {
            store.remove(&REPLICA_SET, namespace, old["metadata"]["name"].as_str().unwrap());
            let mut kept = old.clone();
            kept["spec"]["replicas"] = json!(0);
            store.put(&REPLICA_SET, namespace, old["metadata"]["name"].as_str().unwrap(), kept);
        }
        let set_name = format!("{name}-{}", revision + 1);
        let set = json!({
            "metadata": {
                "name": set_name, "namespace": namespace, "ownerReferences": [owner(&deployment)],
                "annotations": {"deployment.kubernetes.io/revision": (revision + 1).to_string()},
            },
            "spec": {"template": template},
        });
        store.put(&REPLICA_SET, namespace, &set_name, set)
    });
    let replicas = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    let ready = if template["spec"].to_string().contains(BROKEN) { 0 } else { replicas };
    for index in 0..replicas {
        let pod_name = format!("{}-{index}", set["metadata"]["name"].as_str().unwrap());
        if store.get(&POD, namespace, &pod_name).is_none() {
            let pod = pod(&set, &template, &pod_name, ready > 0);
            store.put(&POD, namespace, &pod_name, pod);
        }
    }
    let status = json!({
        "observedGeneration": deployment["metadata"]["generation"], "replicas": replicas,
        "updatedReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
    });
    if deployment["status"] == status {
        return;
    }
    let mut deployment = deployment;
    deployment["status"] = status;
    store.put(&DEPLOYMENT, namespace, name, deployment);
}

fn owned(store: &Store, deployment: &Value) -> Vec<Value> {
    let namespace = deployment["metadata"]["namespace"].as_str().unwrap();
    let ours = |set: &&&Value| set["metadata"]["ownerReferences"][0]["uid"] == deployment["metadata"]["uid"];
    store.list(&REPLICA_SET, namespace, &Query::default()).iter().filter(ours).map(|set| (*set).clone()).collect()
}

fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap().parse().unwrap()
}

fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "controller": true,
    })
}

fn pod(set: &Value, template: &Value, name: &str, ready: bool) -> Value {
    let state = if ready {
        json!({"running": {"startedAt": "2026-11-25T08:00:00Z"}})
    } else {
        json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}})
    };
    let containers = template["spec"]["containers"].as_array().unwrap();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| json!({"name": container["name"], "ready": ready, "restartCount": 0, "state": state}))
        .collect();
    json!({
        "metadata": {
            "name": name, "namespace": set["metadata"]["namespace"], "ownerReferences": [owner(set)],
            "labels": template["metadata"]["labels"], "annotations": template["metadata"]["annotations"],
        },
        "spec": template["spec"],
        "status": {
            "phase": if ready { "Running" } else { "Pending" }, "podIP": "10.0.0.1", "containerStatuses": statuses,
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
        },
    })
}
