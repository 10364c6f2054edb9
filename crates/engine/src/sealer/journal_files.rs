//! Removes journal files whose every frame is sealed.

use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::Sealed;
use crate::disk::Disk;
use crate::journal::file_start;

/// Which journal files stay whatever is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// All: the journal is being read.
    All,
    /// The newest one: the journal may be writing to it.
    Newest,
    /// None: the journal is closed.
    None,
}

/// A journal file, and where the one after it begins: events and rejected events.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    /// Every frame of the file lies below; none for the newest file.
    end: Option<(u64, u64)>,
}

/// Returns the journal's files, oldest first.
pub(super) fn list(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<JournalFile>> {
    let mut found = Vec::new();
    for name in disk.list(dir)? {
        let path = dir.join(&name);
        if let Some(start) = file_start(disk, &path)? {
            found.push((start, path));
        }
    }
    found.sort_unstable();
    let starts: Vec<_> = found.iter().skip(1).map(|(start, _)| (start.base_offset, start.base_rejected)).collect();
    let ends = starts.into_iter().map(Some).chain([None]);
    Ok(found.into_iter().zip(ends).map(|((_, path), end)| JournalFile { path, end }).collect())
}

/// Removes those of the files that hold nothing unsealed, and returns how many.
pub(super) fn remove(
    disk: &dyn Disk,
    dir: &Path,
    files: &[JournalFile],
    sealed: Sealed,
    journal_end: (u64, u64),
    kept: Kept,
) -> io::Result<u64> {
    let mut removed = 0;
    for file in files {
        let end = match (file.end, kept) {
            (_, Kept::All) | (None, Kept::Newest) => break,
            (Some(end), _) => end,
            (None, Kept::None) => journal_end,
        };
        if end.0 > sealed.next_offset || end.1 > sealed.next_rejected {
            break;
        }
        disk.remove(&file.path)?;
        removed += 1;
    }
    if removed > 0 {
        disk.sync_dir(dir)?;
    }
    Ok(removed)
}
