//! Tells clients which kinds there are.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::resource::{ALL, Resource};

/// Returns the document at a path; None when the path is none of discovery's.
pub(super) fn document(path: &str) -> Option<Value> {
    match path.trim_end_matches('/') {
        "/version" => Some(json!({"major": "1", "minor": "35", "gitVersion": "v1.35.0", "platform": "linux/amd64"})),
        "/api" => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/apis" => {
            let groups: BTreeSet<(&str, &str)> =
                ALL.iter().filter(|known| !known.group.is_empty()).map(|known| (known.group, known.version)).collect();
            let group = |(name, version): &(&str, &str)| {
                let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
                json!({"name": name, "versions": [version], "preferredVersion": version})
            };
            let groups: Vec<Value> = groups.iter().map(group).collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        "/openapi/v3" => {
            let place =
                |known: &Resource| (root(known), json!({"serverRelativeURL": format!("/openapi/v3/{}", root(known))}));
            Some(json!({"paths": ALL.iter().map(|known| place(known)).collect::<Map<String, Value>>()}))
        }
        path if path.starts_with("/openapi/v3/") => {
            let wanted = path.trim_start_matches("/openapi/v3/");
            let patches = ALL
                .iter()
                .filter(|known| root(known) == wanted)
                .map(|known| (format!("/{wanted}/{}/{{name}}", known.plural), patch(known)));
            Some(
                json!({"openapi": "3.0.0", "info": {"title": "test", "version": "1"}, "paths": Map::from_iter(patches)}),
            )
        }
        path => {
            let group_version = path.strip_prefix("/apis/").or_else(|| path.strip_prefix("/api/"))?;
            let resources: Vec<Value> =
                ALL.iter().filter(|known| known.api_version() == group_version).map(|known| resource(known)).collect();
            (!resources.is_empty()).then(|| {
                json!({
                    "kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": group_version, "resources": resources,
                })
            })
        }
    }
}

/// Returns the beginning of the paths of a group, without the first slash.
fn root(known: &Resource) -> String {
    if known.group.is_empty() { format!("api/{}", known.version) } else { format!("apis/{}", known.api_version()) }
}

/// Returns what is described of a kind: that the server itself checks the fields, so that clients need not.
fn patch(known: &Resource) -> Value {
    json!({"patch": {
        "x-kubernetes-group-version-kind": {"group": known.group, "version": known.version, "kind": known.kind},
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "responses": {},
    }})
}

fn resource(known: &Resource) -> Value {
    json!({
        "name": known.plural, "singularName": known.kind.to_lowercase(), "namespaced": known.namespaced,
        "kind": known.kind, "shortNames": known.short,
        "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
    })
}
