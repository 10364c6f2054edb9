//! The admission step: asks the webhooks that are configured, over TLS, and applies their patches.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::query::Query;
use super::resource::{NAMESPACE, Path, WEBHOOK};
use super::{Cluster, selector};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
}

/// What is about to be written.
pub(super) struct Review<'a> {
    pub(super) at: &'a Path,
    pub(super) operation: Operation,
    pub(super) old: Option<&'a Value>,
    pub(super) dry_run: bool,
}

impl Review<'_> {
    fn operation(&self) -> &'static str {
        match self.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
        }
    }

    fn is_meant(&self, webhook: &Value, namespace: Option<&Map<String, Value>>) -> bool {
        let has = |list: &Value, wanted: &str| {
            list.as_array().is_some_and(|list| list.iter().any(|known| known == "*" || known == wanted))
        };
        let rules = webhook["rules"].as_array().is_some_and(|rules| {
            rules.iter().any(|rule| {
                has(&rule["apiGroups"], self.at.resource.group)
                    && has(&rule["apiVersions"], self.at.resource.version)
                    && has(&rule["resources"], self.at.resource.plural)
                    && has(&rule["operations"], self.operation())
            })
        });
        rules && selector::matches(namespace, &webhook["namespaceSelector"])
    }
}

/// Lets the webhooks change the object, and returns their warnings.
pub(super) async fn mutate(cluster: &Cluster, review: &Review<'_>, object: &mut Value) -> Result<Vec<String>, Failure> {
    let (configurations, namespace) = {
        let store = cluster.store.lock();
        let all: Vec<Value> = store.list(&WEBHOOK, "", &Query::default()).into_iter().cloned().collect();
        let namespace = store.get(&NAMESPACE, "", &review.at.namespace);
        (all, namespace.and_then(|namespace| namespace["metadata"]["labels"].as_object()).cloned())
    };
    let mut warnings = Vec::new();
    for configuration in &configurations {
        for webhook in configuration["webhooks"].as_array().into_iter().flatten() {
            if !review.is_meant(webhook, namespace.as_ref()) {
                continue;
            }
            match call(cluster, webhook, review, object).await {
                Ok(said) => warnings.extend(said),
                Err(fault) if webhook["failurePolicy"] == "Ignore" => cluster.failed.lock().push(fault),
                Err(fault) => {
                    let message =
                        format!("Internal error occurred: failed calling webhook {}: {fault}", webhook["name"]);
                    return Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message));
                }
            }
        }
    }
    Ok(warnings)
}

async fn call(
    cluster: &Cluster,
    webhook: &Value,
    review: &Review<'_>,
    object: &mut Value,
) -> Result<Vec<String>, String> {
    let uid = "6b5f3a52-3c38-4b37-9a3b-1f6f0c8c2d11";
    let at = review.at;
    let kind = json!({"group": at.resource.group, "version": at.resource.version, "kind": at.resource.kind});
    let resource = json!({"group": at.resource.group, "version": at.resource.version, "resource": at.resource.plural});
    let body = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": uid, "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": at.name, "namespace": at.namespace, "operation": review.operation(),
            "userInfo": {"username": "kubernetes-admin"}, "object": object, "oldObject": review.old,
            "dryRun": review.dry_run, "options": null,
        },
    });
    let (client, url) = client(&webhook["clientConfig"], &cluster.services.lock())?;
    let seconds = webhook["timeoutSeconds"].as_u64().unwrap_or(10);
    let sent = client.post(url).timeout(Duration::from_secs(seconds)).json(&body).send().await;
    let answer = sent.map_err(|error| format!("{error:?}"))?;
    if !answer.status().is_success() {
        return Err(format!("status {}", answer.status()));
    }
    let answer: Value = answer.json().await.map_err(|error| error.to_string())?;
    let response = &answer["response"];
    if response["uid"] != uid || response["allowed"] != true {
        return Err(format!("it did not allow it: {answer}"));
    }
    if let Some(patch) = response["patch"].as_str() {
        let patch = STANDARD.decode(patch).map_err(|error| error.to_string())?;
        let patch: json_patch::Patch = serde_json::from_slice(&patch).map_err(|error| error.to_string())?;
        json_patch::patch(object, &patch).map_err(|error| error.to_string())?;
    }
    let warnings = response["warnings"].as_array().into_iter().flatten();
    Ok(warnings.filter_map(|warning| warning.as_str().map(str::to_owned)).collect())
}

/// Returns a client that trusts the configuration's authority alone.
fn client(
    config: &Value,
    services: &BTreeMap<(String, String), SocketAddr>,
) -> Result<(reqwest::Client, String), String> {
    let bundle = STANDARD.decode(config["caBundle"].as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    let authorities = reqwest::Certificate::from_pem_bundle(&bundle).map_err(|error| error.to_string())?;
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only(authorities);
    let (builder, url) = match config["url"].as_str() {
        Some(url) => (builder, url.to_owned()),
        None => {
            let of = |name: &str| config["service"][name].as_str().unwrap_or_default().to_owned();
            let address = services.get(&(of("namespace"), of("name"))).ok_or("the service has no endpoints")?;
            let host = format!("{}.{}.svc", of("name"), of("namespace"));
            let url = format!("https://{host}:{}{}", address.port(), of("path"));
            (builder.resolve(&host, *address), url)
        }
    };
    Ok((builder.build().map_err(|error| error.to_string())?, url))
}
