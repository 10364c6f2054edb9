//! The configuration by which an API server calls the webhook.

use serde_json::{Value, json};

use super::super::NAME;
use super::ObjectsArgs;

/// Annotations that say no, as CEL.
pub(in crate::commands::webhook) const NOT_OPTED_OUT: &str = "!has(object.metadata.annotations) || !('streamflow.io/inject' in object.metadata.annotations) \
                             || object.metadata.annotations['streamflow.io/inject'] != 'false'";
/// Objects that another one manages, as CEL.
pub(in crate::commands::webhook) const NOT_CONTROLLED: &str = "!has(object.metadata.ownerReferences) || \
                              !object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller)";
/// Objects on their way out, as CEL.
pub(in crate::commands::webhook) const NOT_DELETING: &str = "!has(object.metadata.deletionTimestamp)";
/// A review is answered in well under a millisecond; what takes longer is a network that is down.
const TIMEOUT_SECONDS: u32 = 3;

pub(super) fn object(args: &ObjectsArgs, ca_bundle: Option<String>) -> Value {
    let mut client = match &args.url {
        Some(url) => json!({ "url": url }),
        None => json!({
            "service": { "namespace": args.injection.namespace, "name": NAME, "path": "/mutate", "port": 443 },
        }),
    };
    if let Some(ca_bundle) = ca_bundle {
        client["caBundle"] = json!(ca_bundle);
    }
    let rule = |group: &str, resource: &str| {
        json!({
            "apiGroups": [group], "apiVersions": ["v1"], "resources": [resource],
            "operations": ["CREATE", "UPDATE"], "scope": "Namespaced",
        })
    };
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": NAME, "labels": { "app": NAME } },
        "webhooks": [{
            "name": "mutate.streamflow.io",
            "admissionReviewVersions": ["v1", "v1beta1"],
            "clientConfig": client,
            "rules": [rule("apps", "deployments"), rule("", "services")],
            "namespaceSelector": namespaces(&args.injection.namespace),
            "matchConditions": [
                { "name": "not-opted-out", "expression": NOT_OPTED_OUT },
                { "name": "not-controlled", "expression": NOT_CONTROLLED },
                { "name": "not-deleting", "expression": NOT_DELETING },
            ],
            "matchPolicy": "Equivalent",
            "reinvocationPolicy": "IfNeeded",
            "sideEffects": "None",
            "timeoutSeconds": TIMEOUT_SECONDS,
            "failurePolicy": args.failure_policy.name(),
        }],
    })
}

/// Returns the selector of the namespaces whose objects get keys.
pub(in crate::commands::webhook) fn namespaces(own: &str) -> Value {
    json!({
        "matchExpressions": [
            {
                "key": "kubernetes.io/metadata.name", "operator": "NotIn",
                "values": ["kube-system", "kube-public", "kube-node-lease", own],
            },
            { "key": "streamflow.io/webhook", "operator": "NotIn", "values": ["disabled"] },
        ],
    })
}
