//! Whether the catalog is what was written to it.

use super::digest::{self, Group};
use super::{Catalog, CatalogError, table_id};
use crate::segment::Table;

/// The most keys of requests that are named when they changed.
const KEYS_NAMED_MAX: usize = 10;

/// Rows of the catalog that something else changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRows {
    /// Which rows, in words.
    pub what: String,
    /// The file that they are about, if they are about one.
    pub file: Option<i64>,
}

/// What the catalog says of the values of a column, as other engines use it to pass over files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnBounds {
    /// Name of the file; none is the whole table.
    pub file: Option<String>,
    /// Name of a column, or of one and a path inside it: `data."page"`.
    pub column: String,
    pub min: Option<String>,
    pub max: Option<String>,
}

impl Catalog {
    /// Returns what is said of the columns of a table and of each file that holds it now.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn bounds(&self, table: Table) -> Result<Vec<ColumnBounds>, CatalogError> {
        const SQL: &str = "
            SELECT f.path, c.column_name, s.min_value, s.max_value FROM ducklake_file_column_stats s
              JOIN ducklake_data_file f USING (data_file_id)
              JOIN ducklake_column c ON c.table_id = s.table_id AND c.column_id = s.column_id
              WHERE s.table_id = ?1 AND f.end_snapshot IS NULL
            UNION ALL
            SELECT f.path, c.column_name || '.' || s.variant_path, s.min_value, s.max_value
              FROM ducklake_file_variant_stats s JOIN ducklake_data_file f USING (data_file_id)
              JOIN ducklake_column c ON c.table_id = s.table_id AND c.column_id = s.column_id
              WHERE s.table_id = ?1 AND f.end_snapshot IS NULL
            UNION ALL
            SELECT NULL, c.column_name, s.min_value, s.max_value FROM ducklake_table_column_stats s
              JOIN ducklake_column c ON c.table_id = s.table_id AND c.column_id = s.column_id WHERE s.table_id = ?1";
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.db.prepare_cached(SQL)?;
            let bounds = statement.query_map([table_id(table)], |row| {
                Ok(ColumnBounds { file: row.get(0)?, column: row.get(1)?, min: row.get(2)?, max: row.get(3)? })
            })?;
            bounds.collect()
        };
        read().map_err(|error| self.named(error))
    }

    /// Looks for rows that something else changed and for a broken database, and returns what it found and how many
    /// groups of rows were looked at.
    ///
    /// # Errors
    /// When the catalog can't be read at all.
    pub fn check(&self) -> Result<(Vec<ChangedRows>, u64), CatalogError> {
        let check = || -> rusqlite::Result<_> {
            let mut found = Vec::new();
            let words: Vec<String> = self
                .db
                .prepare("PRAGMA integrity_check(10)")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            found.extend(words.into_iter().filter(|word| word != "ok").map(|what| ChangedRows { what, file: None }));
            if !self.has_table("streamflow_digest")? {
                return Ok((found, 0));
            }
            let (changed, looked_at) = digest::check(&self.db)?;
            let named = |group: &Group| ChangedRows { what: group.describe(), file: group.file_id() };
            found.extend(changed.iter().map(named));
            let keys = digest::changed_request_keys(&self.db)?;
            let named =
                |key: &String| ChangedRows { what: format!("answer to the request with key {key:?}"), file: None };
            found.extend(keys.iter().take(KEYS_NAMED_MAX).map(named));
            if keys.len() > KEYS_NAMED_MAX {
                let what = format!("answers to {} more requests", keys.len() - KEYS_NAMED_MAX);
                found.push(ChangedRows { what, file: None });
            }
            Ok((found, looked_at))
        };
        check().map_err(|error| self.named(error))
    }
}
