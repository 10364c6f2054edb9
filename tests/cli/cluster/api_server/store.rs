//! The objects, their versions, and what changed since when.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::query::Query;
use super::resource::{ALL, NAMESPACE, Resource};
use super::selector;

type Key = (&'static str, String, String);

/// What became of an object at a version.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) version: u64,
    pub(super) plural: &'static str,
    pub(super) what: &'static str,
    pub(super) object: Value,
}

pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
    version: u64,
    log: Vec<Logged>,
    /// What changed up to this version is not known any more.
    forgotten: u64,
    /// What each manager applied.
    pub(super) applied: BTreeMap<(Key, String), Value>,
}

pub(super) fn key(resource: &Resource, namespace: &str, name: &str) -> Key {
    let resource = ALL.iter().find(|known| **known == resource).unwrap();
    let namespace = if resource.namespaced { namespace } else { "" };
    (resource.plural, namespace.to_owned(), name.to_owned())
}

impl Store {
    pub(super) fn with_namespaces(names: &[&str]) -> Self {
        let (objects, applied) = (BTreeMap::new(), BTreeMap::new());
        let mut store = Self { objects, version: 1, log: Vec::new(), forgotten: 0, applied };
        for name in names {
            store.put(
                &NAMESPACE,
                "",
                name,
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            );
        }
        store
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&key(resource, namespace, name))
    }

    /// Keeps an object and returns it with its version, times and identity.
    pub(super) fn put(&mut self, resource: &'static Resource, namespace: &str, name: &str, mut object: Value) -> Value {
        self.version += 1;
        let key = key(resource, namespace, name);
        let old = self.objects.get(&key);
        finish(resource, &mut object, old, self.version);
        let what = if old.is_some() { "MODIFIED" } else { "ADDED" };
        self.objects.insert(key, object.clone());
        self.log.push(Logged { version: self.version, plural: resource.plural, what, object: object.clone() });
        object
    }

    /// Removes an object with everything that it owns or holds.
    pub(super) fn remove(&mut self, resource: &'static Resource, namespace: &str, name: &str) -> Option<Value> {
        let mut object = self.objects.remove(&key(resource, namespace, name))?;
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.applied.retain(|(known, _), _| *known != key(resource, namespace, name));
        self.log.push(Logged {
            version: self.version,
            plural: resource.plural,
            what: "DELETED",
            object: object.clone(),
        });
        let uid = object["metadata"]["uid"].clone();
        let held = |(_, at, _): &Key, other: &Value| {
            let owners = other["metadata"]["ownerReferences"].as_array();
            let owned = owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid));
            owned || (*resource == NAMESPACE && at == name)
        };
        let gone: Vec<Key> =
            self.objects.iter().filter(|(key, other)| held(key, other)).map(|(key, _)| key.clone()).collect();
        for (plural, namespace, name) in gone {
            let resource = ALL.iter().find(|known| known.plural == plural).unwrap();
            self.remove(resource, &namespace, &name);
        }
        Some(object)
    }

    /// Returns the objects of a kind, of one namespace or of all, that the query selects.
    pub(super) fn list(&self, resource: &Resource, namespace: &str, query: &Query) -> Vec<&Value> {
        let here = |(plural, at, _): &Key| *plural == resource.plural && (namespace.is_empty() || at == namespace);
        self.objects
            .iter()
            .filter(|(key, object)| here(key) && is_selected(object, query))
            .map(|(_, object)| object)
            .collect()
    }

    /// Returns what changed after `since`; None when that is not known any more.
    pub(super) fn since(&self, since: u64, plural: &str) -> Option<Vec<Logged>> {
        if since < self.forgotten {
            return None;
        }
        let newer = |logged: &&Logged| logged.version > since && logged.plural == plural;
        Some(self.log.iter().filter(newer).cloned().collect())
    }

    pub(super) fn forget(&mut self) {
        self.log.clear();
        self.forgotten = self.version;
    }

    pub(super) fn names(&self) -> Vec<String> {
        let own =
            |(plural, _, name): &&Key| *plural == "namespaces" && (name == "default" || name.starts_with("kube-"));
        let shown = |(plural, namespace, name): &Key| format!("{plural} {namespace}/{name}");
        self.objects.keys().filter(|key| !own(key)).map(shown).collect()
    }
}

pub(super) fn is_selected(object: &Value, query: &Query) -> bool {
    let labels = object["metadata"]["labels"].as_object();
    query.get("labelSelector").is_none_or(|wanted| selector::meets(labels, wanted))
        && query.get("fieldSelector").is_none_or(|wanted| selector::has_fields(object, wanted))
}

/// Sets what a server sets: identity and times once, the version always, the generation when the specification changes.
pub(super) fn finish(resource: &Resource, object: &mut Value, old: Option<&Value>, version: u64) {
    object["apiVersion"] = json!(resource.api_version());
    object["kind"] = json!(resource.kind);
    let kept = |name: &str| old.map(|old| old["metadata"][name].clone()).filter(|value| !value.is_null());
    let generation = kept("generation").and_then(|generation| generation.as_u64()).unwrap_or(0);
    let changed = old.is_none_or(|old| old["spec"] != object["spec"]);
    let metadata = &mut object["metadata"];
    metadata["uid"] = kept("uid").unwrap_or_else(|| json!(format!("00000000-0000-4000-8000-{version:012}")));
    metadata["creationTimestamp"] = kept("creationTimestamp").unwrap_or_else(|| json!("2026-11-25T08:00:00Z"));
    metadata["generation"] = json!(generation + u64::from(changed));
    metadata["resourceVersion"] = json!(version.to_string());
    if *resource == NAMESPACE {
        let name = metadata["name"].clone();
        metadata["labels"]["kubernetes.io/metadata.name"] = name;
        object["status"] = json!({"phase": "Active"});
    }
}
