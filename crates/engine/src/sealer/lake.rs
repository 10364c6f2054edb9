//! The lake's place at a start: whose it is, whether every file that the catalog names is there, and what nobody names.
//!
//! A place in an object store may be shared by mistake, and what the catalog does not name is removed: so a store says in
//! `streamflow.json` which catalog it belongs to, and no other touches it. Files that a folder on this machine has, from
//! before `storage.location` was set or from a backup, go up into the store.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IoSlice};
use std::path::Path;

use super::SealError;
use crate::catalog::{Catalog, DataFile, table_dir};
use crate::disk::{Disk, Folder};
use crate::segment::Table;

/// Says whose a store is.
const OWNER_FILE: &str = "streamflow.json";
const OWNER_BYTES_MAX: usize = 4 << 10;
const PARQUET: &str = ".parquet";
const PART: &str = ".part";
/// Bytes that are copied at a time.
const COPY_BYTES: usize = 1 << 20;
const TABLES: [Table; 2] = [Table::Events, Table::RejectedEvents];

/// What is in the lake's folders.
#[derive(Debug)]
pub(super) struct Found {
    /// Of each table.
    names: Vec<(Table, BTreeSet<String>)>,
}

impl Found {
    pub(super) fn list(lake: &Folder) -> Result<Self, SealError> {
        let list = |table: Table| {
            let dir = lake.path.join(table_dir(table));
            match lake.disk.list(&dir) {
                Ok(names) => Ok((table, names.into_iter().collect())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok((table, BTreeSet::new())),
                Err(error) => Err(SealError::io(&dir, &error)),
            }
        };
        Ok(Self { names: TABLES.into_iter().map(list).collect::<Result<_, _>>()? })
    }

    fn of(&self, table: Table) -> &BTreeSet<String> {
        const NOTHING: &BTreeSet<String> = &BTreeSet::new();
        self.names.iter().find(|(known, _)| *known == table).map_or(NOTHING, |(_, names)| names)
    }

    fn is_empty(&self) -> bool {
        self.names.iter().all(|(_, names)| !names.iter().any(|name| name.ends_with(PARQUET)))
    }

    /// Fails if a file is missing that holds a table now.
    pub(super) fn check(&self, lake: &Folder, catalog: &Catalog) -> Result<(), SealError> {
        let mut missing = Vec::new();
        for table in TABLES {
            let files = catalog.files(table)?.into_iter().filter(|file| !self.of(table).contains(&file.name));
            missing.extend(files.map(|file| format!("{}/{}", table_dir(table), file.name)));
        }
        let count = missing.len();
        let Some(example) = missing.into_iter().next() else { return Ok(()) };
        Err(SealError::Elsewhere { lake: lake.path.clone(), said: catalog.said_place()?, missing: count, example })
    }

    /// Removes what the catalog does not name. A crash between writing a file and naming it leaves the file; its rows are
    /// still in the journal.
    pub(super) fn remove_unnamed(&self, lake: &Folder, catalog: &Catalog) -> Result<(), SealError> {
        for table in TABLES {
            let named = catalog.names(table)?;
            let dir = lake.path.join(table_dir(table));
            let ours = |name: &&String| name.ends_with(PARQUET) || name.ends_with(PART);
            for name in self.of(table).iter().filter(ours).filter(|name| !named.contains(name)) {
                tracing::info!(file = name, "a file that no seal finished was removed");
                let path = dir.join(name);
                lake.disk.remove(&path).map_err(|error| SealError::io(&path, &error))?;
            }
        }
        Ok(())
    }
}

/// Makes sure that a store is this catalog's, and makes it so if it is nobody's.
pub(super) fn claim(lake: &Folder, catalog: &Catalog, found: &Found) -> Result<(), SealError> {
    let path = lake.path.join(OWNER_FILE);
    let failed = |error: io::Error| SealError::io(&path, &error);
    let id = catalog.id()?;
    let foreign = || SealError::Foreign { lake: lake.path.clone() };
    match owner(&*lake.disk, &path) {
        Ok(Some(owner)) if owner == id => return Ok(()),
        Ok(_) => return Err(foreign()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        Err(_) if !found.is_empty() => return Err(foreign()),
        Err(_) => {}
    }
    let text = format!("{:#}\n", serde_json::json!({ "format": 1, "catalog": id }));
    let write = || -> io::Result<()> {
        let part = lake.path.join(format!("{OWNER_FILE}{PART}"));
        drop(lake.disk.remove(&part));
        let mut file = lake.disk.create(&part)?;
        file.write_all_at(&mut [IoSlice::new(text.as_bytes())], 0)?;
        file.sync()?;
        lake.disk.rename(&part, &path)
    };
    write().map_err(failed)?;
    // Another may have come at the same moment; the last one has it.
    match owner(&*lake.disk, &path).map_err(failed)? {
        Some(owner) if owner == id => Ok(()),
        _ => Err(foreign()),
    }
}

/// Returns the catalog that a store belongs to; none if the file says nothing that can be understood.
fn owner(disk: &dyn Disk, path: &Path) -> io::Result<Option<String>> {
    let mut text = vec![0; OWNER_BYTES_MAX];
    let read = disk.open_kept(path)?.read_at(&mut text, 0)?;
    let owner: Option<serde_json::Value> = serde_json::from_slice(&text[..read]).ok();
    Ok(owner.and_then(|owner| owner["catalog"].as_str().map(str::to_owned)))
}

/// Copies what the catalog names and only a folder on this machine has into the lake, then removes it from the folder.
/// Returns whether there was anything.
pub(super) fn move_in(lake: &Folder, from: &Folder, catalog: &Catalog, found: &Found) -> Result<bool, SealError> {
    let mut moved = Vec::new();
    for table in TABLES {
        let (dir, old) = (lake.path.join(table_dir(table)), from.path.join(table_dir(table)));
        let there: BTreeSet<String> = from.disk.list(&old).unwrap_or_default().into_iter().collect();
        let files = catalog.files(table)?.into_iter().chain(catalog.ended_files(table)?);
        for file in files.filter(|file| there.contains(&file.name)) {
            let (source, target) = (old.join(&file.name), dir.join(&file.name));
            if !found.of(table).contains(&file.name) {
                copy(from, &source, lake, &target, &file)?;
            }
            moved.push(source);
        }
    }
    if moved.is_empty() {
        return Ok(false);
    }
    // Told first: whoever finds the folder empty knows where its files went.
    catalog.place(&lake.path)?;
    for path in &moved {
        from.disk.remove(path).map_err(|error| SealError::io(path, &error))?;
    }
    tracing::info!(files = moved.len(), from = %from.path.display(), to = %lake.path.display(), "history moved");
    Ok(true)
}

fn copy(from: &Folder, source: &Path, lake: &Folder, target: &Path, file: &DataFile) -> Result<(), SealError> {
    let part = target.with_extension(format!("parquet{PART}"));
    let read = |error: io::Error| SealError::io(source, &error);
    let write = |error: io::Error| SealError::io(target, &error);
    let input = from.disk.open_read(source).map_err(read)?;
    drop(lake.disk.remove(&part));
    let mut output = lake.disk.create(&part).map_err(write)?;
    let (mut at, mut crc, mut buffer) = (0, 0, vec![0; COPY_BYTES]);
    loop {
        let count = input.read_at(&mut buffer, at).map_err(read)?;
        if count == 0 {
            break;
        }
        crc = crc32c::crc32c_append(crc, &buffer[..count]);
        output.write_all_at(&mut [IoSlice::new(&buffer[..count])], at).map_err(write)?;
        at += count as u64;
    }
    if (at, crc) != (file.bytes, file.crc32c) {
        drop(lake.disk.remove(&part));
        return Err(SealError::Io { path: source.to_owned(), reason: "its checksum is another".to_owned() });
    }
    output.sync().map_err(write)?;
    drop(output);
    lake.disk.rename(&part, target).map_err(write)
}
