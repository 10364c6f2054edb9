//! Rows with named columns: what commands hand to the printer, before any form is chosen.

use serde_json::{Map, Value};
use streamflow_core::suggest;

use super::CommandError;

/// Rows of an answer. `name` is the promise to readers of JSON, such as `streamflow.top/1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    pub name: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows than these.
    pub truncated: bool,
}

/// A column of a [`Listing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// What a column holds, which decides how it is aligned and described.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    Number,
    Bool,
    /// RFC 3339.
    Time,
    /// Any JSON.
    Json,
}

impl Column {
    #[must_use]
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind }
    }
}

/// The promise that a command makes about its data, printed by `streamflow help schema`.
#[derive(Debug)]
pub struct Shape {
    /// `streamflow.<name>/<version>`.
    pub name: &'static str,
    pub form: Form,
    pub fields: &'static [Field],
}

/// Whether the fields are those of one object or of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Record,
    Listing,
}

/// One field of a [`Shape`]. Any may be null.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub doc: &'static str,
}

impl Field {
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, doc }
    }
}

impl Shape {
    /// Returns a listing of this shape.
    #[must_use]
    pub fn listing(&self, rows: Vec<Vec<Value>>) -> Listing {
        debug_assert!(rows.iter().all(|row| row.len() == self.fields.len()), "rows of {} have its columns", self.name);
        Listing { name: self.name.to_owned(), columns: self.columns(), rows, truncated: false }
    }

    /// Returns the columns of this shape.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.fields.iter().map(|field| Column::new(field.name, field.kind)).collect()
    }
}

impl Listing {
    /// Returns one object as a listing of one row.
    pub(super) fn of_object(name: &str, object: &Map<String, Value>) -> Self {
        let kind = |value: &Value| if value.is_number() { Kind::Number } else { Kind::Text };
        Self {
            name: name.to_owned(),
            columns: object.iter().map(|(name, value)| Column::new(name, kind(value))).collect(),
            rows: vec![object.values().cloned().collect()],
            truncated: false,
        }
    }

    /// Returns the rows as objects.
    pub fn objects(&self) -> impl Iterator<Item = Map<String, Value>> {
        self.rows.iter().map(|row| {
            self.columns.iter().zip(row).map(|(column, value)| (column.name.clone(), value.clone())).collect()
        })
    }

    /// Returns the listing without one of its columns.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let Some(index) = self.columns.iter().position(|column| column.name == name) {
            self.columns.remove(index);
            for row in &mut self.rows {
                row.remove(index);
            }
        }
        self
    }

    /// Cuts the rows to `limit`.
    pub(super) fn limit(&mut self, limit: Option<usize>) {
        let Some(limit) = limit.filter(|limit| self.rows.len() > *limit) else { return };
        self.rows.truncate(limit);
        self.truncated = true;
    }

    /// Returns the sentence that makes a truncation known.
    pub(super) fn truncation_note(&self, shown: usize) -> String {
        if self.truncated || shown == self.rows.len() {
            return first_rows_note(shown as u64);
        }
        let rows = if self.rows.len() == 1 { "row" } else { "rows" };
        format!("showing {shown} of {} {rows} (--limit)", self.rows.len())
    }

    /// Keeps the named columns, in that order; no names keeps all.
    pub(super) fn select(&mut self, names: &[&str]) -> Result<(), CommandError> {
        if names.is_empty() {
            return Ok(());
        }
        let picked: Vec<usize> = names.iter().map(|name| self.index_of(name)).collect::<Result<_, _>>()?;
        self.columns = picked.iter().map(|index| self.columns[*index].clone()).collect();
        for row in &mut self.rows {
            *row = picked.iter().map(|index| row[*index].clone()).collect();
        }
        Ok(())
    }

    fn index_of(&self, name: &str) -> Result<usize, CommandError> {
        self.columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            let nearest = suggest::nearest(name, known.iter().copied());
            CommandError::usage(format!("no field {name:?} in this output")).with_hint(match nearest {
                Some(nearest) => format!("did you mean {nearest:?}? All fields: {}", known.join(", ")),
                None => format!("the fields are: {}", known.join(", ")),
            })
        })
    }
}

/// Returns the sentence that there are more rows, nobody knows how many.
#[must_use]
pub fn first_rows_note(shown: u64) -> String {
    match shown {
        1 => "showing the first row; there are more".to_owned(),
        _ => format!("showing the first {shown} rows; there are more"),
    }
}
