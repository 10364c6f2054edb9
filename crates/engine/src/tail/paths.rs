//! Which paths `data` has had so far, and the type that the values at each have in common.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;

use super::chunk::{Leaf, Leaves};

/// Paths remembered for typing and completion.
const PATHS_MAX: usize = 4_096;

/// The type that all values seen at a path have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathType {
    Text,
    Int,
    Float,
    Bool,
    /// Values of more than one type, or objects or arrays.
    Mixed,
}

impl PathType {
    /// Returns the type that holds values of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            _ => Self::Mixed,
        }
    }
}

/// Paths seen inside `data` and the type of each; grows with what comes in.
#[derive(Debug, Clone, Default)]
pub struct PathTypes {
    /// Keys joined by `.`.
    pub by_path: HashMap<Arc<str>, PathType>,
    /// Whether there were too many paths to remember them all.
    pub partial: bool,
}

impl PathTypes {
    /// Adds what sealed files know of their paths; `partial` if they have others.
    pub fn absorb(&mut self, paths: &[(Arc<str>, PathType)], partial: bool) {
        self.partial |= partial;
        for (path, seen) in paths {
            if let Some(known) = self.by_path.get_mut(path) {
                *known = known.union(*seen);
            } else if self.by_path.len() < PATHS_MAX {
                self.by_path.insert(Arc::clone(path), *seen);
            } else {
                self.partial = true;
            }
        }
    }

    /// Returns these types with what a chunk adds, or none if it adds nothing.
    pub(crate) fn grown_by(&self, leaves: &Leaves) -> Option<Self> {
        let news: Vec<_> = leaves
            .by_path
            .iter()
            .filter_map(|(path, leaf)| {
                let seen = path_type(leaf)?;
                let known = self.by_path.get(path).copied();
                let union = known.map_or(seen, |known| known.union(seen));
                (known != Some(union)).then(|| (Arc::clone(path), union))
            })
            .collect();
        if news.is_empty() && (self.partial || !leaves.partial) {
            return None;
        }
        let mut grown = Self { partial: self.partial || leaves.partial, ..self.clone() };
        for (path, path_type) in news {
            if grown.by_path.len() < PATHS_MAX || grown.by_path.contains_key(&path) {
                grown.by_path.insert(path, path_type);
            } else {
                grown.partial = true;
            }
        }
        Some(grown)
    }
}

fn path_type(leaf: &Leaf) -> Option<PathType> {
    match leaf {
        Leaf::Absent => None,
        Leaf::Text => Some(PathType::Mixed),
        Leaf::Typed(array) => Some(match array.data_type() {
            DataType::Int64 => PathType::Int,
            DataType::Float64 => PathType::Float,
            DataType::Boolean => PathType::Bool,
            _ => PathType::Text,
        }),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, Float64Array, Int64Array};

    use super::*;

    fn leaves(path: &str, array: Arc<dyn Array>) -> Leaves {
        Leaves { by_path: HashMap::from([(path.into(), Leaf::Typed(array))]), partial: false, nulls: false }
    }

    #[test]
    fn a_path_has_the_type_that_all_its_values_share() {
        let ints = leaves("n", Arc::new(Int64Array::from(vec![1])));
        let floats = leaves("n", Arc::new(Float64Array::from(vec![1.5])));
        let text = Leaves { by_path: HashMap::from([("n".into(), Leaf::Text)]), partial: false, nulls: false };
        let types = PathTypes::default().grown_by(&ints).unwrap();
        assert_eq!(types.by_path["n"], PathType::Int);
        assert!(types.grown_by(&ints).is_none(), "nothing new");
        let types = types.grown_by(&floats).unwrap();
        assert_eq!(types.by_path["n"], PathType::Float);
        assert!(types.grown_by(&ints).is_none());
        assert_eq!(types.grown_by(&text).unwrap().by_path["n"], PathType::Mixed);
    }
}
