//! Makes a backup of an open folder, and removes those that are too many.

use std::io;
use std::path::{Path, PathBuf};

use super::manifest::{Entry, Manifest};
use super::objects::{self, CopyError};
use super::{BackupError, BackupReport, Backups, Source};
use crate::catalog::{Catalog, table_dir};
use crate::disk::{Disk, Folder, LocalDisk};
use crate::engine::{CATALOG_FILE, JOURNAL_DIR, LAKE_DIR};
use crate::journal::{Floor, Journal, JournalError, OnDamage, Recovered};
use crate::object::{Location, Nearby, open_location};
use crate::sealer::{SealError, SealReport};
use crate::segment::Table;

/// Files of the journal may be sealed and go while they are being read. Then all are read again, this often.
const ATTEMPTS_MAX: usize = 5;
/// The catalog as it is at one moment, while it is being copied.
const CATALOG_COPY: &str = "catalog.db.copy";

impl Backups {
    /// Makes a backup of everything acknowledged so far, at the place that is set or at another one.
    ///
    /// # Errors
    /// When no place is set, a disk fails, or something of the data is damaged. Then there is no backup.
    pub(crate) fn create(&self, to: Option<&Location>) -> Result<BackupReport, BackupError> {
        let location = to.or(self.options.location.as_ref()).ok_or(BackupError::NotConfigured)?;
        let place = self.place(location)?;
        let _nothing_is_deleted = self.source.copying.lock();
        let report = self.source.copy_to(&place, &mut || self.sealer.seal())?;
        Ok(BackupReport { removed: self.thin_out(&place)?, ..report })
    }

    /// Opens where backups are. What is read there is read once, and not kept nearby.
    pub(super) fn place(&self, location: &Location) -> Result<Folder, BackupError> {
        let nearby = Nearby { bytes_max: 0, ..self.nearby.clone() };
        open_location(location, &self.object, &nearby).map_err(|error| BackupError::place(location, &error))
    }

    /// Removes the oldest backups that are too many. Where a manifest can't be read nothing is, for nobody knows what it
    /// needs.
    fn thin_out(&self, place: &Folder) -> Result<u64, BackupError> {
        let (disk, location) = (&*place.disk, place.path.as_path());
        let all: Result<Vec<Manifest>, BackupError> = Manifest::list(disk, location)?.into_iter().collect();
        let mut all = match all {
            Ok(all) => all,
            Err(error) => {
                tracing::warn!(%error, "no old backup is removed");
                return Ok(0);
            }
        };
        let too_many = all.len().saturating_sub(if self.options.keep == 0 { usize::MAX } else { self.options.keep });
        for manifest in all.drain(..too_many) {
            let path = location.join(manifest.file_name());
            disk.remove(&path).map_err(|error| BackupError::io(&path, &error))?;
        }
        if too_many > 0 {
            disk.sync_dir(location).map_err(|error| BackupError::io(location, &error))?;
            objects::sweep(disk, location, &all)?;
        }
        Ok(too_many as u64)
    }
}

impl Source {
    /// Makes a backup of everything acknowledged so far, which is sealed first. No file of history may be deleted meanwhile.
    pub(crate) fn copy_to(
        &self,
        place: &Folder,
        seal: &mut dyn FnMut() -> Result<SealReport, SealError>,
    ) -> Result<BackupReport, BackupError> {
        objects::prepare(place)?;
        let (next_offset, next_rejected) = self.store.journal_end();
        let created_at = self.clock.now();
        seal()?;
        let mut work = Copying { source: self, place, files: Vec::new(), copied: (0, 0) };
        work.journal()?;
        let snapshot = work.catalog_and_history(&Manifest::id(created_at, next_offset))?;
        let (files, (copied_files, copied_bytes)) = (work.files, work.copied);
        let manifest = Manifest {
            id: Manifest::id(created_at, next_offset),
            created_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            next_offset,
            next_rejected,
            snapshot,
            files,
        };
        publish(place, &manifest)?;
        Ok(BackupReport { manifest, copied_files, copied_bytes, removed: 0 })
    }
}

/// The backup is there from now on.
fn publish(place: &Folder, manifest: &Manifest) -> Result<(), BackupError> {
    let (disk, location) = (&*place.disk, place.path.as_path());
    let path = location.join(manifest.file_name());
    let part = path.with_extension("json.part");
    let publish = || {
        drop(disk.remove(&part));
        let mut file = disk.create(&part)?;
        file.write_all_at(&mut [io::IoSlice::new(&manifest.encode())], 0)?;
        file.sync()?;
        drop(file);
        disk.rename(&part, &path)?;
        disk.sync_dir(location)
    };
    publish().map_err(|error| BackupError::io(&path, &error))
}

/// A backup that is being made.
struct Copying<'a> {
    source: &'a Source,
    place: &'a Folder,
    files: Vec<Entry>,
    /// Files and bytes.
    copied: (u64, u64),
}

impl Copying<'_> {
    fn journal(&mut self) -> Result<(), BackupError> {
        for file in self.read_journal()?.files {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let copied = self.copy((&*self.source.disk, &file.path), &name, file.bytes);
            let (part, crc32c) = match copied {
                Ok(copied) => copied,
                // It was sealed meanwhile: the catalog, which is copied later, says so.
                Err(CopyError::Read(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into_error(&file.path)),
            };
            self.keep(&part, Entry { path: format!("{JOURNAL_DIR}/{name}"), bytes: file.bytes, crc32c })?;
        }
        Ok(())
    }

    /// Finds where the last frame of each file ends: behind it may be one that is being written.
    fn read_journal(&self) -> Result<Recovered, BackupError> {
        let mut attempt = 1;
        loop {
            let sealed = self.catalog()?.sealed()?;
            let floor = Floor {
                next_offset: sealed.next_offset,
                next_rejected: sealed.next_rejected,
                last_appended_at: sealed.last_appended_at,
            };
            match Journal::read(&*self.source.disk, &self.source.journal, OnDamage::Refuse, floor, &mut |_| Ok(())) {
                Err(JournalError::Io { .. }) if attempt < ATTEMPTS_MAX => attempt += 1,
                outcome => return Ok(outcome?),
            }
        }
    }

    fn catalog(&self) -> Result<Catalog, BackupError> {
        Ok(Catalog::open_read_only(&self.source.catalog)?)
    }

    /// Copies the catalog as it is at one moment and the files that hold the tables then; returns its newest snapshot.
    fn catalog_and_history(&mut self, id: &str) -> Result<i64, BackupError> {
        // SQLite writes to this machine alone.
        let scratch = self.source.catalog.with_file_name(CATALOG_COPY);
        drop(LocalDisk.remove(&scratch));
        let snapshot = self.copy_catalog(&scratch, id);
        drop(LocalDisk.remove(&scratch));
        snapshot
    }

    fn copy_catalog(&mut self, scratch: &Path, id: &str) -> Result<i64, BackupError> {
        let disk = &LocalDisk;
        self.catalog()?.copy_to(scratch)?;
        let length = disk.open_read(scratch).and_then(|file| file.len());
        let bytes = length.map_err(|error| BackupError::io(scratch, &error))?;
        let (part, crc32c) = self.copy((disk, scratch), id, bytes).map_err(|error| error.into_error(scratch))?;
        let entry = Entry { path: CATALOG_FILE.to_owned(), bytes, crc32c };
        let copy = Catalog::open_read_only(scratch)?;
        let snapshot = copy.snapshot_id()?;
        for table in [Table::Events, Table::RejectedEvents] {
            for file in copy.files(table)? {
                let inside = format!("{}/{}", table_dir(table), file.name);
                let path = format!("{LAKE_DIR}/{inside}");
                self.history_file(&inside, Entry { path, bytes: file.bytes, crc32c: file.crc32c })?;
            }
        }
        drop(copy);
        self.keep(&part, entry)?;
        Ok(snapshot)
    }

    fn history_file(&mut self, inside: &str, entry: Entry) -> Result<(), BackupError> {
        if objects::is_there(&*self.place.disk, &self.place.path, &entry) {
            self.files.push(entry);
            return Ok(());
        }
        let lake = &self.source.lake;
        let from = lake.path.join(inside);
        let copied = self.copy((&*lake.disk, &from), &entry.path.replace('/', "-"), entry.bytes);
        let (part, crc32c) = copied.map_err(|error| error.into_error(&from))?;
        if crc32c != entry.crc32c {
            return Err(BackupError::Damaged { path: from, reason: "its checksum is another".to_owned() });
        }
        self.keep(&part, entry)
    }

    /// Copies the first bytes of a file to where it has no name yet; returns that place and the checksum.
    fn copy(&self, from: (&dyn Disk, &Path), name: &str, bytes: u64) -> Result<(PathBuf, u32), CopyError> {
        let part = objects::scratch(&self.place.path, name);
        let crc32c = objects::copy(from, (&*self.place.disk, &part), bytes, &self.source.stopping)?;
        Ok((part, crc32c))
    }

    fn keep(&mut self, part: &Path, entry: Entry) -> Result<(), BackupError> {
        objects::keep(&*self.place.disk, &self.place.path, part, &entry)?;
        self.copied.0 += 1;
        self.copied.1 += entry.bytes;
        self.files.push(entry);
        Ok(())
    }
}
