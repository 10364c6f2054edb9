//! Whether everything on disk is what was written: the rows of the catalog, the bytes of every file of history, the frames
//! of the journal. Says what is affected, and repairs nothing.

use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, CatalogError, DataFile, table_dir};
use crate::clock::Micros;
use crate::disk::{Disk, DiskFile, Folder};
use crate::journal::{Floor, Journal, JournalError, OnDamage};
use crate::segment::Table;

/// Bytes that are read at a time.
const READ_BYTES: usize = 1 << 20;
/// Bytes that one request to another machine asks for.
const READ_BYTES_REMOTE: usize = 8 << 20;
/// A file of the journal may go while it is being looked at, because it was sealed. Then all are looked at again, this often.
const ATTEMPTS_MAX: usize = 5;

/// What was looked at and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Groups of rows of the catalog.
    pub catalog_groups: u64,
    /// Files of history.
    pub files: u64,
    pub file_bytes: u64,
    pub journal_files: u64,
    pub journal_bytes: u64,
    /// Bytes at the end of the newest file that are no whole group. Nothing of it was acknowledged, if the machine stopped
    /// while it was being written.
    pub journal_torn_bytes: u64,
    pub faults: Vec<Fault>,
}

/// Something that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub part: Part,
    /// File or rows.
    pub name: String,
    pub reason: String,
    /// First and last offset of the events that may be affected (of rejected events, their numbers).
    pub offsets: Option<(u64, u64)>,
    /// First and last time of these.
    pub times: Option<(Micros, Micros)>,
}

/// Where a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Catalog,
    Segment,
    Journal,
}

/// Why nothing could be looked at.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// That a store can't be asked says nothing of what is in it.
    #[error("{}: {reason}", path.display())]
    Store { path: PathBuf, reason: String },
}

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    pub catalog: &'a Path,
    pub lake: &'a Folder,
    pub journal: &'a Path,
}

/// Looks at everything; `disk` is that of catalog and journal. `acknowledged` is where the journal has to reach: the offset
/// after the last acknowledged event, and the number after the last rejected one.
///
/// # Errors
/// When the catalog or the journal can't be read at all.
pub fn verify(disk: &dyn Disk, places: Places<'_>, acknowledged: (u64, u64)) -> Result<VerifyReport, VerifyError> {
    let mut report = VerifyReport::default();
    let mut floor = Floor::default();
    if is_there(disk, places.catalog) {
        let catalog = Catalog::open_read_only(places.catalog)?;
        verify_catalog(&catalog, &mut report)?;
        for table in [Table::Events, Table::RejectedEvents] {
            for file in catalog.files(table)?.iter().chain(&catalog.ended_files(table)?) {
                verify_file(&catalog, places.lake, table, file, &mut report)?;
            }
        }
        floor = floor_of(&catalog)?;
    }
    for attempt in 1.. {
        match verify_journal(disk, places.journal, floor, acknowledged) {
            Err(JournalError::Io { .. }) if attempt < ATTEMPTS_MAX && is_there(disk, places.catalog) => {
                floor = floor_of(&Catalog::open_read_only(places.catalog)?)?;
            }
            Err(error) => return Err(error.into()),
            Ok(found) => {
                report.journal_files = found.journal_files;
                report.journal_bytes = found.journal_bytes;
                report.journal_torn_bytes = found.journal_torn_bytes;
                report.faults.extend(found.faults);
                break;
            }
        }
    }
    Ok(report)
}

fn is_there(disk: &dyn Disk, path: &Path) -> bool {
    disk.open_read(path).is_ok()
}

fn floor_of(catalog: &Catalog) -> Result<Floor, CatalogError> {
    let sealed = catalog.sealed()?;
    Ok(Floor {
        next_offset: sealed.next_offset,
        next_rejected: sealed.next_rejected,
        last_appended_at: sealed.last_appended_at,
    })
}

fn verify_catalog(catalog: &Catalog, report: &mut VerifyReport) -> Result<(), CatalogError> {
    let (changed, groups) = catalog.check()?;
    report.catalog_groups = groups;
    let mut files = Vec::new();
    for table in [Table::Events, Table::RejectedEvents] {
        files.extend(catalog.files(table)?);
        files.extend(catalog.ended_files(table)?);
    }
    for rows in changed {
        let file = rows.file.and_then(|id| files.iter().find(|file| file.id == id));
        report.faults.push(Fault {
            part: Part::Catalog,
            name: rows.what,
            reason: "not what was written".to_owned(),
            offsets: file.map(offsets),
            times: file.map(|file| file.timestamp),
        });
    }
    Ok(())
}

fn offsets(file: &DataFile) -> (u64, u64) {
    (file.offset.0.unsigned_abs(), file.offset.1.unsigned_abs())
}

fn verify_file(
    catalog: &Catalog,
    lake: &Folder,
    table: Table,
    file: &DataFile,
    report: &mut VerifyReport,
) -> Result<(), VerifyError> {
    let name = format!("{}/{}", table_dir(table), file.name);
    let path = lake.path.join(&name);
    let reason = match checksum(&*lake.disk, &path) {
        Ok((bytes, _)) if bytes != file.bytes => Some(format!("{bytes} bytes where there should be {}", file.bytes)),
        Ok((_, crc)) if crc != file.crc32c => Some("its checksum is another".to_owned()),
        Ok(_) => None,
        // It may have been replaced and deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named(catalog, table, file)? => return Ok(()),
        Err(error) if lake.disk.is_remote() && error.kind() != io::ErrorKind::NotFound => {
            return Err(VerifyError::Store { path, reason: error.to_string() });
        }
        Err(error) => Some(format!("it can not be read: {error}")),
    };
    report.files += 1;
    report.file_bytes += file.bytes;
    if let Some(reason) = reason {
        let (offsets, times) = (Some(offsets(file)), Some(file.timestamp));
        report.faults.push(Fault { part: Part::Segment, name, reason, offsets, times });
    }
    Ok(())
}

fn is_named(catalog: &Catalog, table: Table, file: &DataFile) -> Result<bool, CatalogError> {
    Ok(catalog.names(table)?.contains(&file.name))
}

/// Returns the length and the checksum of a file.
///
/// # Errors
/// When it can't be read.
pub fn checksum(disk: &dyn Disk, path: &Path) -> io::Result<(u64, u32)> {
    let file = disk.open_kept(path)?;
    let (mut at, mut crc) = (0, 0);
    let mut buffer = vec![0; if disk.is_remote() { READ_BYTES_REMOTE } else { READ_BYTES }];
    loop {
        let read = file.read_at(&mut buffer, at)?;
        crc = crc32c::crc32c_append(crc, &buffer[..read]);
        at += read as u64;
        if read < buffer.len() {
            return Ok((at, crc));
        }
    }
}

fn verify_journal(
    disk: &dyn Disk,
    dir: &Path,
    floor: Floor,
    acknowledged: (u64, u64),
) -> Result<VerifyReport, JournalError> {
    let found = Journal::read(disk, dir, OnDamage::Skip, floor, &mut |_| Ok(()))?;
    let mut report = VerifyReport { journal_torn_bytes: found.torn_bytes, ..VerifyReport::default() };
    let named = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for damage in &found.damages {
        report.faults.push(Fault {
            part: Part::Journal,
            name: named(&damage.path),
            reason: format!("what begins at byte {} does not check out", damage.at),
            offsets: (damage.offsets.1 > damage.offsets.0).then(|| (damage.offsets.0, damage.offsets.1 - 1)),
            times: None,
        });
    }
    let newest = found.files.last().map(|file| named(&file.path)).unwrap_or_default();
    let short = |what: &str, end: u64, expected: u64| Fault {
        part: Part::Journal,
        name: newest.clone(),
        reason: format!("{what} are missing at its end"),
        offsets: Some((end, expected - 1)),
        times: None,
    };
    if found.next_offset < acknowledged.0 {
        report.faults.push(short("acknowledged events", found.next_offset, acknowledged.0));
    }
    if found.next_rejected < acknowledged.1 {
        report.faults.push(short("rejected events", found.next_rejected, acknowledged.1));
    }
    for (nth, file) in found.files.iter().enumerate() {
        report.journal_files += 1;
        report.journal_bytes += file.bytes;
        // The newest may be written to right now.
        let is_newest = nth + 1 == found.files.len();
        let is_known = found.damages.iter().any(|damage| damage.path == file.path);
        if !is_newest && !is_known && !is_zero_from(disk, &file.path, file.bytes) {
            report.faults.push(Fault {
                part: Part::Journal,
                name: named(&file.path),
                reason: format!("what follows its last frame, from byte {} on, does not check out", file.bytes),
                offsets: None,
                times: None,
            });
        }
    }
    Ok(report)
}

/// Returns whether nothing but zeros follows; a file that is gone was sealed.
fn is_zero_from(disk: &dyn Disk, path: &Path, mut at: u64) -> bool {
    let Ok(file) = disk.open_read(path) else { return true };
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let Ok(read) = DiskFile::read_at(&*file, &mut buffer, at) else { return false };
        if buffer[..read].iter().any(|byte| *byte != 0) {
            return false;
        }
        at += read as u64;
        if read < buffer.len() {
            return true;
        }
    }
}
