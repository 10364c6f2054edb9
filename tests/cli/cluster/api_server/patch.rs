//! The four forms of patches: JSON patch, merge patch, strategic merge patch, and server-side apply.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Cluster;
use super::failure::Failure;
use super::query::Query;
use super::resource::Path;
use super::store::key;

/// Returns the object as the patch makes it. Only an apply makes a new one.
pub(super) fn apply(
    cluster: &Cluster,
    at: &Path,
    query: &Query,
    kind: &str,
    body: &[u8],
    old: Option<&Value>,
) -> Result<Value, Failure> {
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new(StatusCode::BAD_REQUEST, "BadRequest", format!("the patch cannot be used: {error}"))
    };
    if kind == "application/apply-patch+yaml" {
        let wanted: Value = serde_saphyr::from_slice(body).map_err(|error| bad(&error))?;
        return server_side(cluster, at, query, wanted, old);
    }
    let mut object = old.cloned().ok_or_else(|| Failure::no_object(at))?;
    let patch: Value = serde_json::from_slice(body).map_err(|error| bad(&error))?;
    match kind {
        "application/json-patch+json" => {
            let patch: json_patch::Patch = serde_json::from_value(patch).map_err(|error| bad(&error))?;
            json_patch::patch(&mut object, &patch).map_err(|error| Failure::invalid(error.to_string()))?;
        }
        "application/merge-patch+json" => json_patch::merge(&mut object, &patch),
        "application/strategic-merge-patch+json" => strategic(&mut object, &patch),
        other => {
            let message = format!("no patch of type {other:?}");
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
        }
    }
    Ok(object)
}

/// By what the items of a list are told apart, where a list is merged and not replaced.
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "volumes" | "env" | "imagePullSecrets" | "webhooks" => Some("name"),
        "ports" => Some("containerPort"),
        "ownerReferences" => Some("uid"),
        _ => None,
    }
}

fn strategic(object: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    let object = object.as_object_mut().unwrap();
    for (name, change) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        match (change, merge_key(name)) {
            (Value::Null, _) => drop(object.remove(name)),
            (Value::Array(items), Some(key)) => {
                let list = object.entry(name.clone()).or_insert_with(|| json!([]));
                merge_list(list.as_array_mut().unwrap(), items, key);
            }
            (Value::Object(_), _) => strategic(object.entry(name.clone()).or_insert_with(|| json!({})), change),
            _ => drop(object.insert(name.clone(), change.clone())),
        }
    }
}

fn merge_list(list: &mut Vec<Value>, items: &[Value], key: &str) {
    for item in items {
        let place = list.iter().position(|known| known[key] == item[key]);
        match (place, item["$patch"] == "delete") {
            (Some(place), true) => drop(list.remove(place)),
            (Some(place), false) => strategic(&mut list[place], item),
            (None, true) => {}
            (None, false) => list.push(item.clone()),
        }
    }
}

fn server_side(
    cluster: &Cluster,
    at: &Path,
    query: &Query,
    wanted: Value,
    old: Option<&Value>,
) -> Result<Value, Failure> {
    let manager = query.get("fieldManager").filter(|manager| !manager.is_empty());
    let manager = manager.ok_or_else(|| {
        Failure::new(StatusCode::BAD_REQUEST, "BadRequest", "PatchOptions.fieldManager: Required value")
    })?;
    if wanted["metadata"]["name"] != json!(at.name) {
        return Err(Failure::invalid("the name of the object does not match the name of the path"));
    }
    let own = (key(at.resource, &at.namespace, &at.name), manager.to_owned());
    let mut store = cluster.store.lock();
    let mut object = old.cloned().unwrap_or_else(|| json!({}));
    if !query.is("force") {
        let others = store.applied.iter().filter(|((object, other), _)| *object == own.0 && *other != own.1);
        for ((_, other), theirs) in others {
            if let Some(field) = conflict(&wanted, theirs, &object, String::new()) {
                return Err(Failure::conflict(format!(
                    "Apply failed with 1 conflict: conflict with {other:?}: {field}"
                )));
            }
        }
    }
    if let Some(before) = store.applied.get(&own) {
        remove_left_out(&mut object, before, &wanted, "");
    }
    merge(&mut object, &wanted, "");
    if !query.is_dry_run() {
        store.applied.insert(own, wanted);
    }
    Ok(object)
}

/// Returns the key by which the items of a list are told apart; None for what is one value.
fn keyed(at: &str, list: &[Value]) -> Option<&'static str> {
    let key = merge_key(at.rsplit('.').next()?)?;
    list.iter().all(|item| !item[key].is_null()).then_some(key)
}

fn like<'a>(list: &'a [Value], item: &Value, key: &str) -> Option<&'a Value> {
    list.iter().find(|known| known[key] == item[key])
}

/// Returns the first field that another manager has with another value than the one that is wanted.
fn conflict(wanted: &Value, theirs: &Value, now: &Value, at: String) -> Option<String> {
    match (wanted, theirs, now) {
        (Value::Object(wanted), Value::Object(theirs), now) => {
            let both = wanted.iter().filter_map(|(name, value)| Some((name, value, theirs.get(name)?)));
            both.filter(|(name, ..)| !["apiVersion", "kind"].contains(&name.as_str()))
                .find_map(|(name, value, their)| conflict(value, their, &now[name], format!("{at}.{name}")))
        }
        (Value::Array(wanted), Value::Array(theirs), Value::Array(now)) if keyed(&at, wanted).is_some() => {
            let key = keyed(&at, wanted)?;
            wanted.iter().find_map(|item| {
                conflict(item, like(theirs, item, key)?, like(now, item, key)?, format!("{at}[{}]", item[key]))
            })
        }
        _ => (wanted != now).then_some(at),
    }
}

/// Takes away what the manager applied before and does not name any more.
fn remove_left_out(object: &mut Value, before: &Value, wanted: &Value, at: &str) {
    match (object, before, wanted) {
        (Value::Object(object), Value::Object(before), Value::Object(wanted)) => {
            for (name, part) in before {
                match (wanted.get(name), object.get_mut(name)) {
                    (None, Some(_)) => drop(object.remove(name)),
                    (Some(wanted), Some(now)) => remove_left_out(now, part, wanted, name),
                    _ => {}
                }
            }
        }
        (Value::Array(object), Value::Array(before), Value::Array(wanted)) => {
            let Some(key) = keyed(at, wanted) else { return };
            object.retain(|item| like(before, item, key).is_none() || like(wanted, item, key).is_some());
            for item in object {
                if let (Some(before), Some(wanted)) = (like(before, item, key), like(wanted, item, key)) {
                    remove_left_out(item, before, wanted, "");
                }
            }
        }
        _ => {}
    }
}

fn merge(object: &mut Value, wanted: &Value, at: &str) {
    match wanted {
        Value::Object(wanted) => {
            if !object.is_object() {
                *object = Value::Object(Map::new());
            }
            for (name, part) in wanted {
                merge(object.as_object_mut().unwrap().entry(name.clone()).or_insert(Value::Null), part, name);
            }
        }
        Value::Array(items) if object.is_array() && keyed(at, items).is_some() => {
            let (key, list) = (keyed(at, items).unwrap(), object.as_array_mut().unwrap());
            for item in items {
                match list.iter_mut().find(|known| known[key] == item[key]) {
                    Some(known) => merge(known, item, ""),
                    None => list.push(item.clone()),
                }
            }
        }
        other => *object = other.clone(),
    }
}
