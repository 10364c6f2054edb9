//! What was sealed before: the catalog and its files, opened at a start.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::SealError;
use super::lake::{self, Found};
use crate::catalog::{Catalog, DataFile, Sealed, table_dir};
use crate::clock::Micros;
use crate::disk::{Disk, Folder};
use crate::segment::{Segment, Table};
use crate::task;

/// Files of another machine that are opened at the same time: each waits for an answer or two.
const OPENED_AT_A_TIME: usize = 16;

/// What was sealed before.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) sealed: Sealed,
    pub(crate) events: Vec<(DataFile, Arc<Segment>)>,
    pub(crate) rejected: Vec<Arc<Segment>>,
    /// Keys of requests as the journal wrote them, and when each was answered.
    pub(crate) request_keys: Vec<(Vec<u8>, Micros)>,
}

/// Opens the catalog for writing and every file it names, and removes files that it does not name. Files that `before` has
/// and a lake on another machine has not are moved there.
///
/// # Errors
/// When the catalog or a file of it can't be opened, or the lake is another's.
pub(crate) fn open_history(
    lake: &Folder,
    before: Option<&Folder>,
    catalog: &Path,
    seed: (u64, u64),
    now: Micros,
) -> Result<(Catalog, History), SealError> {
    let is_remote = lake.disk.is_remote();
    if !is_remote {
        make_folders(&*lake.disk, &lake.path)?;
    }
    let catalog = Catalog::open_anywhere(catalog, seed, now)?;
    let mut found = Found::list(lake)?;
    if is_remote {
        lake::claim(lake, &catalog, &found)?;
        if let Some(before) = before
            && lake::move_in(lake, before, &catalog, &found)?
        {
            found = Found::list(lake)?;
        }
    }
    found.check(lake, &catalog)?;
    let history = load(lake, &catalog)?;
    found.remove_unnamed(lake, &catalog)?;
    catalog.place(&lake.path)?;
    Ok((catalog, history))
}

fn make_folders(disk: &dyn Disk, lake: &Path) -> Result<(), SealError> {
    for table in [Table::Events, Table::RejectedEvents] {
        let dir = lake.join(table_dir(table));
        disk.create_dir_all(&dir).map_err(|error| SealError::io(&dir, &error))?;
        for folder in [dir.as_path(), lake].into_iter().chain(lake.parent()) {
            disk.sync_dir(folder).map_err(|error| SealError::io(folder, &error))?;
        }
    }
    Ok(())
}

/// Opens the catalog and its files for reading; none if there is no catalog.
///
/// # Errors
/// As [`open_history`].
pub(crate) fn read_history(disk: &dyn Disk, catalog: &Path, lake: &Folder) -> Result<Option<History>, SealError> {
    match disk.open_read(catalog) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SealError::io(catalog, &error)),
        Ok(_) => {}
    }
    let catalog = Catalog::open_read_only(catalog)?;
    Found::list(lake)?.check(lake, &catalog)?;
    load(lake, &catalog).map(Some)
}

fn load(lake: &Folder, catalog: &Catalog) -> Result<History, SealError> {
    let threads = if lake.disk.is_remote() { OPENED_AT_A_TIME } else { 1 };
    let open = |table: Table| -> Result<Vec<(DataFile, Arc<Segment>)>, SealError> {
        let dir = lake.path.join(table_dir(table));
        let open_one = |file: DataFile| {
            let path = dir.join(&file.name);
            let handle = lake.disk.open_read(&path).map_err(|error| SealError::io(&path, &error))?;
            let segment = Segment::open(table, &file.name, handle);
            let segment = segment.map_err(|error| SealError::of_segment(&path, error))?;
            Ok((file, Arc::new(segment)))
        };
        task::each("history-open", threads, catalog.files(table)?, open_one)
    };
    Ok(History {
        sealed: catalog.sealed()?,
        events: open(Table::Events)?,
        rejected: open(Table::RejectedEvents)?.into_iter().map(|(_, segment)| segment).collect(),
        request_keys: catalog.request_keys()?,
    })
}
