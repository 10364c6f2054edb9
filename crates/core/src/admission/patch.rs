//! A JSON patch that only adds.

use serde_json::{Map, Value, json};

/// One addition. A path ends in a name of a map; an addition never replaces anything but `null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Add {
    /// JSON pointer (RFC 6901).
    pub path: String,
    pub value: Value,
}

/// Additions in the order in which they are applied.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch(Vec<Add>);

/// A patch does not fit the object that it was applied to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the object has nothing at {path:?} to add to")]
pub struct CannotApply {
    pub path: String,
}

impl Patch {
    pub(super) fn add_map(&mut self, path: String) {
        self.0.push(Add { path, value: json!({}) });
    }

    pub(super) fn add_entry(&mut self, map: &str, key: &str, value: String) {
        self.0.push(Add { path: format!("{map}/{}", escaped(key)), value: Value::String(value) });
    }

    /// Returns the additions.
    #[must_use]
    pub fn additions(&self) -> &[Add] {
        &self.0
    }

    /// Returns whether nothing is added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the patch as RFC 6902 has it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.0.iter().map(|add| json!({"op": "add", "path": add.path, "value": add.value})).collect()
    }

    /// Adds everything to `object`.
    ///
    /// # Errors
    /// When the object is not the one that the patch was made for.
    pub fn apply(&self, object: &mut Value) -> Result<(), CannotApply> {
        for add in &self.0 {
            let cannot = || CannotApply { path: add.path.clone() };
            let (map, key) = add.path.rsplit_once('/').ok_or_else(cannot)?;
            let map: &mut Map<String, Value> =
                object.pointer_mut(map).and_then(Value::as_object_mut).ok_or_else(cannot)?;
            map.insert(unescaped(key), add.value.clone());
        }
        Ok(())
    }
}

/// `~` comes first: the other way round the `~` of `~1` would be escaped again.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slash_and_tilde_in_a_key_come_back_as_they_were() {
        for key in ["streamflow.io/monitoring", "a~b", "~1", "/~0/", "plain"] {
            assert_eq!(unescaped(&escaped(key)), key);
        }
        assert_eq!(escaped("a/b~c"), "a~1b~0c");
    }
}
