//! Changes the catalog: files begin, files end, the journal is sealed further. All of it in one transaction, or nothing.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::border::{Border, lift_limit, pass};
use super::columns::{Keep, LakeColumn, columns, wider};
use super::create::snapshot_time;
use super::digest::{self, Group, Touched};
use super::{Catalog, CatalogError, Sealed, table_id};
use crate::clock::Micros;
use crate::segment::{ColumnSummary, LeafSummary, SegmentSummary, Table};

/// A file that begins to hold rows of its table.
#[derive(Debug, Clone)]
pub struct NewFile {
    pub table: Table,
    /// Name in the folder of the table.
    pub name: String,
    pub summary: SegmentSummary,
}

/// What one transaction changes.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub add: Vec<NewFile>,
    /// Ids of files that end: their rows are in others, or gone.
    pub end: Vec<i64>,
    pub reason: Reason,
    /// How far the journal is sealed from now on; none leaves it.
    pub sealed: Option<Sealed>,
    /// Keys of requests, the answers as the journal wrote them, and when each was given.
    pub request_keys: Vec<(String, Vec<u8>, Micros)>,
    /// Keys that were answered before this time are forgotten.
    pub forget_keys_before: Micros,
}

/// Why files begin or end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reason {
    /// Rows came in.
    #[default]
    Arrival,
    /// The same rows are in fewer files.
    Merge,
    /// Rows became too old, or too many.
    Expiry,
}

impl Catalog {
    /// Makes the change durable; a new snapshot if files begin or end.
    ///
    /// # Errors
    /// When the catalog can't be written. Nothing is changed then.
    pub fn commit(&mut self, change: &Change, now: Micros) -> Result<(), CatalogError> {
        self.write(|db| {
            let touched = Touched::before(db, change.end.iter().map(|id| Group::file(*id)).collect())?;
            let added = apply(db, change, now)?;
            touched.after(db, added)
        })
    }

    /// Makes one transaction.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, CatalogError> {
        let path = self.path.clone();
        let borders = self.borders.clone();
        let borders = borders.as_deref();
        let write = || -> rusqlite::Result<T> {
            pass(borders, &self.db, Border::Begin)?;
            // The write lock from the start: no other process can put a snapshot between reading the newest and ours.
            let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let outcome = work(&transaction)?;
            pass(borders, &transaction, Border::Commit)?;
            transaction.commit()?;
            pass(borders, &self.db, Border::Committed)?;
            Ok(outcome)
        };
        let written = write();
        lift_limit(borders, &self.db).map_err(|error| CatalogError::of(&path, error))?;
        written.map_err(|error| CatalogError::of(&path, error))
    }
}

/// Returns the groups of rows that it added.
fn apply(db: &Transaction<'_>, change: &Change, now: Micros) -> rusqlite::Result<Vec<Group>> {
    let mut added = Vec::new();
    if !change.add.is_empty() || !change.end.is_empty() {
        added = add_snapshot(db, change, now)?;
    }
    if let Some(sealed) = change.sealed {
        db.execute(
            "UPDATE streamflow_state SET next_offset = ?1, next_rejected = ?2, last_appended_at = ?3",
            params![sealed.next_offset.cast_signed(), sealed.next_rejected.cast_signed(), sealed.last_appended_at],
        )?;
    }
    for (key, answer, answered_at) in &change.request_keys {
        db.execute(
            "INSERT OR REPLACE INTO streamflow_request_key VALUES (?1, ?2, ?3, ?4)",
            params![key, answer, answered_at, digest::request_key(key, answer, *answered_at)],
        )?;
    }
    db.execute("DELETE FROM streamflow_request_key WHERE answered_at < ?1", [change.forget_keys_before])?;
    Ok(added)
}

fn add_snapshot(db: &Transaction<'_>, change: &Change, now: Micros) -> rusqlite::Result<Vec<Group>> {
    let newest = "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id FROM ducklake_snapshot
                  ORDER BY snapshot_id DESC LIMIT 1";
    let (before, schema, next_catalog, mut next_file): (i64, i64, i64, i64) =
        db.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let snapshot = before + 1;
    let mut added = vec![Group::snapshot(snapshot)];
    let mut ended = Vec::new();
    for id in &change.end {
        ended.push(end_file(db, *id, snapshot)?);
    }
    for file in &change.add {
        add_file(db, file, next_file, snapshot)?;
        added.push(Group::file(next_file));
        next_file += 1;
    }
    if change.reason == Reason::Expiry {
        distinct(ended.clone()).into_iter().try_for_each(|table| narrow(db, table))?;
    }
    db.execute(
        "INSERT INTO ducklake_snapshot VALUES (?1, ?2, ?3, ?4, ?5)",
        params![snapshot, snapshot_time(now), schema, next_catalog, next_file],
    )?;
    let begun = distinct(change.add.iter().map(|file| table_id(file.table)).collect());
    let ended = distinct(ended);
    let told =
        |word: &str, tables: &[i64]| -> Vec<String> { tables.iter().map(|table| format!("{word}:{table}")).collect() };
    let changes = match change.reason {
        Reason::Merge => told("merge_adjacent", &ended),
        Reason::Arrival | Reason::Expiry => {
            [told("inserted_into_table", &begun), told("deleted_from_table", &ended)].concat()
        }
    };
    db.execute(
        "INSERT INTO ducklake_snapshot_changes(snapshot_id, changes_made) VALUES (?1, ?2)",
        params![snapshot, changes.join(",")],
    )?;
    Ok(added)
}

fn distinct(mut tables: Vec<i64>) -> Vec<i64> {
    tables.sort_unstable();
    tables.dedup();
    tables
}

/// Ends a file, and returns its table.
fn end_file(db: &Transaction<'_>, id: i64, snapshot: i64) -> rusqlite::Result<i64> {
    let sql = "UPDATE ducklake_data_file SET end_snapshot = ?2 WHERE data_file_id = ?1 AND end_snapshot IS NULL";
    if db.execute(sql, [id, snapshot])? != 1 {
        return Err(rusqlite::Error::StatementChangedRows(0));
    }
    let sql = "SELECT table_id, record_count, file_size_bytes FROM ducklake_data_file WHERE data_file_id = ?1";
    let (table, rows, bytes): (i64, i64, i64) =
        db.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    db.execute(
        "UPDATE ducklake_table_stats SET record_count = record_count - ?2, file_size_bytes = file_size_bytes - ?3
         WHERE table_id = ?1",
        [table, rows, bytes],
    )?;
    Ok(table)
}

fn add_file(db: &Transaction<'_>, file: &NewFile, id: i64, snapshot: i64) -> rusqlite::Result<()> {
    let (table, summary) = (table_id(file.table), &file.summary);
    let first_row: i64 =
        db.query_row("SELECT next_row_id FROM ducklake_table_stats WHERE table_id = ?1", [table], |row| row.get(0))?;
    db.execute(
        "INSERT INTO ducklake_data_file(data_file_id, table_id, begin_snapshot, path, path_is_relative, file_format,
           record_count, file_size_bytes, footer_size, row_id_start)
         VALUES (?1, ?2, ?3, ?4, 1, 'parquet', ?5, ?6, ?7, ?8)",
        params![
            id,
            table,
            snapshot,
            file.name,
            summary.rows.cast_signed(),
            summary.bytes.cast_signed(),
            summary.footer_bytes.cast_signed(),
            first_row
        ],
    )?;
    let ((times_min, times_max), (ingested_min, ingested_max)) = (summary.timestamp, summary.ingested_at);
    db.execute(
        "INSERT INTO streamflow_file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id,
            summary.crc32c,
            times_min,
            times_max,
            ingested_min,
            ingested_max,
            summary.offset.0,
            summary.offset.1
        ],
    )?;
    db.execute(
        "UPDATE ducklake_table_stats SET record_count = record_count + ?2, next_row_id = next_row_id + ?2,
           file_size_bytes = file_size_bytes + ?3 WHERE table_id = ?1",
        params![table, summary.rows.cast_signed(), summary.bytes.cast_signed()],
    )?;
    let lake = columns(file.table);
    for column in &summary.columns {
        // Bounds of a list are those of its items, which have an id of their own; they are left unknown.
        if let Some(known) = lake.iter().find(|known| known.name == column.name && known.kind != "list") {
            add_column(db, id, table, known, column)?;
        }
    }
    Ok(())
}

fn add_column(
    db: &Transaction<'_>,
    file: i64,
    table: i64,
    known: &LakeColumn,
    column: &ColumnSummary,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO ducklake_file_column_stats(data_file_id, table_id, column_id, column_size_bytes, value_count,
           null_count, min_value, max_value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            file,
            table,
            known.id,
            column.bytes.cast_signed(),
            column.values.cast_signed(),
            column.nulls.cast_signed(),
            column.min,
            column.max
        ],
    )?;
    // Bounds that do not cover every row which has the path would hide the others from a reader.
    for leaf in column.leaves.iter().filter(|leaf| !leaf.partial) {
        add_leaf(db, file, table, known, leaf)?;
    }
    widen(db, table, known, &Bounds::of(column))
}

fn add_leaf(
    db: &Transaction<'_>,
    file: i64,
    table: i64,
    column: &LakeColumn,
    leaf: &LeafSummary,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO ducklake_file_variant_stats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL)";
    db.prepare_cached(sql)?.execute(params![
        file,
        table,
        column.id,
        leaf.variant_path(),
        leaf.kind,
        leaf.bytes.cast_signed(),
        leaf.values.saturating_sub(leaf.nulls).cast_signed(),
        leaf.nulls.cast_signed(),
        leaf.min,
        leaf.max,
        // JSON has no such number.
        (leaf.kind == "float64").then_some(0)
    ])?;
    Ok(())
}

/// What is known of a column, of one file or of all.
#[derive(Debug, Clone)]
struct Bounds {
    min: Option<String>,
    max: Option<String>,
    nulls: i64,
    values: i64,
}

impl Bounds {
    fn of(column: &ColumnSummary) -> Self {
        let (nulls, values) = (column.nulls.cast_signed(), column.values.cast_signed());
        Self { min: column.min.clone(), max: column.max.clone(), nulls, values }
    }
}

/// Says of the whole table what its files say now, after some of them ended.
fn narrow(db: &Transaction<'_>, table: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM ducklake_table_column_stats WHERE table_id = ?1", [table])?;
    let lake = columns(super::table_of(table));
    let sql =
        "SELECT s.column_id, s.min_value, s.max_value, s.null_count, s.value_count FROM ducklake_file_column_stats s
               JOIN ducklake_data_file f USING (data_file_id) WHERE f.table_id = ?1 AND f.end_snapshot IS NULL";
    let mut statement = db.prepare(sql)?;
    let files = statement.query_map([table], |row| {
        let bounds = Bounds { min: row.get(1)?, max: row.get(2)?, nulls: row.get(3)?, values: row.get(4)? };
        Ok((row.get::<_, i64>(0)?, bounds))
    })?;
    for file in files {
        let (id, bounds) = file?;
        if let Some(known) = lake.iter().find(|known| known.id == id) {
            widen(db, table, known, &bounds)?;
        }
    }
    Ok(())
}

/// Widens what the whole table says of a column: a reader takes it to rule out the table, so that a bound which is too
/// tight would hide rows from it.
fn widen(db: &Transaction<'_>, table: i64, known: &LakeColumn, column: &Bounds) -> rusqlite::Result<()> {
    let sql = "SELECT contains_null, min_value, max_value FROM ducklake_table_column_stats
               WHERE table_id = ?1 AND column_id = ?2";
    let before = db.prepare_cached(sql)?.query_row([table, known.id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    });
    let only_nulls = column.nulls == column.values;
    let (has_null, min, max) = match before {
        Ok((has_null, min, max)) if only_nulls => (has_null, min, max),
        Ok((has_null, min, max)) => (
            has_null,
            wider(known.kind, min.as_deref(), column.min.as_deref(), Keep::Smaller),
            wider(known.kind, max.as_deref(), column.max.as_deref(), Keep::Larger),
        ),
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            // With nulls alone there are no bounds yet, and an absent bound would stay unknown for good: the row comes
            // with the first value.
            if only_nulls {
                return Ok(());
            }
            let earlier = "SELECT EXISTS (SELECT 1 FROM ducklake_file_column_stats
                           WHERE table_id = ?1 AND column_id = ?2 AND null_count > 0)";
            let had_null: i64 = db.query_row(earlier, [table, known.id], |row| row.get(0))?;
            (had_null, column.min.clone(), column.max.clone())
        }
        Err(error) => return Err(error),
    };
    let has_null = has_null | i64::from(column.nulls > 0);
    db.execute("DELETE FROM ducklake_table_column_stats WHERE table_id = ?1 AND column_id = ?2", [table, known.id])?;
    db.execute(
        "INSERT INTO ducklake_table_column_stats VALUES (?1, ?2, ?3, NULL, ?4, ?5, NULL)",
        params![table, known.id, has_null, min, max],
    )?;
    Ok(())
}
