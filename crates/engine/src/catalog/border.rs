//! The borders of transactions, where simulation lets the catalog fail: SQLite is real, and does not by itself.

use std::fmt::Debug;

use rusqlite::Connection;
use rusqlite::ffi::{Error as Code, SQLITE_IOERR};

/// A border of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// Nothing is begun.
    Begin,
    /// Everything is written, and nothing of it counts yet.
    Commit,
    /// Everything counts, and nobody was told.
    Committed,
}

/// How a border is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    Open,
    /// The device fails.
    Fails,
    /// At the beginning: no page more can be written than there are.
    Full,
}

/// Decides how borders are passed.
pub trait Borders: Debug + Send + Sync {
    fn pass(&self, border: Border) -> Passage;
}

/// Passes a border, if somebody guards it.
pub(super) fn pass(borders: Option<&dyn Borders>, db: &Connection, border: Border) -> rusqlite::Result<()> {
    match borders.map_or(Passage::Open, |borders| borders.pass(border)) {
        Passage::Fails => {
            let reason = format!("the device failed: {border:?}");
            Err(rusqlite::Error::SqliteFailure(Code::new(SQLITE_IOERR), Some(reason)))
        }
        Passage::Full => {
            let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
            limit(db, pages)
        }
        Passage::Open => Ok(()),
    }
}

/// Lets the file grow again.
pub(super) fn lift_limit(borders: Option<&dyn Borders>, db: &Connection) -> rusqlite::Result<()> {
    /// What SQLite begins with.
    const PAGES_MAX: i64 = 4_294_967_294;
    if borders.is_some() { limit(db, PAGES_MAX) } else { Ok(()) }
}

fn limit(db: &Connection, pages: i64) -> rusqlite::Result<()> {
    db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}
