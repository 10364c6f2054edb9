//! `LOCK`: at most one process writes to a data folder, and others can read who it is.
//!
//! The system's own lock on the file decides; what is written in it only informs. So a file left by a process that was
//! killed locks nobody out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::path::Path;

use parking_lot::Mutex;

use super::options::OpenError;

const LOCK_FILE: &str = "LOCK";

/// Who holds a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    pub pid: u32,
    /// Base address of the gateway, such as `http://127.0.0.1:8005`; empty while the server starts.
    pub address: String,
}

/// A folder that this process may write to.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: Mutex<Option<File>>,
}

impl FolderLock {
    pub(crate) fn take(dir: &Path, address: &str) -> Result<Self, OpenError> {
        let failed = |error: &io::Error| OpenError::io(dir, error);
        std::fs::create_dir_all(dir).map_err(|error| failed(&error))?;
        let path = dir.join(LOCK_FILE);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(|error| OpenError::io(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = parse(&std::fs::read_to_string(&path).unwrap_or_default());
                let LockHolder { pid, address } = holder.unwrap_or(LockHolder { pid: 0, address: String::new() });
                return Err(OpenError::Locked { pid, address });
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::io(&path, &error)),
        }
        let lock = Self { file: Mutex::new(Some(file)) };
        lock.set_address(address).map_err(|error| failed(&error))?;
        Ok(lock)
    }

    pub(crate) fn set_address(&self, address: &str) -> io::Result<()> {
        let mut file = self.file.lock();
        let Some(file) = file.as_mut() else { return Ok(()) };
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(format!("{}\n{address}\n", std::process::id()).as_bytes())
    }

    pub(crate) fn release(&self) {
        if let Some(file) = self.file.lock().take() {
            // Emptied first: whoever reads it after this finds nobody.
            drop(file.set_len(0));
        }
    }
}

fn parse(text: &str) -> Option<LockHolder> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    Some(LockHolder { pid, address: lines.next().unwrap_or_default().trim().to_owned() })
}

/// Returns who holds a folder right now, if anybody does.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a lock is the system's, not the simulated disk's")]
pub fn read_lock(dir: &Path) -> Option<LockHolder> {
    let path = dir.join(LOCK_FILE);
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => parse(&std::fs::read_to_string(&path).ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once_and_free_after_release() {
        let dir = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(dir.path(), "http://127.0.0.1:1").unwrap();
        let holder = LockHolder { pid: std::process::id(), address: "http://127.0.0.1:1".to_owned() };
        assert_eq!(read_lock(dir.path()), Some(holder));
        assert!(
            matches!(FolderLock::take(dir.path(), ""), Err(OpenError::Locked { pid, .. }) if pid == std::process::id())
        );
        lock.release();
        assert_eq!(read_lock(dir.path()), None);
        FolderLock::take(dir.path(), "").unwrap();
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "plays the dead process")]
    fn a_file_left_by_a_dead_process_locks_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(LOCK_FILE), "1\nhttp://127.0.0.1:1\n").unwrap();
        assert_eq!(read_lock(dir.path()), None);
        FolderLock::take(dir.path(), "").unwrap();
    }
}
