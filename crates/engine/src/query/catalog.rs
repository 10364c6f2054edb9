//! Lists what SQL can name: tables, their columns with the paths seen inside `data`, and functions.

use std::collections::BTreeSet;

use datafusion::execution::SessionState;

use super::session::{EVENTS, REJECTED_EVENTS};
use super::table::events_table_schema;
use crate::encode::type_name;
use crate::tail::{PathType, PathTypes, rejected_schema};

/// Everything that a statement can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    pub tables: Vec<CatalogTable>,
    /// Names of functions, in alphabetical order.
    pub functions: Vec<String>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogTable {
    pub name: &'static str,
    pub columns: Vec<CatalogColumn>,
}

/// One column, or one path inside a column as SQL spells it: `data.page`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogColumn {
    pub name: String,
    /// As [`crate::encode::type_name`] spells it; `mixed` for a path whose values differ in type.
    pub kind: String,
}

impl Catalog {
    pub(super) fn of(state: &SessionState, paths: &PathTypes) -> Self {
        let mut events = columns_of(&events_table_schema());
        let mut observed: Vec<CatalogColumn> = paths
            .by_path
            .iter()
            .map(|(path, kind)| CatalogColumn { name: path_name(path), kind: kind_name(*kind).to_owned() })
            .collect();
        observed.sort_by(|a, b| a.name.cmp(&b.name));
        events.append(&mut observed);
        Self {
            tables: vec![
                CatalogTable { name: EVENTS, columns: events },
                CatalogTable { name: REJECTED_EVENTS, columns: columns_of(&rejected_schema()) },
            ],
            functions: function_names(state).into_iter().collect(),
        }
    }
}

/// Returns the names of all functions.
pub(super) fn function_names(state: &SessionState) -> BTreeSet<String> {
    let names = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
    names.chain(state.window_functions().keys()).chain(state.table_functions().keys()).cloned().collect()
}

/// Returns how SQL spells a path inside `data`.
pub(super) fn path_name(path: &str) -> String {
    let is_plain = |key: &str| {
        key.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
            && key.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
    };
    let mut name = "data".to_owned();
    for key in path.split('.') {
        name.push('.');
        if is_plain(key) {
            name.push_str(key);
        } else {
            name.push_str(&format!("\"{}\"", key.replace('"', "\"\"")));
        }
    }
    name
}

fn kind_name(kind: PathType) -> &'static str {
    match kind {
        PathType::Text => "text",
        PathType::Int => "integer",
        PathType::Float => "float",
        PathType::Bool => "boolean",
        PathType::Mixed => "mixed",
    }
}

fn columns_of(schema: &arrow::datatypes::Schema) -> Vec<CatalogColumn> {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| CatalogColumn {
        name: field.name().clone(),
        kind: type_name(field),
    };
    schema.fields().iter().map(column).collect()
}
