//! The bytes of backed-up files, under names made of their checksums; each is written once.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::manifest::Entry;
use super::{BackupError, Manifest};
use crate::disk::{Disk, Folder};

const OBJECTS_DIR: &str = "objects";
const PART: &str = ".part";
/// Bytes that are copied at a time.
const COPY_BYTES: usize = 1 << 20;
/// Bytes that one request to another machine asks for.
const COPY_BYTES_REMOTE: usize = 8 << 20;

/// Returns where the bytes of a file are.
pub(super) fn path(location: &Path, file: &Entry) -> PathBuf {
    location.join(OBJECTS_DIR).join(name(file))
}

fn name(file: &Entry) -> String {
    format!("{:08x}-{}-{}", file.crc32c, file.bytes, file.path.replace('/', "-"))
}

/// Makes the folders, and looks what is in them: a store then knows each length without being asked again.
pub(super) fn prepare(place: &Folder) -> Result<(), BackupError> {
    let (disk, location) = (&*place.disk, place.path.as_path());
    let dir = location.join(OBJECTS_DIR);
    disk.create_dir_all(&dir).map_err(|error| BackupError::io(&dir, &error))?;
    for folder in [dir.as_path(), location].into_iter().chain(location.parent()) {
        disk.sync_dir(folder).map_err(|error| BackupError::io(folder, &error))?;
    }
    disk.list(&dir).map(drop).map_err(|error| BackupError::io(&dir, &error))
}

/// Returns a path for a file that is made here before it has its name.
pub(super) fn scratch(location: &Path, name: &str) -> PathBuf {
    location.join(OBJECTS_DIR).join(format!("{name}{PART}"))
}

/// Returns whether the object is there already, by its name and length.
pub(super) fn is_there(disk: &dyn Disk, location: &Path, file: &Entry) -> bool {
    let found = disk.open_read(&path(location, file)).and_then(|object| object.len());
    found.is_ok_and(|bytes| bytes == file.bytes)
}

/// Gives a finished file its name, durably.
pub(super) fn keep(disk: &dyn Disk, location: &Path, from: &Path, file: &Entry) -> Result<(), BackupError> {
    let to = path(location, file);
    let keep = || {
        disk.open(from)?.sync()?;
        disk.rename(from, &to)?;
        disk.sync_dir(&location.join(OBJECTS_DIR))
    };
    keep().map_err(|error| BackupError::io(&to, &error))
}

/// Copies the first bytes of a file and makes them durable; returns their checksum. `bytes` more than there are is an
/// error.
pub(super) fn copy(
    (source, from): (&dyn Disk, &Path),
    (target, to): (&dyn Disk, &Path),
    bytes: u64,
    stopping: &AtomicBool,
) -> Result<u32, CopyError> {
    // Left by an attempt that failed.
    drop(target.remove(to));
    let read = |error| CopyError::Read(error);
    let write = |error| CopyError::Write(BackupError::io(to, &error));
    let mut buffer = vec![0; if source.is_remote() { COPY_BYTES_REMOTE } else { COPY_BYTES }];
    let source = source.open_kept(from).map_err(read)?;
    let mut target = target.create(to).map_err(write)?;
    let (mut at, mut crc) = (0, 0);
    while at < bytes {
        if stopping.load(Ordering::Acquire) {
            return Err(CopyError::Write(BackupError::Stopped));
        }
        let wanted = usize::try_from(bytes - at).unwrap_or(usize::MAX).min(buffer.len());
        let count = source.read_at(&mut buffer[..wanted], at).map_err(read)?;
        if count < wanted {
            return Err(CopyError::Read(io::ErrorKind::UnexpectedEof.into()));
        }
        crc = crc32c::crc32c_append(crc, &buffer[..count]);
        target.write_all_at(&mut [IoSlice::new(&buffer[..count])], at).map_err(write)?;
        at += count as u64;
    }
    target.sync().map_err(write)?;
    Ok(crc)
}

/// Why a file was not copied.
#[derive(Debug)]
pub(super) enum CopyError {
    Read(io::Error),
    Write(BackupError),
}

impl CopyError {
    pub(super) fn into_error(self, from: &Path) -> BackupError {
        match self {
            Self::Read(error) => BackupError::io(from, &error),
            Self::Write(error) => error,
        }
    }
}

/// Reads a small file whole.
pub(super) fn read(disk: &dyn Disk, path: &Path, bytes_max: u64) -> Result<Vec<u8>, BackupError> {
    let read = || {
        let file = disk.open_read(path)?;
        let length = file.len()?;
        if length > bytes_max {
            return Err(io::Error::other(format!("it has {length} bytes")));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let filled = file.read_at(&mut bytes, 0)?;
        bytes.truncate(filled);
        Ok(bytes)
    };
    read().map_err(|error| BackupError::io(path, &error))
}

/// Removes the objects that none of the backups names.
pub(super) fn sweep(disk: &dyn Disk, location: &Path, kept: &[Manifest]) -> Result<(), BackupError> {
    let dir = location.join(OBJECTS_DIR);
    let named: std::collections::BTreeSet<String> =
        kept.iter().flat_map(|manifest| manifest.files.iter().map(name)).collect();
    let sweep = || {
        for object in disk.list(&dir)?.into_iter().filter(|object| !named.contains(object)) {
            disk.remove(&dir.join(object))?;
        }
        disk.sync_dir(&dir)
    };
    sweep().map_err(|error| BackupError::io(&dir, &error))
}
