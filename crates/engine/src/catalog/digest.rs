//! Notices a row of the catalog that changed by itself: a checksum of each group of rows, kept beside them.
//!
//! SQLite has no checksums of its own, so a byte that flips in a bound hides rows without anybody noticing. Groups are what a
//! change touches together: all rows of one file, of one snapshot, and each of the other tables as a whole. One more
//! checksum is over all of these, so that a group which vanished with its checksum is missed. Keys of requests have theirs in
//! their own row.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

/// Makes the table of checksums, and a column for those of the keys of requests.
pub(super) const UPGRADE: &str = "
CREATE TABLE streamflow_digest(kind TEXT NOT NULL, key INTEGER NOT NULL, crc32c INTEGER NOT NULL,
  PRIMARY KEY (kind, key)) WITHOUT ROWID;
ALTER TABLE streamflow_request_key ADD COLUMN crc32c INTEGER;
";

/// A table that was empty in earlier formats, and had one checksum as a whole.
const LEAVES: &str = "ducklake_file_variant_stats";

const FILE: &str = "file";
const SNAPSHOT: &str = "snapshot";
const ALL: &str = "all";

/// Tables whose rows belong to a file or a snapshot, or have checksums of their own.
const GROUPED: [&str; 8] = [
    "ducklake_data_file",
    "ducklake_file_column_stats",
    LEAVES,
    "streamflow_file",
    "ducklake_snapshot",
    "ducklake_snapshot_changes",
    "streamflow_request_key",
    "streamflow_digest",
];

const ROWS_OF_FILE: [&str; 4] = [
    "SELECT * FROM ducklake_data_file WHERE data_file_id = ?1",
    "SELECT * FROM ducklake_file_column_stats WHERE data_file_id = ?1 ORDER BY column_id",
    "SELECT * FROM ducklake_file_variant_stats WHERE data_file_id = ?1 ORDER BY column_id, variant_path",
    "SELECT * FROM streamflow_file WHERE data_file_id = ?1",
];
const ROWS_OF_SNAPSHOT: [&str; 2] = [
    "SELECT * FROM ducklake_snapshot WHERE snapshot_id = ?1",
    "SELECT * FROM ducklake_snapshot_changes WHERE snapshot_id = ?1",
];

/// A group of rows: what it belongs to, and which of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    kind: String,
    key: i64,
}

impl Group {
    pub(super) fn file(id: i64) -> Self {
        Self { kind: FILE.to_owned(), key: id }
    }

    pub(super) fn snapshot(id: i64) -> Self {
        Self { kind: SNAPSHOT.to_owned(), key: id }
    }

    fn table(name: &str) -> Self {
        Self { kind: name.to_owned(), key: 0 }
    }

    fn all() -> Self {
        Self { kind: ALL.to_owned(), key: 0 }
    }

    /// Returns the id of the file that the rows are about.
    pub(super) fn file_id(&self) -> Option<i64> {
        (self.kind == FILE).then_some(self.key)
    }

    /// Says what the rows are about.
    pub(super) fn describe(&self) -> String {
        match self.kind.as_str() {
            FILE => format!("rows of file {}", self.key),
            SNAPSHOT => format!("rows of snapshot {}", self.key),
            ALL => "the list of checksums".to_owned(),
            table => format!("table {table}"),
        }
    }

    /// Returns the checksum of the rows as they are; none if there is no row.
    fn now(&self, db: &Connection) -> rusqlite::Result<Option<u32>> {
        let mut digest = Digest::default();
        match self.kind.as_str() {
            FILE => ROWS_OF_FILE.iter().try_for_each(|sql| digest.add(db, sql, &[self.key]))?,
            SNAPSHOT => ROWS_OF_SNAPSHOT.iter().try_for_each(|sql| digest.add(db, sql, &[self.key]))?,
            ALL => {
                digest.add(db, "SELECT * FROM streamflow_digest WHERE kind <> 'all' ORDER BY kind, key", &[])?;
                return Ok(Some(digest.crc));
            }
            table => {
                // Row by row is not enough of an order where rows have no key.
                digest.add_sorted(db, &format!("SELECT * FROM {table}"))?;
                return Ok(Some(digest.crc));
            }
        }
        Ok((digest.rows > 0).then_some(digest.crc))
    }

    fn kept(&self, db: &Connection) -> rusqlite::Result<Option<u32>> {
        let sql = "SELECT crc32c FROM streamflow_digest WHERE kind = ?1 AND key = ?2";
        db.prepare_cached(sql)?.query_row(params![self.kind, self.key], |row| row.get(0)).optional()
    }

    fn keep(&self, db: &Connection, crc: Option<u32>) -> rusqlite::Result<()> {
        match crc {
            Some(crc) => db
                .prepare_cached("INSERT OR REPLACE INTO streamflow_digest VALUES (?1, ?2, ?3)")?
                .execute(params![self.kind, self.key, crc])?,
            None => db
                .prepare_cached("DELETE FROM streamflow_digest WHERE kind = ?1 AND key = ?2")?
                .execute(params![self.kind, self.key])?,
        };
        Ok(())
    }
}

/// The groups that a change touches, and which of them are not what they were kept as: their checksums stay, so that what
/// changed by itself is not forgotten under what is changed on purpose.
#[derive(Debug)]
pub(super) struct Touched {
    groups: Vec<Group>,
    spoiled: Vec<Group>,
}

impl Touched {
    /// Looks at what will be changed, before it is.
    pub(super) fn before(db: &Connection, groups: Vec<Group>) -> rusqlite::Result<Self> {
        let mut touched = Self { groups, spoiled: Vec::new() };
        touched.groups.extend(tables(db)?.iter().map(|name| Group::table(name)));
        for group in touched.groups.iter().chain([&Group::all()]) {
            let kept = group.kept(db)?;
            if kept.is_some() && kept != group.now(db)? {
                tracing::error!(rows = group.describe(), "the catalog was changed by something else");
                touched.spoiled.push(group.clone());
            }
        }
        Ok(touched)
    }

    /// Looks at what will be changed where a catalog of an earlier format begins to have rows of paths.
    pub(super) fn before_leaves(db: &Connection) -> rusqlite::Result<Self> {
        let mut touched = Self::before(db, Vec::new())?;
        let as_a_whole = Group::table(LEAVES);
        touched.groups.retain(|group| *group != as_a_whole);
        as_a_whole.keep(db, None)?;
        Ok(touched)
    }

    /// Keeps the checksums as they are after the change; `more` are groups that it added.
    pub(super) fn after(mut self, db: &Connection, more: Vec<Group>) -> rusqlite::Result<()> {
        self.groups.extend(more);
        for group in self.groups.iter().chain([&Group::all()]) {
            let now = group.now(db)?;
            if now.is_none() || !self.spoiled.contains(group) {
                group.keep(db, now)?;
            }
        }
        Ok(())
    }
}

/// Keeps the checksums of everything there is.
pub(super) fn keep_all(db: &Connection) -> rusqlite::Result<()> {
    for group in groups(db)? {
        group.keep(db, group.now(db)?)?;
    }
    let sql = "SELECT rowid, key, answer, answered_at FROM streamflow_request_key";
    let rows: Vec<(i64, u32)> = db
        .prepare(sql)?
        .query_map([], |row| {
            Ok((row.get(0)?, request_key(&row.get::<_, String>(1)?, &row.get::<_, Vec<u8>>(2)?, row.get(3)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (row, crc) in rows {
        db.execute("UPDATE streamflow_request_key SET crc32c = ?2 WHERE rowid = ?1", params![row, crc])?;
    }
    Group::all().keep(db, Group::all().now(db)?)
}

/// Returns the groups that are not what they were kept as, and how many there are.
pub(super) fn check(db: &Connection) -> rusqlite::Result<(Vec<Group>, u64)> {
    let mut all = groups(db)?;
    let mut kept = db.prepare("SELECT kind, key FROM streamflow_digest")?;
    let kept = kept.query_map([], |row| Ok(Group { kind: row.get(0)?, key: row.get(1)? }))?;
    all.extend(kept.collect::<rusqlite::Result<Vec<_>>>()?);
    all.sort_unstable();
    all.dedup();
    let mut changed = Vec::new();
    let tables = tables(db)?;
    for group in &all {
        let known = matches!(group.kind.as_str(), FILE | SNAPSHOT | ALL) || tables.contains(&group.kind);
        if !known || group.now(db)? != group.kept(db)? {
            changed.push(group.clone());
        }
    }
    Ok((changed, all.len() as u64))
}

/// Returns the keys of requests whose row is not what it was kept as.
pub(super) fn changed_request_keys(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare("SELECT key, answer, answered_at, crc32c FROM streamflow_request_key")?;
    let mut rows = statement.query([])?;
    let mut changed = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes = |column: usize| row.get_ref(column).map(|cell| cell.as_bytes().unwrap_or_default().to_vec());
        let key = String::from_utf8_lossy(&bytes(0)?).into_owned();
        let kept: Option<u32> = row.get(3).unwrap_or_default();
        let at = row.get(2).unwrap_or_default();
        if kept != Some(request_key(&key, &bytes(1)?, at)) {
            changed.push(key);
        }
    }
    Ok(changed)
}

/// Returns the checksum of the row of a key.
pub(super) fn request_key(key: &str, answer: &[u8], answered_at: i64) -> u32 {
    let mut crc = crc32c::crc32c(key.as_bytes());
    crc = crc32c::crc32c_append(crc, &answered_at.to_le_bytes());
    crc32c::crc32c_append(crc, answer)
}

/// Returns every group that has a row or, for a table as a whole, might have one.
fn groups(db: &Connection) -> rusqlite::Result<Vec<Group>> {
    let ids = |sql: &str| -> rusqlite::Result<Vec<i64>> { db.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
    let files = "SELECT data_file_id FROM ducklake_data_file UNION SELECT data_file_id FROM ducklake_file_column_stats
                 UNION SELECT data_file_id FROM ducklake_file_variant_stats
                 UNION SELECT data_file_id FROM streamflow_file";
    let snapshots = "SELECT snapshot_id FROM ducklake_snapshot UNION SELECT snapshot_id FROM ducklake_snapshot_changes";
    let files = ids(files)?.into_iter().map(Group::file);
    let snapshots = ids(snapshots)?.into_iter().map(Group::snapshot);
    let tables = tables(db)?;
    Ok(files.chain(snapshots).chain(tables.iter().map(|name| Group::table(name))).collect())
}

/// Returns the tables that have one checksum as a whole.
fn tables(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND (name GLOB 'ducklake_*' OR name GLOB 'streamflow_*')
               ORDER BY name";
    let names = db.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let has_leaves_as_a_whole = Group::table(LEAVES).kept(db)?.is_some();
    let is_whole =
        |name: &String| !GROUPED.contains(&name.as_str()) || (name.as_str() == LEAVES && has_leaves_as_a_whole);
    Ok(names.into_iter().filter(is_whole).collect())
}

/// The checksum of some rows.
#[derive(Debug, Default)]
struct Digest {
    crc: u32,
    rows: u64,
}

impl Digest {
    fn add(&mut self, db: &Connection, sql: &str, key: &[i64]) -> rusqlite::Result<()> {
        for row in encoded(db, sql, key)? {
            self.add_row(&row);
        }
        Ok(())
    }

    fn add_sorted(&mut self, db: &Connection, sql: &str) -> rusqlite::Result<()> {
        let mut rows = encoded(db, sql, &[])?;
        rows.sort_unstable();
        rows.iter().for_each(|row| self.add_row(row));
        Ok(())
    }

    fn add_row(&mut self, row: &[u8]) {
        self.crc = crc32c::crc32c_append(self.crc, row);
        self.rows += 1;
    }
}

/// Returns each row as bytes that no other row has: of each cell its type, its length and its bytes.
fn encoded(db: &Connection, sql: &str, key: &[i64]) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut statement = db.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(key))?;
    let mut encoded = Vec::new();
    while let Some(row) = rows.next()? {
        let mut bytes = Vec::new();
        for column in 0..columns {
            let mut cell = |tag: u8, value: &[u8]| {
                bytes.push(tag);
                bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
                bytes.extend_from_slice(value);
            };
            match row.get_ref(column)? {
                ValueRef::Null => cell(0, &[]),
                ValueRef::Integer(number) => cell(1, &number.to_le_bytes()),
                ValueRef::Real(number) => cell(2, &number.to_le_bytes()),
                ValueRef::Text(text) => cell(3, text),
                ValueRef::Blob(blob) => cell(4, blob),
            }
        }
        encoded.push(bytes);
    }
    Ok(encoded)
}
