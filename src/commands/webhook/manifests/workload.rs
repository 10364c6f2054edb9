//! What runs the webhook inside the cluster: no rights, no write to its disk, no root.

use serde_json::{Value, json};

use super::super::NAME;
use super::ObjectsArgs;

/// Any user that is not root.
const USER: u32 = 65_532;
const REVIEWS_PORT: u16 = 8443;
const PROBES_PORT: u16 = 8080;
/// The drain's delay of 5 s, its 20 s for reviews, and some.
const GRACE_SECONDS: u32 = 40;

pub(super) fn objects(args: &ObjectsArgs, image: &str) -> Vec<Value> {
    let namespace = &args.injection.namespace;
    let metadata = || json!({ "name": NAME, "namespace": namespace, "labels": { "app": NAME } });
    let mut objects = vec![
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": namespace,
                "labels": {
                    "app": NAME,
                    "streamflow.io/webhook": "disabled",
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            },
        }),
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata(),
            "automountServiceAccountToken": false,
        }),
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata(),
            "spec": {
                "replicas": args.replicas,
                "selector": { "matchLabels": { "app": NAME } },
                "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 } },
                "template": { "metadata": { "labels": { "app": NAME } }, "spec": pod(args, image) },
            },
        }),
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(),
            "spec": {
                "selector": { "app": NAME },
                "ports": [{ "name": "reviews", "port": 443, "targetPort": "reviews", "protocol": "TCP" }],
            },
        }),
    ];
    // With one pod a budget would only keep its node from being drained.
    if args.replicas > 1 {
        objects.push(json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(),
            "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": NAME } } },
        }));
    }
    objects
}

fn pod(args: &ObjectsArgs, image: &str) -> Value {
    let injection = &args.injection;
    let mut call = vec![
        json!("webhook"),
        json!("serve"),
        json!("--log-json"),
        json!("--certs=/certs"),
        json!(format!("--listen=0.0.0.0:{REVIEWS_PORT}")),
        json!(format!("--probes=0.0.0.0:{PROBES_PORT}")),
        json!(format!("--namespace={}", injection.namespace)),
        json!(format!("--metrics-path={}", injection.metrics_path)),
        json!(format!("--metrics-port={}", injection.metrics_port)),
        json!(format!("--health-path={}", injection.health_path)),
        json!(format!("--monitoring-version={}", injection.monitoring_version)),
        json!(format!("--component={}", injection.component)),
    ];
    if args.renew {
        call.push(json!("--renew"));
    }
    if let Some(url) = &args.events {
        call.push(json!(format!("--events={url}")));
    }
    let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "probes" }, "periodSeconds": 5 });
    let mut pod = json!({
        "serviceAccountName": NAME,
        // Only who renews certificates talks to the API server.
        "automountServiceAccountToken": args.renew,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": { "matchLabels": { "app": NAME } },
        }],
        "containers": [{
            "name": "webhook",
            "image": image,
            "command": ["streamflow"],
            "args": call,
            "ports": [
                { "name": "reviews", "containerPort": REVIEWS_PORT },
                { "name": "probes", "containerPort": PROBES_PORT },
            ],
            "readinessProbe": probe("/readyz"),
            "livenessProbe": probe("/healthz"),
            "resources": {
                "requests": { "cpu": "20m", "memory": "32Mi" },
                "limits": { "memory": "512Mi" },
            },
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"] },
            },
            "volumeMounts": [{ "name": "certs", "mountPath": "/certs", "readOnly": true }],
        }],
        // 0440: the group of the pod may read the key, nobody else.
        "volumes": [{ "name": "certs", "secret": { "secretName": format!("{NAME}-tls"), "defaultMode": 0o440 } }],
    });
    if args.events.is_some() {
        // A server without tokens needs no Secret.
        let token = json!({ "name": format!("{NAME}-events"), "key": "token", "optional": true });
        pod["containers"][0]["env"] = json!([{ "name": "STREAMFLOW_TOKEN", "valueFrom": { "secretKeyRef": token } }]);
    }
    pod
}
