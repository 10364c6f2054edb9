//! Files that were replaced or removed: how long they stay for those who still read them, and how they go.

use rusqlite::{OptionalExtension, Transaction, params};

use super::create::snapshot_time;
use super::digest::{Group, Touched};
use super::{Catalog, CatalogError};
use crate::clock::Micros;

/// Where a file has rows.
const TABLES_OF_FILE: [&str; 4] =
    ["ducklake_data_file", "ducklake_file_column_stats", "ducklake_file_variant_stats", "streamflow_file"];

/// A file that no snapshot names any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedFile {
    pub id: i64,
    /// Under the folder of the lake, with the folder of its table.
    pub path: String,
}

impl Catalog {
    /// Forgets files that ended at or before a time, with the snapshots that had them, and puts them on the list of files to
    /// delete. Returns how many.
    ///
    /// # Errors
    /// When the catalog can't be written. Nothing is changed then.
    pub fn forget_ended(&mut self, ended_by: Micros, now: Micros) -> Result<u64, CatalogError> {
        self.write(|db| forget(db, ended_by, now))
    }

    /// Returns the files that are to be deleted.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn unused_files(&self) -> Result<Vec<UnusedFile>, CatalogError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let sql = "SELECT data_file_id, path FROM ducklake_files_scheduled_for_deletion ORDER BY data_file_id";
            let mut statement = self.db.prepare(sql)?;
            statement.query_map([], |row| Ok(UnusedFile { id: row.get(0)?, path: row.get(1)? }))?.collect()
        };
        read().map_err(|error| self.named(error))
    }

    /// Takes files off that list: they are gone.
    ///
    /// # Errors
    /// When the catalog can't be written.
    pub fn deleted(&mut self, files: &[UnusedFile]) -> Result<(), CatalogError> {
        self.write(|db| {
            let touched = Touched::before(db, Vec::new())?;
            for file in files {
                let sql = "DELETE FROM ducklake_files_scheduled_for_deletion WHERE data_file_id = ?1";
                db.execute(sql, [file.id])?;
            }
            touched.after(db, Vec::new())
        })
    }
}

fn forget(db: &Transaction<'_>, ended_by: Micros, now: Micros) -> rusqlite::Result<u64> {
    let last = "SELECT max(f.end_snapshot) FROM ducklake_data_file f
                JOIN ducklake_snapshot s ON s.snapshot_id = f.end_snapshot WHERE s.snapshot_time <= ?1";
    let last: Option<i64> = db.query_row(last, [snapshot_time(ended_by)], |row| row.get(0)).optional()?.flatten();
    let Some(last) = last else { return Ok(0) };
    let numbers =
        |sql: &str| -> rusqlite::Result<Vec<i64>> { db.prepare(sql)?.query_map([last], |row| row.get(0))?.collect() };
    let files = numbers("SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot <= ?1")?;
    let snapshots = numbers("SELECT snapshot_id FROM ducklake_snapshot WHERE snapshot_id < ?1")?;
    let groups = files.iter().map(|id| Group::file(*id)).chain(snapshots.iter().map(|id| Group::snapshot(*id)));
    let touched = Touched::before(db, groups.collect())?;
    for id in &files {
        db.execute(
            "INSERT INTO ducklake_files_scheduled_for_deletion
             SELECT f.data_file_id, t.path || f.path, 1, ?2 FROM ducklake_data_file f JOIN ducklake_table t USING (table_id)
             WHERE f.data_file_id = ?1",
            params![id, snapshot_time(now)],
        )?;
        for table in TABLES_OF_FILE {
            db.execute(&format!("DELETE FROM {table} WHERE data_file_id = ?1"), [id])?;
        }
    }
    // A snapshot that could name a file which is gone would be a promise that can't be kept.
    for table in ["ducklake_snapshot", "ducklake_snapshot_changes"] {
        db.execute(&format!("DELETE FROM {table} WHERE snapshot_id < ?1"), [last])?;
    }
    touched.after(db, Vec::new())?;
    Ok(files.len() as u64)
}
