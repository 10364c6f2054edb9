//! The door to the file system: everything that must survive a crash goes through it, so that simulation can break it.

use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod local;

pub use local::LocalDisk;

/// A file system, real or simulated.
///
/// A name is durable only after `sync_dir` of its folder, bytes only after `sync` of their file.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Makes a folder and its parents; an existing one is fine.
    ///
    /// # Errors
    /// When the file system refuses.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Makes a new empty file, open for reading and writing.
    ///
    /// # Errors
    /// When it exists or the file system refuses.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// When it does not exist or the file system refuses.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading.
    ///
    /// # Errors
    /// When it does not exist or the file system refuses.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading where it is kept for good, past copies that are held nearer.
    ///
    /// # Errors
    /// As [`Disk::open_read`].
    fn open_kept(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open_read(path)
    }

    /// Returns the names of a folder's files, sorted.
    ///
    /// # Errors
    /// When the folder does not exist or the file system refuses.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Gives a file another name in the same file system, replacing what had it.
    ///
    /// # Errors
    /// When the file system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When it does not exist or the file system refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// When the device fails.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Returns the bytes that an unprivileged user may still write to the file system of `path`.
    ///
    /// # Errors
    /// When the file system does not say.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;

    /// Returns whether files are kept by another machine. There a write that failed may take effect later, so that a name
    /// is to be used once; other programs may use the same place; and an answer takes its time.
    fn is_remote(&self) -> bool {
        false
    }
}

/// A folder, and the disk that it is on.
#[derive(Debug, Clone)]
pub struct Folder {
    pub disk: Arc<dyn Disk>,
    pub path: PathBuf,
}

impl Folder {
    /// Returns a folder of this machine's own file system.
    #[must_use]
    pub fn local(path: impl Into<PathBuf>) -> Self {
        Self { disk: Arc::new(LocalDisk), path: path.into() }
    }
}

/// An open file of a [`Disk`].
#[expect(clippy::len_without_is_empty, reason = "nobody asks whether a file is empty")]
pub trait DiskFile: Debug + Send + Sync {
    /// Writes all slices one after the other from `offset`. After an error any part of them may have been written.
    ///
    /// # Errors
    /// When the file system is full, read-only or failing.
    fn write_all_at(&mut self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()>;

    /// Fills `buffer` from `offset` and returns how much there was; less than asked only at the end of the file.
    ///
    /// # Errors
    /// When the device fails.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Says what will be read soon, for files whose bytes take their time to come. What can't be had is found out by
    /// reading it.
    fn expect(&self, ranges: &[Range<u64>]) {
        _ = ranges;
    }

    /// Makes the bytes written so far, and the length, durable.
    ///
    /// # Errors
    /// When the device fails. What was written since the last success may or may not be durable, and a second call would
    /// lie about it: the caller must not write to this file again.
    fn sync(&mut self) -> io::Result<()>;

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// When the device fails.
    fn len(&self) -> io::Result<u64>;

    /// Cuts or zero-extends the file to `length` bytes.
    ///
    /// # Errors
    /// When the file system refuses.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
}
