//! Blocks of objects on this machine's disk, as many as fit; those that were not read for the longest time go first.
//!
//! ```text
//! <name>-<number>     the bytes of a block, then their CRC-32C (u32 LE)
//! ```
//!
//! Nothing is synced: a block that does not check out is fetched again. Whatever fails here costs time and nothing else.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::disk::Disk;

/// Bytes of a block, but for the last of an object: small enough that little is fetched in vain, large enough that a
/// request is worth it.
pub(super) const BLOCK_BYTES: u64 = 1 << 20;
const CHECKSUM_BYTES: usize = 4;
const PART: &str = ".part";

/// Blocks of objects on this machine's disk.
#[derive(Debug)]
pub(super) struct Cache {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    bytes_max: u64,
    free_bytes_min: u64,
    blocks: Mutex<Blocks>,
    parts_made: AtomicU64,
    has_complained: AtomicBool,
}

#[derive(Debug, Default)]
struct Blocks {
    by_name: HashMap<String, Block>,
    /// Names by when they were last used.
    by_use: BTreeMap<u64, String>,
    bytes: u64,
    uses: u64,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    bytes: u64,
    used: u64,
    /// Written or looked at by this process.
    is_checked: bool,
}

impl Cache {
    /// Opens the folder with the blocks that are in it.
    pub(super) fn open(disk: Arc<dyn Disk>, dir: PathBuf, bytes_max: u64, free_bytes_min: u64) -> io::Result<Self> {
        disk.create_dir_all(&dir)?;
        let mut blocks = Blocks::default();
        for name in disk.list(&dir)? {
            if name.ends_with(PART) {
                // Another process may be writing it, or have written it meanwhile.
                continue;
            }
            let length = disk.open_read(&dir.join(&name)).and_then(|file| file.len()).unwrap_or(0);
            blocks.insert(name, length.saturating_sub(CHECKSUM_BYTES as u64), false);
        }
        let cache = Self {
            disk,
            dir,
            bytes_max,
            free_bytes_min,
            blocks: Mutex::new(blocks),
            parts_made: AtomicU64::new(0),
            has_complained: AtomicBool::new(false),
        };
        cache.make_room();
        Ok(cache)
    }

    /// Returns the bytes of all blocks.
    pub(super) fn bytes(&self) -> u64 {
        self.blocks.lock().bytes
    }

    /// Returns how many there may be.
    pub(super) const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.blocks.lock().by_name.contains_key(name)
    }

    /// Fills `out` from the byte `at` of a block; false if it is not there.
    pub(super) fn read(&self, name: &str, at: u64, out: &mut [u8]) -> bool {
        let Some(block) = self.blocks.lock().touch(name) else { return false };
        let read = || -> io::Result<bool> {
            let file = self.disk.open_read(&self.dir.join(name))?;
            if block.is_checked {
                let fits = at + out.len() as u64 <= block.bytes;
                return Ok(fits && file.read_at(out, at)? == out.len());
            }
            let mut whole = vec![0; usize::try_from(block.bytes).unwrap_or(usize::MAX) + CHECKSUM_BYTES];
            let length = file.read_at(&mut whole, 0)?;
            let from = usize::try_from(at).unwrap_or(usize::MAX);
            let Some(bytes) = checked(&whole[..length]) else { return Ok(false) };
            let Some(bytes) = bytes.get(from..).and_then(|bytes| bytes.get(..out.len())) else { return Ok(false) };
            out.copy_from_slice(bytes);
            self.blocks.lock().check(name);
            Ok(true)
        };
        let is_read = { read }().unwrap_or(false);
        if !is_read {
            self.forget(name);
        }
        is_read
    }

    /// Keeps a block, if there is room.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) {
        if bytes.len() as u64 > self.bytes_max {
            return;
        }
        match self.write(name, bytes) {
            Ok(true) => {
                self.blocks.lock().insert(name.to_owned(), bytes.len() as u64, true);
                self.make_room();
            }
            Ok(false) => {}
            Err(error) if self.has_complained.swap(true, Ordering::Relaxed) => {
                tracing::debug!(%error, "a block is not kept");
            }
            Err(error) => {
                let dir = self.dir.display();
                tracing::warn!(%error, %dir, "what is read from the store can not be kept; it is fetched each time");
            }
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<bool> {
        if self.disk.free_bytes(&self.dir)? < self.free_bytes_min.saturating_add(bytes.len() as u64) {
            return Ok(false);
        }
        let number = self.parts_made.fetch_add(1, Ordering::Relaxed);
        let part = self.dir.join(format!("{name}-{}-{number}{PART}", std::process::id()));
        // Left by a process of the same number.
        drop(self.disk.remove(&part));
        let write = || {
            let mut file = self.disk.create(&part)?;
            let checksum = crc32c::crc32c(bytes).to_le_bytes();
            file.write_all_at(&mut [IoSlice::new(bytes), IoSlice::new(&checksum)], 0)?;
            self.disk.rename(&part, &self.dir.join(name))
        };
        let written = write();
        if written.is_err() {
            drop(self.disk.remove(&part));
        }
        written.map(|()| true)
    }

    /// Drops the blocks that were not used for the longest time while there are too many bytes.
    fn make_room(&self) {
        let mut gone = Vec::new();
        {
            let mut blocks = self.blocks.lock();
            while blocks.bytes > self.bytes_max {
                let Some(name) = blocks.by_use.first_key_value().map(|(_, name)| name.clone()) else { break };
                blocks.remove(&name);
                gone.push(name);
            }
        }
        for name in gone {
            // If it stays, the next start finds it.
            drop(self.disk.remove(&self.dir.join(name)));
        }
    }

    fn forget(&self, name: &str) {
        self.blocks.lock().remove(name);
        drop(self.disk.remove(&self.dir.join(name)));
    }
}

impl Blocks {
    fn insert(&mut self, name: String, bytes: u64, is_checked: bool) {
        self.remove(&name);
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, name.clone());
        self.by_name.insert(name, Block { bytes, used: self.uses, is_checked });
    }

    fn touch(&mut self, name: &str) -> Option<Block> {
        let block = self.by_name.get_mut(name)?;
        self.uses += 1;
        let name = self.by_use.remove(&block.used)?;
        block.used = self.uses;
        self.by_use.insert(self.uses, name);
        Some(*block)
    }

    fn check(&mut self, name: &str) {
        if let Some(block) = self.by_name.get_mut(name) {
            block.is_checked = true;
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(block) = self.by_name.remove(name) {
            self.by_use.remove(&block.used);
            self.bytes -= block.bytes;
        }
    }
}

/// Returns the bytes of a block if they are what was written.
fn checked(whole: &[u8]) -> Option<&[u8]> {
    let (bytes, checksum) = whole.split_at(whole.len().checked_sub(CHECKSUM_BYTES)?);
    (crc32c::crc32c(bytes).to_le_bytes() == checksum).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::LocalDisk;

    fn opened(dir: &tempfile::TempDir, bytes_max: u64) -> Cache {
        Cache::open(Arc::new(LocalDisk), dir.path().to_owned(), bytes_max, 0).unwrap()
    }

    fn read(cache: &Cache, name: &str, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut out = vec![0; length];
        cache.read(name, at, &mut out).then_some(out)
    }

    #[test]
    fn the_blocks_that_were_used_last_stay() {
        let dir = tempfile::tempdir().unwrap();
        let cache = opened(&dir, 30);
        for name in ["a", "b", "c"] {
            cache.keep(name, name.repeat(10).as_bytes());
        }
        assert_eq!(read(&cache, "a", 2, 3), Some(b"aaa".to_vec()));
        cache.keep("d", &[0; 10]);
        assert_eq!((read(&cache, "b", 0, 1), cache.bytes()), (None, 30));
        assert!(cache.has("a") && cache.has("c") && cache.has("d"));
        cache.keep("huge", &[0; 31]);
        assert!(!cache.has("huge") && cache.has("a"));
        assert_eq!(read(&cache, "a", 8, 3), None, "beyond its end");
        drop(cache);
        let cache = opened(&dir, 10);
        assert_eq!(cache.bytes(), 10, "a smaller bound holds from the start");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "plays the disk that loses a bit")]
    fn a_block_that_changed_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        opened(&dir, 100).keep("a", b"0123456789");
        let cache = opened(&dir, 100);
        assert_eq!(read(&cache, "a", 3, 4), Some(b"3456".to_vec()), "after a restart");
        drop(cache);
        let path = dir.path().join("a");
        for at in 0..14 {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            let cache = opened(&dir, 100);
            assert_eq!(read(&cache, "a", 0, 1), None, "byte {at}");
            assert!(!cache.has("a"));
            cache.keep("a", b"0123456789");
        }
        std::fs::write(&path, b"012").unwrap();
        assert_eq!(read(&opened(&dir, 100), "a", 0, 1), None, "shorter than a checksum");
    }

    #[test]
    fn without_room_on_the_disk_nothing_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(Arc::new(LocalDisk), dir.path().to_owned(), 100, u64::MAX - 100).unwrap();
        cache.keep("a", b"0123");
        assert!(!cache.has("a"));
    }
}
