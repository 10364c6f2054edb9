//! What was sealed before: the catalog and its files, opened at a start.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::SealError;
use crate::catalog::{Catalog, DataFile, Sealed, table_dir};
use crate::clock::Micros;
use crate::disk::Disk;
use crate::segment::{Segment, Table};

/// What was sealed before.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) sealed: Sealed,
    pub(crate) events: Vec<(DataFile, Arc<Segment>)>,
    pub(crate) rejected: Vec<Arc<Segment>>,
    /// Keys of requests as the journal wrote them, and when each was answered.
    pub(crate) request_keys: Vec<(Vec<u8>, Micros)>,
}

/// Opens the catalog for writing and every file it names, and removes files that it does not name.
///
/// # Errors
/// When the catalog or a file of it can't be opened.
pub(crate) fn open_history(
    disk: &dyn Disk,
    catalog: &Path,
    lake: &Path,
    seed: (u64, u64),
    now: Micros,
) -> Result<(Catalog, History), SealError> {
    for table in [Table::Events, Table::RejectedEvents] {
        let dir = lake.join(table_dir(table));
        disk.create_dir_all(&dir).map_err(|error| SealError::io(&dir, &error))?;
        for folder in [dir.as_path(), lake].into_iter().chain(lake.parent()) {
            disk.sync_dir(folder).map_err(|error| SealError::io(folder, &error))?;
        }
    }
    let catalog = Catalog::open(catalog, lake, seed, now)?;
    let history = load(disk, &catalog, lake)?;
    for table in [Table::Events, Table::RejectedEvents] {
        let named = catalog.names(table)?;
        let dir = lake.join(table_dir(table));
        remove_unnamed(disk, &dir, &named).map_err(|error| SealError::io(&dir, &error))?;
    }
    Ok((catalog, history))
}

/// Opens the catalog and its files for reading; none if there is no catalog.
///
/// # Errors
/// As [`open_history`].
pub(crate) fn read_history(disk: &dyn Disk, catalog: &Path, lake: &Path) -> Result<Option<History>, SealError> {
    match disk.open_read(catalog) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SealError::io(catalog, &error)),
        Ok(_) => {}
    }
    let catalog = Catalog::open_read_only(catalog)?;
    load(disk, &catalog, lake).map(Some)
}

fn load(disk: &dyn Disk, catalog: &Catalog, lake: &Path) -> Result<History, SealError> {
    let open = |table: Table| -> Result<Vec<(DataFile, Arc<Segment>)>, SealError> {
        let dir = lake.join(table_dir(table));
        let open_one = |file: DataFile| {
            let path = dir.join(&file.name);
            let handle = disk.open_read(&path).map_err(|error| SealError::io(&path, &error))?;
            let segment = Segment::open(table, &file.name, handle)?;
            Ok((file, Arc::new(segment)))
        };
        catalog.files(table)?.into_iter().map(open_one).collect()
    };
    Ok(History {
        sealed: catalog.sealed()?,
        events: open(Table::Events)?,
        rejected: open(Table::RejectedEvents)?.into_iter().map(|(_, segment)| segment).collect(),
        request_keys: catalog.request_keys()?,
    })
}

/// A crash between writing a file and naming it leaves the file; its rows are still in the journal.
fn remove_unnamed(disk: &dyn Disk, dir: &Path, named: &[String]) -> io::Result<()> {
    for name in disk.list(dir)? {
        let ours = name.ends_with(".parquet") || name.ends_with(".part");
        if ours && !named.contains(&name) {
            tracing::info!(file = name, "a file that no seal finished was removed");
            disk.remove(&dir.join(&name))?;
        }
    }
    Ok(())
}
