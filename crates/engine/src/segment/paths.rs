//! What a segment says about the paths inside its JSON columns, kept as text in its footer.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::Schema;
use serde_json::Value;

use super::shape::{LeafType, Shape, Typed};
use super::shred::Foreign;
use crate::tail::PathType;

/// Footer entry with the version of the format.
pub(crate) const FORMAT_KEY: &str = "streamflow.format";
/// The version that is written. An older one is read, a newer one refused.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// Footer entry with the types of paths: `{"data": {"page": "text", …}, …}`.
pub(crate) const PATHS_KEY: &str = "streamflow.paths";

/// Types of the paths that have columns, while a segment is written.
#[derive(Debug)]
pub(crate) struct PathKinds {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    shape: Arc<Shape>,
    foreign: Vec<usize>,
}

impl PathKinds {
    pub(crate) fn new(table: &Schema, shapes: &[(usize, Arc<Shape>)]) -> Self {
        let column = |(column, shape): &(usize, Arc<Shape>)| Column {
            name: table.field(*column).name().clone(),
            shape: Arc::clone(shape),
            foreign: vec![0; shape.nodes.len()],
        };
        Self { columns: shapes.iter().map(column).collect() }
    }

    /// Adds what the nodes of one JSON column had of other types.
    pub(crate) fn count(&mut self, json: usize, foreign: &[Foreign]) {
        for (sum, more) in self.columns[json].foreign.iter_mut().zip(foreign) {
            *sum += more.0;
        }
    }

    /// Returns the footer entry.
    pub(crate) fn encode(&self) -> String {
        let columns = self.columns.iter().map(|column| {
            let mut paths = BTreeMap::new();
            column.add(0, "", &mut paths);
            (column.name.clone(), paths.into_iter().map(|(path, kind)| (path, name_of(kind).into())).collect())
        });
        Value::Object(columns.map(|(name, paths)| (name, Value::Object(paths))).collect()).to_string()
    }
}

impl Column {
    /// Adds the paths below a node. A key with a dot has no name of its own.
    fn add(&self, at: usize, prefix: &str, paths: &mut BTreeMap<String, PathType>) {
        for child in &self.shape.nodes[at].children {
            let node = &self.shape.nodes[*child];
            if node.name.contains('.') {
                continue;
            }
            let path = format!("{prefix}{}", node.name);
            let kind = match node.typed {
                Typed::Leaf(_) if self.foreign[*child] > 0 => PathType::Mixed,
                Typed::Leaf(LeafType::Text) => PathType::Text,
                Typed::Leaf(LeafType::Int) => PathType::Int,
                Typed::Leaf(LeafType::Float) => PathType::Float,
                Typed::Leaf(LeafType::Bool) => PathType::Bool,
                Typed::Object => PathType::Mixed,
            };
            self.add(*child, &format!("{path}."), paths);
            paths.insert(path, kind);
        }
    }
}

/// Reads the types of one column's paths from a footer entry.
pub(crate) fn decode(entry: &str, column: &str) -> Vec<(Arc<str>, PathType)> {
    let entry: Value = serde_json::from_str(entry).unwrap_or_default();
    let paths = entry.get(column).and_then(Value::as_object).into_iter().flatten();
    paths.filter_map(|(path, kind)| Some((path.as_str().into(), kind_of(kind.as_str()?)?))).collect()
}

fn name_of(kind: PathType) -> &'static str {
    match kind {
        PathType::Text => "text",
        PathType::Int => "int",
        PathType::Float => "float",
        PathType::Bool => "bool",
        PathType::Mixed => "mixed",
    }
}

fn kind_of(name: &str) -> Option<PathType> {
    Some(match name {
        "text" => PathType::Text,
        "int" => PathType::Int,
        "float" => PathType::Float,
        "bool" => PathType::Bool,
        "mixed" => PathType::Mixed,
        _ => return None,
    })
}
