//! Reads `config.yaml` into leaves that know their line and column.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::error::{SettingsError, SettingsPlace};

/// One value of the file.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Dotted path.
    pub(super) key: String,
    pub(super) content: Content,
    pub(super) key_at: Location,
    pub(super) value_at: Location,
}

/// A scalar as text, a list of scalars, or a section with nothing in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Scalar(String),
    List(Vec<String>),
    Nothing,
}

/// Returns every leaf of the file, in its order.
pub(super) fn leaves(path: &Path, text: &str) -> Result<Vec<Leaf>, SettingsError> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Vec::new());
    }
    let root: Node = serde_saphyr::from_str(text).map_err(|error| broken(path, text, &error))?;
    let mut leaves = Vec::new();
    match root {
        Node::Section(children) => flatten("", children, &mut leaves),
        Node::Nothing => {}
        Node::Scalar(_) | Node::List(_) => {
            let place = SettingsPlace::new(path, text, 1, 1, 1);
            return Err(SettingsError::broken_yaml("settings are written as `key: value`", Some(place)));
        }
    }
    Ok(leaves)
}

fn broken(path: &Path, text: &str, error: &serde_saphyr::Error) -> SettingsError {
    let place = error.location().map(|at| SettingsPlace::new(path, text, at.line(), at.column(), 1));
    let reason = error.to_string();
    // The library draws the place too; only its first words are wanted.
    let first = reason.lines().next().unwrap_or_default();
    let words = first.trim_start_matches("error: ").split(" at line ").next().unwrap_or(first);
    let words = words.strip_prefix("line ").and_then(|rest| rest.split_once(": ")).map_or(words, |(_, words)| words);
    SettingsError::broken_yaml(words, place)
}

type Children = Vec<(Spanned<String>, Spanned<Node>)>;

#[derive(Debug)]
enum Node {
    Section(Children),
    List(Vec<String>),
    Scalar(String),
    Nothing,
}

fn flatten(prefix: &str, children: Children, leaves: &mut Vec<Leaf>) {
    for (name, node) in children {
        let key = if prefix.is_empty() { name.value } else { format!("{prefix}.{}", name.value) };
        let content = match node.value {
            Node::Section(children) if !children.is_empty() => {
                flatten(&key, children, leaves);
                continue;
            }
            Node::Section(_) | Node::Nothing => Content::Nothing,
            Node::Scalar(text) => Content::Scalar(text),
            Node::List(items) => Content::List(items),
        };
        leaves.push(Leaf { key, content, key_at: name.defined, value_at: node.defined });
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section, a list or a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            match item {
                Node::Scalar(text) => list.push(text),
                Node::Nothing => {}
                Node::Section(_) | Node::List(_) => {
                    return Err(serde::de::Error::custom("a list holds plain values only"));
                }
            }
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut children = Children::new();
        while let Some(entry) = entries.next_entry()? {
            children.push(entry);
        }
        Ok(Node::Section(children))
    }
}
