//! Tells clients which kinds there are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

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

fn resource(known: &Resource) -> Value {
    json!({
        "name": known.plural, "singularName": known.kind.to_lowercase(), "namespaced": known.namespaced,
        "kind": known.kind, "shortNames": known.short,
        "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
    })
}
