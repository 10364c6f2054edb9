//! A bucket as a disk: files are written on this machine, and become objects when they get their names.

use std::hash::Hash;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use object_store::ObjectStore;
use object_store::path::Path as Key;
use parking_lot::Mutex;
use siphasher::sip128::{Hasher128, SipHasher13};

use super::cache::{BLOCK_BYTES, Cache};
use super::client::Client;
use super::file::{ObjectFile, Reads, keep};
use super::{Nearby, StoreAddress};
use crate::disk::{Disk, DiskFile, LocalDisk};

/// Folder of blocks, in that of what is nearby.
const BLOCKS_DIR: &str = "blocks";
/// Folder of files that are being written.
const UPLOADS_DIR: &str = "uploads";
/// What is called so is not finished, and so is no object.
const PART: &str = ".part";
/// A file that takes more than this share of the blocks is not kept when it is written.
const KEPT_SHARE: u64 = 4;

/// Files of this process that are being written have numbers.
static FILES_MADE: AtomicU64 = AtomicU64::new(0);

/// A bucket as a disk. Paths begin with `s3://<bucket>`.
#[derive(Debug)]
pub struct ObjectDisk {
    shared: Arc<Shared>,
    /// What paths begin with.
    root: PathBuf,
    /// Tells buckets of the same name apart.
    host: String,
    uploads: PathBuf,
    /// Files that are being written, and where they are on this machine.
    unfinished: Mutex<HashMap<PathBuf, PathBuf>>,
}

/// What open files have of the disk.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) cache: Option<Cache>,
    /// Lengths of objects that were listed or made; objects never change.
    lengths: Mutex<HashMap<Key, u64>>,
}

impl ObjectDisk {
    /// Makes a disk of a store. `host` tells buckets of the same name apart.
    ///
    /// # Errors
    /// When a folder on this machine can't be made, or threads can't be started.
    pub fn over(store: Arc<dyn ObjectStore>, host: &str, address: &StoreAddress, nearby: &Nearby) -> io::Result<Self> {
        let cache = match nearby.bytes_max {
            0 => None,
            bytes_max => {
                let dir = nearby.dir.join(BLOCKS_DIR);
                match Cache::open(Arc::new(LocalDisk), dir.clone(), bytes_max, nearby.free_bytes_min) {
                    Ok(cache) => Some(cache),
                    // Whoever only reads may have a folder that can not be written.
                    Err(error) => {
                        tracing::warn!(%error, dir = %dir.display(), "what is read from the store is fetched each time");
                        None
                    }
                }
            }
        };
        let shared = Shared { client: Client::new(store)?, cache, lengths: Mutex::default() };
        Ok(Self {
            shared: Arc::new(shared),
            root: PathBuf::from(format!("s3://{}", address.bucket)),
            host: host.to_owned(),
            uploads: nearby.dir.join(UPLOADS_DIR),
            unfinished: Mutex::default(),
        })
    }

    /// Returns the bytes of blocks that are held on this machine.
    #[must_use]
    pub fn nearby_bytes(&self) -> u64 {
        self.shared.cache.as_ref().map_or(0, Cache::bytes)
    }
}

impl ObjectDisk {
    fn key(&self, path: &Path) -> io::Result<Key> {
        let inside = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
        let inside = inside.ok_or_else(|| io::Error::other(format!("{} is not in this bucket", path.display())))?;
        Key::parse(inside).map_err(io::Error::other)
    }

    /// Returns what the blocks of an object are called: the same name in another bucket is another object.
    fn block_name(&self, key: &Key) -> String {
        let mut hasher = SipHasher13::new();
        (&self.host, &self.root, key.as_ref()).hash(&mut hasher);
        format!("{:032x}", hasher.finish128().as_u128())
    }

    /// Returns where a file is that is being written.
    fn unfinished(&self, path: &Path) -> Option<PathBuf> {
        self.unfinished.lock().get(path).cloned()
    }

    fn open_object(&self, path: &Path, reads: Reads) -> io::Result<Box<dyn DiskFile>> {
        if let Some(local) = self.unfinished(path) {
            return LocalDisk.open_read(&local);
        }
        let key = self.key(path)?;
        let known = self.shared.lengths.lock().get(&key).copied();
        let length = match known.filter(|_| reads == Reads::Blocks) {
            Some(length) => length,
            None => self.shared.client.length(&key)?,
        };
        self.shared.lengths.lock().insert(key.clone(), length);
        let name = self.block_name(&key);
        Ok(Box::new(ObjectFile { shared: Arc::clone(&self.shared), key, name, length, reads }))
    }

    /// Keeps what was just written: it is what is asked for most.
    fn keep_nearby(&self, local: &Path, length: u64, key: &Key) -> io::Result<()> {
        let Some(cache) = self.shared.cache.as_ref().filter(|cache| length <= cache.bytes_max() / KEPT_SHARE) else {
            return Ok(());
        };
        let (file, name) = (LocalDisk.open_read(local)?, self.block_name(key));
        let mut block = vec![0; usize::try_from(BLOCK_BYTES.min(length)).unwrap_or(usize::MAX)];
        let mut at = 0;
        while at < length {
            let read = file.read_at(&mut block, at)?;
            if read == 0 {
                break;
            }
            keep(cache, &name, at, &block[..read]);
            at += read as u64;
        }
        Ok(())
    }

    /// Removes what processes left that ended while they wrote. Only one process at a time writes here.
    fn remove_left(&self) -> io::Result<()> {
        let ours = own_prefix();
        for name in LocalDisk.list(&self.uploads)?.into_iter().filter(|name| !name.starts_with(&ours)) {
            drop(LocalDisk.remove(&self.uploads.join(name)));
        }
        Ok(())
    }
}

fn own_prefix() -> String {
    format!("{}-", std::process::id())
}

impl Disk for ObjectDisk {
    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        // Names of objects have slashes and no folders.
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.key(path)?;
        if self.unfinished(path).is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        LocalDisk.create_dir_all(&self.uploads)?;
        self.remove_left()?;
        let number = FILES_MADE.fetch_add(1, Ordering::Relaxed);
        let local = self.uploads.join(format!("{}{number}{PART}", own_prefix()));
        // Left by a process of the same number.
        drop(LocalDisk.remove(&local));
        let file = LocalDisk.create(&local)?;
        self.unfinished.lock().insert(path.to_owned(), local);
        Ok(file)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        match self.unfinished(path) {
            Some(local) => LocalDisk.open(&local),
            None => Err(ErrorKind::PermissionDenied.into()),
        }
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open_object(path, Reads::Blocks)
    }

    fn open_kept(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open_object(path, Reads::Object)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let dir = self.key(dir)?;
        let found = self.shared.client.list(dir.clone())?;
        let mut lengths = self.shared.lengths.lock();
        lengths.retain(|key, _| key.prefix_match(&dir).is_none());
        let named = found.into_iter().map(|(name, length)| {
            lengths.insert(dir.clone().join(name.as_str()), length);
            name
        });
        let mut names: Vec<String> = named.collect();
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let key = self.key(to)?;
        let local = self.unfinished(from).ok_or(ErrorKind::NotFound)?;
        let file = LocalDisk.open_read(&local)?;
        let length = file.len()?;
        self.shared.client.upload(file, length, &key)?;
        self.shared.lengths.lock().insert(key.clone(), length);
        if let Err(error) = self.keep_nearby(&local, length, &key) {
            tracing::debug!(%error, object = %key, "a new file is not kept nearby");
        }
        self.unfinished.lock().remove(from);
        // What is left is removed by the next process.
        drop(LocalDisk.remove(&local));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let unfinished = self.unfinished.lock().remove(path);
        if let Some(local) = unfinished {
            return LocalDisk.remove(&local);
        }
        if path.to_string_lossy().ends_with(PART) {
            return Err(ErrorKind::NotFound.into());
        }
        let key = self.key(path)?;
        self.shared.client.remove(&key)?;
        self.shared.lengths.lock().remove(&key);
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        // An object has its name for good once the store says that it is there.
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn is_remote(&self) -> bool {
        true
    }
}
