//! The rights that pods need to renew their certificate: on one Secret, one Lease and one configuration.

use serde_json::{Value, json};

use super::super::NAME;

pub(super) fn objects(namespace: &str) -> [Value; 4] {
    let local = json!({ "name": NAME, "namespace": namespace, "labels": { "app": NAME } });
    let global = json!({ "name": NAME, "labels": { "app": NAME } });
    let rule = |group: &str, resource: &str, names: &[&str], verbs: &[&str]| {
        let mut rule = json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs });
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    };
    let change: &[&str] = &["get", "update"];
    let (secret, group) = (format!("{NAME}-tls"), "admissionregistration.k8s.io");
    [
        object(
            "Role",
            &local,
            "rules",
            &json!([
                rule("", "secrets", &[&secret], change),
                rule("coordination.k8s.io", "leases", &[NAME], change),
                // A name cannot be asked for when the object is only made.
                rule("coordination.k8s.io", "leases", &[], &["create"]),
            ]),
        ),
        binding("Role", &local, namespace),
        object(
            "ClusterRole",
            &global,
            "rules",
            &json!([rule(group, "mutatingwebhookconfigurations", &[NAME], change)]),
        ),
        binding("ClusterRole", &global, namespace),
    ]
}

fn object(kind: &str, metadata: &Value, name: &str, part: &Value) -> Value {
    json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, name: part })
}

fn binding(role: &str, metadata: &Value, namespace: &str) -> Value {
    let subjects = json!([{ "kind": "ServiceAccount", "name": NAME, "namespace": namespace }]);
    let mut binding = object(&format!("{role}Binding"), metadata, "subjects", &subjects);
    binding["roleRef"] = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": NAME });
    binding
}
