//! Decides which paths of a JSON column become typed columns of a segment, from a sample of its rows.
//!
//! A path earns a column by being common; rare ones stay together in one value a row, so that a flood of keys costs no
//! columns. The type is the one that most of its values have; the others are kept beside it as they are.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use streamflow_core::json::{JsonError, Number, Reader, Scalar};

/// Rows that are looked at.
pub(crate) const SAMPLE_ROWS_MAX: usize = 8_192;
/// A path is common when it is in one of this many rows.
const COMMON_ROWS: usize = 400;
/// Typed columns of one JSON column. Each costs some hundred bytes of footer for every group of rows.
const LEAVES_MAX: usize = 192;
/// Levels of objects that become columns.
const LEVELS_MAX: usize = 4;
/// Paths that the sample keeps count of.
const PATHS_COUNTED_MAX: usize = 4_096;
/// Integers are kept as doubles when one number in this many has a fraction.
const FRACTIONS_COMMON: usize = 64;
/// Bounds for stored JSON, wider than those for events.
pub(crate) const NESTING_MAX: usize = 256;
pub(crate) const KEYS_MAX: usize = 1 << 24;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeafType {
    Text,
    Int,
    Float,
    Bool,
}

impl LeafType {
    /// Returns the Arrow type of such a column.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8View,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
        }
    }
}

/// What a node keeps in a column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Leaf(LeafType),
    /// The fields of an object, which are the node's children.
    Object,
}

/// A tree of paths; node 0 is the JSON column itself, and children come after their parents, each subtree in one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) nodes: Vec<Node>,
}

/// One path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The last key of the path.
    pub(crate) name: Arc<str>,
    pub(crate) typed: Typed,
    pub(crate) children: Vec<usize>,
}

#[derive(Debug, Default)]
struct Seen {
    name: Box<[u8]>,
    texts: usize,
    ints: usize,
    floats: usize,
    bools: usize,
    objects: usize,
    by_name: HashMap<Box<[u8]>, usize>,
    /// In the order in which they were first seen.
    children: Vec<usize>,
}

impl Shape {
    /// Returns the shape for rows of which these are a sample.
    ///
    /// # Errors
    /// When a text is no JSON object.
    pub(crate) fn of<'a>(sample: impl Iterator<Item = &'a str>) -> Result<Self, JsonError> {
        let mut seen = vec![Seen::default()];
        let mut rows = 0;
        for json in sample {
            rows += 1;
            count_object(
                &mut Reader::new(json.as_bytes(), 0, NESTING_MAX, KEYS_MAX),
                json.as_bytes(),
                &mut seen,
                0,
                1,
            )?;
        }
        Ok(Self::choose(&seen, rows))
    }

    fn choose(seen: &[Seen], rows: usize) -> Self {
        let mut leaves: Vec<usize> = seen.iter().map(Seen::best).filter(|count| *count > 0).collect();
        leaves.sort_unstable_by(|a, b| b.cmp(a));
        let mut count_min = (rows / COMMON_ROWS).max(1);
        if let Some(last) = leaves.get(LEAVES_MAX) {
            count_min = count_min.max(last + 1);
        }
        let mut shape = Self { nodes: Vec::new() };
        shape.add(seen, 0, count_min);
        shape
    }

    /// Adds a path and what is below it; returns nothing if none of it is common.
    fn add(&mut self, seen: &[Seen], at: usize, count_min: usize) -> Option<usize> {
        let node = &seen[at];
        let index = self.nodes.len();
        let name = std::str::from_utf8(&node.name).ok()?.into();
        if at > 0 && node.best() >= node.objects {
            return (node.best() >= count_min && node.best() > 0).then(|| {
                self.nodes.push(Node { name, typed: Typed::Leaf(node.leaf_type()), children: Vec::new() });
                index
            });
        }
        self.nodes.push(Node { name, typed: Typed::Object, children: Vec::new() });
        for child in &node.children {
            if let Some(child) = self.add(seen, *child, count_min) {
                self.nodes[index].children.push(child);
            }
        }
        if at > 0 && self.nodes[index].children.is_empty() {
            self.nodes.truncate(index);
            return None;
        }
        Some(index)
    }
}

impl Seen {
    /// Returns how many values the type has that most of them have.
    fn best(&self) -> usize {
        self.texts.max(self.bools).max(self.ints + self.floats)
    }

    fn leaf_type(&self) -> LeafType {
        let numbers = self.ints + self.floats;
        if numbers >= self.texts && numbers >= self.bools {
            return if self.floats * FRACTIONS_COMMON >= numbers { LeafType::Float } else { LeafType::Int };
        }
        if self.texts >= self.bools { LeafType::Text } else { LeafType::Bool }
    }
}

fn count_object(
    reader: &mut Reader<'_>,
    text: &[u8],
    seen: &mut Vec<Seen>,
    at: usize,
    level: usize,
) -> Result<(), JsonError> {
    let mut more = reader.enter_object()?;
    while more {
        let key = reader.key()?;
        let key = key.unescaped(text);
        match child(seen, at, &key) {
            Some(child) => count_value(reader, text, seen, child, level)?,
            None => reader.skip_value()?,
        }
        more = reader.next_in_object()?;
    }
    Ok(())
}

fn count_value(
    reader: &mut Reader<'_>,
    text: &[u8],
    seen: &mut Vec<Seen>,
    at: usize,
    level: usize,
) -> Result<(), JsonError> {
    match reader.peek() {
        Some(b'{') if level < LEVELS_MAX => {
            seen[at].objects += 1;
            count_object(reader, text, seen, at, level + 1)?;
        }
        Some(b'{' | b'[') => reader.skip_value()?,
        _ => match reader.scalar()? {
            Scalar::Text(_) => seen[at].texts += 1,
            Scalar::Number(Number::Int(_)) => seen[at].ints += 1,
            Scalar::Number(Number::Float(_)) => seen[at].floats += 1,
            Scalar::Bool(_) => seen[at].bools += 1,
            Scalar::Number(Number::BigInt(_)) | Scalar::Null => {}
        },
    }
    Ok(())
}

fn child(seen: &mut Vec<Seen>, at: usize, key: &[u8]) -> Option<usize> {
    if let Some(child) = seen[at].by_name.get(key) {
        return Some(*child);
    }
    if seen.len() >= PATHS_COUNTED_MAX || key.is_empty() {
        return None;
    }
    let child = seen.len();
    seen.push(Seen { name: key.into(), ..Seen::default() });
    seen[at].by_name.insert(key.into(), child);
    seen[at].children.push(child);
    Some(child)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the shape as `path:type` words.
    fn shown(sample: &[&str]) -> String {
        let shape = Shape::of(sample.iter().copied()).unwrap();
        let mut words = Vec::new();
        show(&shape, 0, "", &mut words);
        words.join(" ")
    }

    fn show(shape: &Shape, at: usize, prefix: &str, words: &mut Vec<String>) {
        for child in &shape.nodes[at].children {
            let node = &shape.nodes[*child];
            let path = format!("{prefix}{}", node.name);
            match node.typed {
                Typed::Leaf(kind) => words.push(format!("{path}:{kind:?}")),
                Typed::Object => show(shape, *child, &format!("{path}."), words),
            }
        }
    }

    #[test]
    fn common_scalars_become_columns_of_the_type_that_most_have() {
        assert_eq!(
            shown(&[r#"{"b":"x","a":1,"geo":{"city":"Oslo"},"list":[1],"no":null}"#]),
            "b:Text a:Int geo.city:Text"
        );
        assert_eq!(shown(&[r#"{"a":1}"#, r#"{"a":"x"}"#, r#"{"a":2}"#]), "a:Int");
        assert_eq!(shown(&[r#"{"a":1}"#, r#"{"a":1.5}"#]), "a:Float");
        assert_eq!(shown(&[r#"{"a":true}"#, "{}"]), "a:Bool");
        assert_eq!(shown(&[r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#, r#"{"a":7}"#]), "a.b:Int");
        assert_eq!(shown(&[r#"{"a":{"b":{"c":{"d":{"e":1}}}}}"#]), "", "too deep");
        assert_eq!(shown(&[r#"{"":1,"a.b":2}"#]), "a.b:Int");
        assert_eq!(shown(&["{}"]), "");
    }

    #[test]
    fn rare_paths_and_floods_of_keys_become_no_columns() {
        let rows: Vec<String> = (0..2_000).map(|row| format!(r#"{{"page":"/","user{row}":1}}"#)).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert_eq!(shown(&rows), "page:Text");
    }
}
