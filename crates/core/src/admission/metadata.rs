//! Reads the two maps of an object's metadata. Absent, `null` and empty are one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::injection::{PREFIX, Part};

/// An object that is not formed as Kubernetes forms it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} is not {expected}")]
pub struct Unreadable {
    /// Where, as `kubectl explain` writes it.
    pub path: String,
    pub expected: &'static str,
}

/// The metadata of an object or of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metadata<'a> {
    whole: Option<&'a Map<String, Value>>,
    annotations: Option<&'a Map<String, Value>>,
    labels: Option<&'a Map<String, Value>>,
}

impl<'a> Metadata<'a> {
    /// Reads `metadata` of `owner`, which is found at `path`.
    pub(super) fn of(owner: &'a Map<String, Value>, path: &str) -> Result<Self, Unreadable> {
        let path = if path.is_empty() { "metadata".to_owned() } else { format!("{path}.metadata") };
        let whole = map(owner.get("metadata"), &path)?;
        let part = |part: Part| match whole {
            None => Ok(None),
            Some(whole) => texts(whole.get(part.name()), &format!("{path}.{}", part.name())),
        };
        Ok(Self { whole, annotations: part(Part::Annotations)?, labels: part(Part::Labels)? })
    }

    pub(super) fn is_absent(&self) -> bool {
        self.whole.is_none()
    }

    pub(super) fn part(&self, part: Part) -> Option<&'a Map<String, Value>> {
        match part {
            Part::Annotations => self.annotations,
            Part::Labels => self.labels,
        }
    }

    pub(super) fn get(&self, part: Part, key: &str) -> Option<&'a str> {
        self.part(part)?.get(key)?.as_str()
    }

    /// Returns whether the two differ in nothing but keys of ours.
    pub(super) fn is_same_but_for_ours(&self, other: &Self) -> bool {
        self.others() == other.others()
            && self.foreign(Part::Annotations) == other.foreign(Part::Annotations)
            && self.foreign(Part::Labels) == other.foreign(Part::Labels)
    }

    fn foreign(&self, part: Part) -> BTreeMap<&'a str, &'a Value> {
        entries(self.part(part)).filter(|(key, _)| !key.starts_with(PREFIX)).collect()
    }

    fn others(&self) -> BTreeMap<&'a str, &'a Value> {
        entries(self.whole)
            .filter(|(key, value)| !["annotations", "labels"].contains(key) && !value.is_null())
            .collect()
    }
}

fn entries(map: Option<&Map<String, Value>>) -> impl Iterator<Item = (&str, &Value)> {
    map.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Returns the map, or None when it is absent or `null`.
pub(super) fn map<'a>(value: Option<&'a Value>, path: &str) -> Result<Option<&'a Map<String, Value>>, Unreadable> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(Unreadable { path: path.to_owned(), expected: "a map" }),
    }
}

fn texts<'a>(value: Option<&'a Value>, path: &str) -> Result<Option<&'a Map<String, Value>>, Unreadable> {
    let map = map(value, path)?;
    if map.is_some_and(|map| !map.values().all(Value::is_string)) {
        return Err(Unreadable { path: path.to_owned(), expected: "a map of texts" });
    }
    Ok(map)
}
