//! Makes a backup of an open folder, and removes those that are too many.

use std::io;
use std::path::Path;

use super::manifest::{Entry, Manifest};
use super::objects::{self, CopyError};
use super::{BackupError, BackupReport, Backups};
use crate::catalog::{Catalog, table_dir};
use crate::engine::{CATALOG_FILE, JOURNAL_DIR, LAKE_DIR};
use crate::journal::{Floor, Journal, JournalError, OnDamage, Recovered};
use crate::segment::Table;
use crate::verify::checksum;

/// Files of the journal may be sealed and go while they are being read. Then all are read again, this often.
const ATTEMPTS_MAX: usize = 5;

impl Backups {
    /// Makes a backup of everything acknowledged so far.
    ///
    /// # Errors
    /// When no folder is set, a disk fails, or something of the data is damaged. Then there is no backup.
    pub(crate) fn create(&self) -> Result<BackupReport, BackupError> {
        let location = self.options.location.as_deref().ok_or(BackupError::NotConfigured)?;
        let _nothing_is_deleted = self.copying.lock();
        objects::prepare(&*self.disk, location)?;
        let (next_offset, next_rejected) = self.store.journal_end();
        let created_at = self.clock.now();
        self.sealer.seal()?;
        let mut work = Copying { backups: self, location, files: Vec::new(), copied: (0, 0) };
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
        self.publish(location, &manifest)?;
        let removed = self.thin_out(location)?;
        Ok(BackupReport { manifest, copied_files, copied_bytes, removed })
    }

    /// The backup is there from now on.
    fn publish(&self, location: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        let path = location.join(manifest.file_name());
        let part = path.with_extension("json.part");
        let publish = || {
            drop(self.disk.remove(&part));
            let mut file = self.disk.create(&part)?;
            file.write_all_at(&mut [io::IoSlice::new(&manifest.encode())], 0)?;
            file.sync()?;
            self.disk.rename(&part, &path)?;
            self.disk.sync_dir(location)
        };
        publish().map_err(|error| BackupError::io(&path, &error))
    }

    /// Removes the oldest backups that are too many. Where a manifest can't be read nothing is, for nobody knows what it
    /// needs.
    fn thin_out(&self, location: &Path) -> Result<u64, BackupError> {
        let all: Result<Vec<Manifest>, BackupError> = Manifest::list(&*self.disk, location)?.into_iter().collect();
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
            self.disk.remove(&path).map_err(|error| BackupError::io(&path, &error))?;
        }
        if too_many > 0 {
            self.disk.sync_dir(location).map_err(|error| BackupError::io(location, &error))?;
            objects::sweep(&*self.disk, location, &all)?;
        }
        Ok(too_many as u64)
    }
}

/// A backup that is being made.
struct Copying<'a> {
    backups: &'a Backups,
    location: &'a Path,
    files: Vec<Entry>,
    /// Files and bytes.
    copied: (u64, u64),
}

impl Copying<'_> {
    fn journal(&mut self) -> Result<(), BackupError> {
        let dir = self.backups.data_dir.join(JOURNAL_DIR);
        for file in self.read_journal(&dir)?.files {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let part = objects::scratch(self.location, &name);
            let copied = objects::copy(&*self.backups.disk, &file.path, &part, file.bytes, &self.backups.stopping);
            let crc32c = match copied {
                Ok(crc32c) => crc32c,
                // It was sealed meanwhile: the catalog, which is copied later, says so.
                Err(CopyError::Read(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into_error(&file.path)),
            };
            self.keep(&part, Entry { path: format!("{JOURNAL_DIR}/{name}"), bytes: file.bytes, crc32c })?;
        }
        Ok(())
    }

    /// Finds where the last frame of each file ends: behind it may be one that is being written.
    fn read_journal(&self, dir: &Path) -> Result<Recovered, BackupError> {
        let mut attempt = 1;
        loop {
            let sealed = self.catalog()?.sealed()?;
            let floor = Floor {
                next_offset: sealed.next_offset,
                next_rejected: sealed.next_rejected,
                last_appended_at: sealed.last_appended_at,
            };
            match Journal::read(&*self.backups.disk, dir, OnDamage::Refuse, floor, &mut |_| Ok(())) {
                Err(JournalError::Io { .. }) if attempt < ATTEMPTS_MAX => attempt += 1,
                outcome => return Ok(outcome?),
            }
        }
    }

    fn catalog(&self) -> Result<Catalog, BackupError> {
        Ok(Catalog::open_read_only(&self.backups.data_dir.join(CATALOG_FILE))?)
    }

    /// Copies the catalog as it is at one moment and the files that hold the tables then; returns its newest snapshot.
    fn catalog_and_history(&mut self, id: &str) -> Result<i64, BackupError> {
        let disk = &*self.backups.disk;
        let part = objects::scratch(self.location, id);
        drop(disk.remove(&part));
        self.catalog()?.copy_to(&part)?;
        let (bytes, crc32c) = checksum(disk, &part).map_err(|error| BackupError::io(&part, &error))?;
        let entry = Entry { path: CATALOG_FILE.to_owned(), bytes, crc32c };
        let copy = Catalog::open_read_only(&part)?;
        let snapshot = copy.snapshot_id()?;
        for table in [Table::Events, Table::RejectedEvents] {
            for file in copy.files(table)? {
                let path = format!("{LAKE_DIR}/{}/{}", table_dir(table), file.name);
                self.history_file(Entry { path, bytes: file.bytes, crc32c: file.crc32c })?;
            }
        }
        drop(copy);
        self.keep(&part, entry)?;
        Ok(snapshot)
    }

    fn history_file(&mut self, entry: Entry) -> Result<(), BackupError> {
        let disk = &*self.backups.disk;
        if objects::is_there(disk, self.location, &entry) {
            self.files.push(entry);
            return Ok(());
        }
        let from = self.backups.data_dir.join(&entry.path);
        let part = objects::scratch(self.location, &entry.path.replace('/', "-"));
        let crc32c = objects::copy(disk, &from, &part, entry.bytes, &self.backups.stopping)
            .map_err(|error| error.into_error(&from))?;
        if crc32c != entry.crc32c {
            return Err(BackupError::Damaged { path: from, reason: "its checksum is another".to_owned() });
        }
        self.keep(&part, entry)
    }

    fn keep(&mut self, part: &Path, entry: Entry) -> Result<(), BackupError> {
        objects::keep(&*self.backups.disk, self.location, part, &entry)?;
        self.copied.0 += 1;
        self.copied.1 += entry.bytes;
        self.files.push(entry);
        Ok(())
    }
}
