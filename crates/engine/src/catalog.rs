//! The catalog: which files hold history, and what is known of each, as a DuckLake 1.0 in SQLite that other engines open.
//!
//! DuckLake's own tables say what every reader needs. Beside them, with names that begin with `streamflow_`, are the
//! tables that only this program reads: how far the journal is sealed, the checksum and bounds of each file, and the
//! answers to requests with an `Idempotency-Key` whose journal files are gone. Everything that one seal changes is one
//! transaction. The format is Hannes Mühleisen and Mark Raasveldt's, <https://ducklake.select/docs/stable/specification>.

mod border;
mod change;
mod columns;
mod create;
mod digest;
mod ended;
mod error;
mod health;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

pub use border::{Border, Borders, Passage};
pub use change::{Change, NewFile, Reason};
pub use ended::UnusedFile;
pub use error::CatalogError;
pub use health::{ChangedRows, ColumnBounds};

use crate::clock::Micros;
use crate::segment::Table;

/// The version of our own tables that this program writes, and the newest that it reads.
const FORMAT_VERSION: u32 = 3;
/// How long a statement waits for another process that reads or copies the catalog.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open catalog. One thread writes to it.
#[derive(Debug)]
pub struct Catalog {
    db: Connection,
    path: PathBuf,
    /// None but in simulation.
    borders: Option<Arc<dyn Borders>>,
}

/// How far the journal is sealed: what lies below needs no journal any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Offset after the last sealed event.
    pub next_offset: u64,
    /// Number after the last sealed rejected event.
    pub next_rejected: u64,
    /// The latest append time of a sealed event: append times never go back.
    pub last_appended_at: Micros,
}

/// A file of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub id: i64,
    /// The snapshot that it came with.
    pub snapshot: i64,
    /// Name in the folder of its table.
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    /// Checksum of the whole file.
    pub crc32c: u32,
    /// Smallest and largest event time.
    pub timestamp: (Micros, Micros),
    /// Smallest and largest append time.
    pub ingested_at: (Micros, Micros),
    /// Smallest and largest offset.
    pub offset: (i64, i64),
}

/// The folder of a table, under that of the lake.
#[must_use]
pub fn table_dir(table: Table) -> &'static str {
    match table {
        Table::Events => "events",
        Table::RejectedEvents => "rejected_events",
    }
}

const fn table_id(table: Table) -> i64 {
    match table {
        Table::Events => 1,
        Table::RejectedEvents => 2,
    }
}

const fn table_of(id: i64) -> Table {
    if id == table_id(Table::RejectedEvents) { Table::RejectedEvents } else { Table::Events }
}

impl Catalog {
    /// Opens the catalog for writing, making an empty one if there is none. `lake` is the folder of the files; where it
    /// was moved, other engines are told its new place. `seed` makes the ids of a new catalog its own.
    ///
    /// # Errors
    /// When the file is no catalog, was written by a newer version, or can't be written.
    pub fn open(path: &Path, lake: &Path, seed: (u64, u64), now: Micros) -> Result<Self, CatalogError> {
        let catalog = Self::open_anywhere(path, seed, now)?;
        catalog.place(lake)?;
        Ok(catalog)
    }

    /// Opens the catalog for writing as [`Catalog::open`] does, and leaves what it says of the place of the files.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub fn open_anywhere(path: &Path, seed: (u64, u64), now: Micros) -> Result<Self, CatalogError> {
        let db = Connection::open(path).map_err(|error| CatalogError::of(path, error))?;
        let catalog = Self { db, path: path.to_owned(), borders: None };
        catalog.prepare(seed, now).map_err(|error| catalog.named(error))?;
        catalog.check_version()?;
        catalog.upgrade().map_err(|error| catalog.named(error))?;
        Ok(catalog)
    }

    /// Lets somebody decide how the borders of transactions are passed from now on.
    pub fn guard(&mut self, borders: Arc<dyn Borders>) {
        self.borders = Some(borders);
    }

    /// Opens an existing catalog for reading.
    ///
    /// # Errors
    /// When the file is no catalog, was written by a newer version, or can't be read.
    pub fn open_read_only(path: &Path) -> Result<Self, CatalogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|error| CatalogError::of(path, error))?;
        db.busy_timeout(BUSY_TIMEOUT).map_err(|error| CatalogError::of(path, error))?;
        let catalog = Self { db, path: path.to_owned(), borders: None };
        catalog.check_version()?;
        Ok(catalog)
    }

    fn prepare(&self, seed: (u64, u64), now: Micros) -> rusqlite::Result<()> {
        self.db.busy_timeout(BUSY_TIMEOUT)?;
        self.db.pragma_update(None, "journal_mode", "WAL")?;
        self.db.pragma_update(None, "synchronous", "FULL")?;
        if !self.has_table("ducklake_metadata")? {
            create::create(&self.db, seed, now)?;
        }
        Ok(())
    }

    /// Brings a catalog of an older version up to this one.
    fn upgrade(&self) -> rusqlite::Result<()> {
        let transaction = self.db.unchecked_transaction()?;
        let version = "UPDATE streamflow_state SET format_version = ?1";
        if !self.has_table("streamflow_digest")? {
            transaction.execute_batch(digest::UPGRADE)?;
            transaction.execute(version, [FORMAT_VERSION])?;
            digest::keep_all(&transaction)?;
        } else if self.version()? < FORMAT_VERSION {
            let touched = digest::Touched::before_leaves(&transaction)?;
            transaction.execute(version, [FORMAT_VERSION])?;
            touched.after(&transaction, Vec::new())?;
        }
        transaction.commit()
    }

    fn version(&self) -> rusqlite::Result<u32> {
        self.db.query_row("SELECT format_version FROM streamflow_state", [], |row| row.get(0))
    }

    /// Tells other engines where the files are.
    ///
    /// # Errors
    /// When the catalog can't be written.
    pub fn place(&self, lake: &Path) -> Result<(), CatalogError> {
        self.write_place(lake).map_err(|error| self.named(error))
    }

    /// Returns where it says that the files are.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn said_place(&self) -> Result<String, CatalogError> {
        let sql = "SELECT value FROM ducklake_metadata WHERE key = 'data_path'";
        self.db.query_row(sql, [], |row| row.get(0)).map_err(|error| self.named(error))
    }

    /// Returns what tells this catalog from others: copies of it have the same, restored ones another.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn id(&self) -> Result<String, CatalogError> {
        let sql = "SELECT schema_uuid FROM ducklake_schema ORDER BY schema_id LIMIT 1";
        self.db.query_row(sql, [], |row| row.get(0)).map_err(|error| self.named(error))
    }

    /// Makes it another catalog, whose files may not be confused with those of the one that it was copied from.
    ///
    /// # Errors
    /// When the catalog can't be written.
    pub fn become_another(&mut self, seed: (u64, u64)) -> Result<(), CatalogError> {
        let id = create::uuid(seed, 0);
        self.write(|db| {
            let touched = digest::Touched::before(db, Vec::new())?;
            db.execute("UPDATE ducklake_schema SET schema_uuid = ?1", [id])?;
            touched.after(db, Vec::new())
        })
    }

    fn write_place(&self, lake: &Path) -> rusqlite::Result<()> {
        let mut place = lake.to_string_lossy().into_owned();
        if !place.ends_with('/') {
            place.push('/');
        }
        let transaction = self.db.unchecked_transaction()?;
        let sql = "SELECT 1 FROM ducklake_metadata WHERE key = 'data_path' AND value = ?1";
        if transaction.prepare(sql)?.exists([&place])? {
            return Ok(());
        }
        let touched = digest::Touched::before(&transaction, Vec::new())?;
        transaction.execute("UPDATE ducklake_metadata SET value = ?1 WHERE key = 'data_path'", [place])?;
        touched.after(&transaction, Vec::new())?;
        transaction.commit()
    }

    fn has_table(&self, name: &str) -> rusqlite::Result<bool> {
        let mut statement = self.db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")?;
        statement.exists([name])
    }

    fn check_version(&self) -> Result<(), CatalogError> {
        let known = self.has_table("streamflow_state").map_err(|error| self.named(error))?;
        if !known {
            return Err(CatalogError::Foreign { path: self.path.clone() });
        }
        let found = self.version().map_err(|error| self.named(error))?;
        if found > FORMAT_VERSION {
            return Err(CatalogError::Newer { path: self.path.clone(), found, known: FORMAT_VERSION });
        }
        Ok(())
    }

    /// Returns how far the journal is sealed.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn sealed(&self) -> Result<Sealed, CatalogError> {
        let sql = "SELECT next_offset, next_rejected, last_appended_at FROM streamflow_state";
        let sealed = self.db.query_row(sql, [], |row| {
            let at = |column: usize| row.get::<_, i64>(column);
            Ok(Sealed {
                next_offset: at(0)?.cast_unsigned(),
                next_rejected: at(1)?.cast_unsigned(),
                last_appended_at: at(2)?,
            })
        });
        sealed.map_err(|error| self.named(error))
    }

    /// Returns the files that hold the table now, oldest offsets first.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn files(&self, table: Table) -> Result<Vec<DataFile>, CatalogError> {
        self.list(table, "f.end_snapshot IS NULL").map_err(|error| self.named(error))
    }

    /// Returns the files that held the table before and stay for a while.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn ended_files(&self, table: Table) -> Result<Vec<DataFile>, CatalogError> {
        self.list(table, "f.end_snapshot IS NOT NULL").map_err(|error| self.named(error))
    }

    fn list(&self, table: Table, which: &str) -> rusqlite::Result<Vec<DataFile>> {
        let mut statement = self.db.prepare(&format!(
            "SELECT f.data_file_id, f.path, f.record_count, f.file_size_bytes, s.crc32c, s.timestamp_min,
                    s.timestamp_max, s.ingested_min, s.ingested_max, s.offset_min, s.offset_max, f.begin_snapshot
             FROM ducklake_data_file f JOIN streamflow_file s USING (data_file_id)
             WHERE f.table_id = ?1 AND {which}
             ORDER BY s.offset_min, f.data_file_id",
        ))?;
        let files = statement.query_map([table_id(table)], |row| {
            Ok(DataFile {
                id: row.get(0)?,
                snapshot: row.get(11)?,
                name: row.get(1)?,
                rows: row.get::<_, i64>(2)?.cast_unsigned(),
                bytes: row.get::<_, i64>(3)?.cast_unsigned(),
                crc32c: row.get(4)?,
                timestamp: (row.get(5)?, row.get(6)?),
                ingested_at: (row.get(7)?, row.get(8)?),
                offset: (row.get(9)?, row.get(10)?),
            })
        })?;
        files.collect()
    }

    /// Returns the names of all files of a table that must stay: those that hold it now, and those that did a while ago.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn names(&self, table: Table) -> Result<Vec<String>, CatalogError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.db.prepare("SELECT path FROM ducklake_data_file WHERE table_id = ?1")?;
            statement.query_map([table_id(table)], |row| row.get(0))?.collect()
        };
        read().map_err(|error| self.named(error))
    }

    /// Returns how many files there are that were replaced or removed and stay for a while, and their bytes.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn ended(&self) -> Result<(u64, u64), CatalogError> {
        let sql =
            "SELECT count(*), ifnull(sum(file_size_bytes), 0) FROM ducklake_data_file WHERE end_snapshot IS NOT NULL";
        let number = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let ended = self.db.query_row(sql, [], |row| Ok((number(row, 0)?, number(row, 1)?)));
        ended.map_err(|error| self.named(error))
    }

    /// Writes a copy of the catalog as it is at one moment to a new file.
    ///
    /// # Errors
    /// When the file exists or can't be written.
    pub fn copy_to(&self, path: &Path) -> Result<(), CatalogError> {
        let copied = self.db.execute("VACUUM INTO ?1", [path.to_string_lossy()]);
        copied.map(drop).map_err(|error| self.named(error))
    }

    /// Returns the answers to requests with a key, as the journal wrote them, and when each was given; oldest first.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn request_keys(&self) -> Result<Vec<(Vec<u8>, Micros)>, CatalogError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let sql = "SELECT answer, answered_at FROM streamflow_request_key ORDER BY answered_at, rowid";
            let mut statement = self.db.prepare(sql)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|error| self.named(error))
    }

    /// Forgets the answers to requests that came after a time.
    ///
    /// # Errors
    /// When the catalog can't be written.
    pub fn forget_keys_after(&mut self, time: Micros) -> Result<(), CatalogError> {
        self.write(|db| db.execute("DELETE FROM streamflow_request_key WHERE answered_at > ?1", [time]).map(drop))
    }

    /// Returns the number of the newest snapshot; each seal makes one.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn snapshot_id(&self) -> Result<i64, CatalogError> {
        let newest = self.db.query_row("SELECT max(snapshot_id) FROM ducklake_snapshot", [], |row| row.get(0));
        newest.optional().map_err(|error| self.named(error)).map(Option::unwrap_or_default)
    }

    fn named(&self, error: rusqlite::Error) -> CatalogError {
        CatalogError::of(&self.path, error)
    }
}

#[cfg(test)]
mod tests;
