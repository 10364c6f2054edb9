//! Decides which keys an object gets, and never causes a rollout by it.
//!
//! A key that is there is never changed. A pod template is touched only when it is new or changes anyway; when it stays the
//! same, it is given back what the old one had. So labels, syncs and upgrades of the object alone start no pod anew.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::injection::{INJECTED_AT, Injection, Key, Part};
use super::metadata::{Metadata, Unreadable, map};
use super::patch::Patch;

/// What kind of object is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Of the group `apps`. Its pod template gets the keys, too.
    Deployment,
    /// Of the core group.
    Service,
}

/// An object as it is about to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub subject: Subject,
    pub object: &'a Value,
    /// The object as it is stored now; None when it is created.
    pub old: Option<&'a Value>,
}

/// Returns the additions that the object lacks; empty when it has everything that it may get.
///
/// # Errors
/// When the object, or the old one, is not formed as Kubernetes forms it.
pub fn mutate(change: &Change<'_>, injection: &Injection, now: Timestamp) -> Result<Patch, Unreadable> {
    let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let new = Owner::of(change.subject, change.object, "object")?;
    let old = change.old.map(|old| Owner::of(change.subject, old, "oldObject")).transpose()?;

    let since = old.as_ref().and_then(|old| old.metadata.get(Part::Annotations, INJECTED_AT)).unwrap_or(&now);
    let on_object = |key: &Key| key.value.clone().unwrap_or_else(|| since.to_owned());
    let effective = |key: &Key| match new.metadata.get(key.part, key.name) {
        Some(present) => present.to_owned(),
        None => on_object(key),
    };

    let mut patch = Patch::default();
    fill(&mut patch, "/metadata", &new.metadata, injection, |key| Some(on_object(key)));
    let Some(template) = &new.template else { return Ok(patch) };
    let on_template = |key: &Key| match old.as_ref().and_then(|old| old.template.as_ref()) {
        // Created: the template says what the object says, the time included.
        None => Some(effective(key)),
        Some(old) if template.is_same_but_for_ours(old) => old.metadata.get(key.part, key.name).map(str::to_owned),
        // A rollout comes anyway.
        Some(old) if key.value.is_none() => Some(old.metadata.get(key.part, key.name).unwrap_or(&now).to_owned()),
        Some(_) => Some(effective(key)),
    };
    fill(&mut patch, "/spec/template/metadata", &template.metadata, injection, |key| {
        if key.part == Part::Labels && template.selects_by(key.name) { None } else { on_template(key) }
    });
    Ok(patch)
}

/// Adds the keys that are missing below `at`, and the maps that they need.
fn fill(
    patch: &mut Patch,
    at: &str,
    metadata: &Metadata<'_>,
    injection: &Injection,
    value_of: impl Fn(&Key) -> Option<String>,
) {
    let mut metadata_absent = metadata.is_absent();
    for part in [Part::Annotations, Part::Labels] {
        let mut part_absent = metadata.part(part).is_none();
        let map = format!("{at}/{}", part.name());
        for key in injection.keys().iter().filter(|key| key.part == part) {
            if metadata.get(part, key.name).is_some() {
                continue;
            }
            let Some(value) = value_of(key) else { continue };
            if std::mem::take(&mut metadata_absent) {
                patch.add_map(at.to_owned());
            }
            if std::mem::take(&mut part_absent) {
                patch.add_map(map.clone());
            }
            patch.add_entry(&map, key.name, value);
        }
    }
}

/// An object with what of it matters here.
struct Owner<'a> {
    metadata: Metadata<'a>,
    template: Option<Template<'a>>,
}

impl<'a> Owner<'a> {
    fn of(subject: Subject, object: &'a Value, name: &str) -> Result<Self, Unreadable> {
        let map = object.as_object().ok_or_else(|| unreadable(name))?;
        let template = match subject {
            Subject::Service => None,
            Subject::Deployment => Some(Template::of(map)?),
        };
        Ok(Self { metadata: Metadata::of(map, "")?, template })
    }
}

fn unreadable(path: &str) -> Unreadable {
    Unreadable { path: path.to_owned(), expected: "a map" }
}

/// The pod template of a Deployment.
struct Template<'a> {
    whole: &'a Map<String, Value>,
    metadata: Metadata<'a>,
    selector: Option<&'a Map<String, Value>>,
}

impl<'a> Template<'a> {
    fn of(deployment: &'a Map<String, Value>) -> Result<Self, Unreadable> {
        let spec = map(deployment.get("spec"), "spec")?.ok_or_else(|| unreadable("spec"))?;
        let whole = map(spec.get("template"), "spec.template")?.ok_or_else(|| unreadable("spec.template"))?;
        let selector = map(spec.get("selector"), "spec.selector")?;
        Ok(Self { whole, metadata: Metadata::of(whole, "spec.template")?, selector })
    }

    /// Returns whether storing `self` over `old` would start no pod anew, keys of ours aside.
    fn is_same_but_for_ours(&self, old: &Self) -> bool {
        let others = |map: &'a Map<String, Value>| {
            map.iter().filter(|(key, value)| *key != "metadata" && !value.is_null()).collect::<BTreeMap<_, _>>()
        };
        others(self.whole) == others(old.whole) && self.metadata.is_same_but_for_ours(&old.metadata)
    }

    /// Returns whether the Deployment finds its pods by this label. Then it is not ours to add: the selector would no longer
    /// match the template, and the Deployment be refused.
    fn selects_by(&self, label: &str) -> bool {
        let Some(selector) = self.selector else { return false };
        let matched = selector.get("matchLabels").is_some_and(|labels| labels.get(label).is_some());
        let mut expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
        matched || expressions.any(|expression| expression.get("key").and_then(Value::as_str) == Some(label))
    }
}
