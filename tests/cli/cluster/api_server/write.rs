//! Creates, replaces, patches and deletes: admission first, then the store, then the controllers.

use std::sync::Arc;

use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::admission::{self, Operation};
use super::failure::Failure;
use super::query::Query;
use super::resource::{DEPLOYMENT, NAMESPACE, Path};
use super::store::finish;
use super::{Cluster, controller, document, patch, protobuf};

/// Writers that meet on one object try again this often.
const TRIES_MAX: usize = 10;

pub(super) async fn run(
    cluster: &Arc<Cluster>,
    at: &Path,
    query: &Query,
    method: &Method,
    kind: &str,
    body: &[u8],
) -> Result<Response, Failure> {
    if *method == Method::DELETE {
        return delete(cluster, at, query);
    }
    if !at.subresource.is_empty() {
        return Err(Failure::not_found(format!("no subresource {}", at.subresource)));
    }
    for _ in 0..TRIES_MAX {
        let old = match *method {
            Method::POST => None,
            _ => cluster.store.lock().get(at.resource, &at.namespace, &at.name).cloned(),
        };
        let new = match (method, &old) {
            (&Method::PATCH, old) => patch::apply(cluster, at, query, kind, body, old.as_ref())?,
            (&Method::PUT, None) => return Err(Failure::no_object(at)),
            _ => parsed(body)?,
        };
        let mut at = at.clone();
        if at.name.is_empty() {
            at.name = new["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        }
        if let (&Method::PUT, Some(old)) = (method, &old)
            && !new["metadata"]["resourceVersion"].is_null()
            && new["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]
        {
            return Err(Failure::conflict(
                "the object has been modified; please apply your changes to the latest version",
            ));
        }
        if let Some(response) = write(cluster, &at, query, new, old).await? {
            return Ok(response);
        }
    }
    Err(Failure::conflict("the object changes too often"))
}

/// Returns None when another writer was faster.
async fn write(
    cluster: &Arc<Cluster>,
    at: &Path,
    query: &Query,
    mut new: Value,
    old: Option<Value>,
) -> Result<Option<Response>, Failure> {
    check(cluster, at, &new, old.as_ref())?;
    if at.resource.namespaced {
        new["metadata"]["namespace"] = json!(at.namespace);
    }
    // As the API server does, so that webhooks see one form.
    new["apiVersion"] = json!(at.resource.api_version());
    new["kind"] = json!(at.resource.kind);
    let operation = if old.is_some() { Operation::Update } else { Operation::Create };
    let review = admission::Review { at, operation, old: old.as_ref(), dry_run: query.is_dry_run() };
    let warnings = admission::mutate(cluster, &review, &mut new).await?;
    let status = if old.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let mut store = cluster.store.lock();
    if store.get(at.resource, &at.namespace, &at.name).map(version) != old.as_ref().map(version) {
        return Ok(None);
    }
    if let Some(old) = &old {
        // A write that changes nothing is none.
        let mut like = new.clone();
        finish(at.resource, &mut like, Some(old), 0);
        like["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
        if like == *old {
            return Ok(Some(document(status, old, &warnings)));
        }
    }
    if query.is_dry_run() {
        finish(at.resource, &mut new, old.as_ref(), store.version());
        return Ok(Some(document(status, &new, &warnings)));
    }
    let mut kept = store.put(at.resource, &at.namespace, &at.name, new);
    if *at.resource == DEPLOYMENT {
        controller::reconcile(&mut store, &at.namespace, &at.name);
        kept = store.get(at.resource, &at.namespace, &at.name).cloned().unwrap_or(kept);
    }
    drop(store);
    cluster.changed.notify_waiters();
    Ok(Some(document(status, &kept, &warnings)))
}

fn check(cluster: &Cluster, at: &Path, new: &Value, old: Option<&Value>) -> Result<(), Failure> {
    if at.name.is_empty() {
        return Err(Failure::invalid("metadata.name: Required value"));
    }
    let store = cluster.store.lock();
    if at.resource.namespaced && store.get(&NAMESPACE, "", &at.namespace).is_none() {
        return Err(Failure::not_found(format!("namespaces {:?} not found", at.namespace)));
    }
    if old.is_none() && store.get(at.resource, &at.namespace, &at.name).is_some() {
        let message = format!("{} {:?} already exists", at.resource.plural, at.name);
        return Err(Failure::new(StatusCode::CONFLICT, "AlreadyExists", message));
    }
    // The one rule of the real server that a wrong patch would break.
    if *at.resource == DEPLOYMENT {
        let labels = new["spec"]["template"]["metadata"]["labels"].as_object();
        if !super::selector::matches(labels, &new["spec"]["selector"]) {
            return Err(Failure::invalid("spec.template.metadata.labels: `selector` does not match template `labels`"));
        }
    }
    Ok(())
}

fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"].to_string()
}

fn parsed(body: &[u8]) -> Result<Value, Failure> {
    if let Some(object) = protobuf::object(body) {
        return Ok(object);
    }
    serde_saphyr::from_slice(body)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", format!("the body is no object: {error}")))
}

fn delete(cluster: &Cluster, at: &Path, query: &Query) -> Result<Response, Failure> {
    let mut store = cluster.store.lock();
    if store.get(at.resource, &at.namespace, &at.name).is_none() {
        return Err(Failure::no_object(at));
    }
    if !query.is_dry_run() {
        store.remove(at.resource, &at.namespace, &at.name);
    }
    drop(store);
    cluster.changed.notify_waiters();
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    Ok(document(StatusCode::OK, &status, &[]))
}
