//! Files become objects whole or not at all, and what was read once is nearby.

use std::fmt;
use std::io::{ErrorKind, IoSlice};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::*;
use crate::disk::Disk;

/// A store in memory that can be taken away, and counts what is read from it.
#[derive(Debug, Default)]
struct Weak {
    inner: InMemory,
    is_down: AtomicBool,
    reads: AtomicU64,
}

impl Weak {
    fn check(&self) -> Result<()> {
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(Error::Generic { store: "weak", source: "no route to it".into() }),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Weak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("weak")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Weak {
    async fn put_opts(&self, key: &Key, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.check()?;
        self.inner.put_opts(key, payload, options).await
    }

    async fn put_multipart_opts(&self, key: &Key, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.check()?;
        self.inner.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> Result<GetResult> {
        self.check()?;
        self.reads.fetch_add(u64::from(!options.head), Ordering::SeqCst);
        self.inner.get_opts(key, options).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.check()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

struct Opened {
    store: Arc<Weak>,
    disk: ObjectDisk,
    dir: tempfile::TempDir,
}

fn opened(bytes_max: u64) -> Opened {
    let (store, dir) = (Arc::new(Weak::default()), tempfile::tempdir().unwrap());
    let disk = again(&store, dir.path(), bytes_max);
    Opened { store, disk, dir }
}

fn again(store: &Arc<Weak>, dir: &Path, bytes_max: u64) -> ObjectDisk {
    let Ok(Location::Store(address)) = Location::parse("s3://events/shop") else { panic!("an address") };
    let nearby = Nearby { dir: dir.to_owned(), bytes_max, free_bytes_min: 0 };
    ObjectDisk::over(Arc::clone(store) as Arc<dyn ObjectStore>, "here", &address, &nearby).unwrap()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

fn write(disk: &ObjectDisk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let (part, path) = (format!("{name}.part"), Path::new(name));
    let mut file = disk.create(Path::new(&part))?;
    if !bytes.is_empty() {
        file.write_all_at(&mut [IoSlice::new(bytes)], 0)?;
    }
    file.sync()?;
    disk.rename(Path::new(&part), path)
}

fn read(disk: &ObjectDisk, name: &str, from: usize, length: usize) -> io::Result<Vec<u8>> {
    let file = disk.open_read(Path::new(name))?;
    let mut out = vec![0; length];
    let filled = file.read_at(&mut out, from as u64)?;
    out.truncate(filled);
    Ok(out)
}

const NAME: &str = "s3://events/shop/events/1.parquet";

#[test]
fn a_file_is_an_object_once_it_has_its_name() {
    let Opened { store, disk, dir } = opened(64 << 20);
    let dir_of_table = Path::new("s3://events/shop/events");
    let part = Path::new("s3://events/shop/events/1.parquet.part");
    let mut file = disk.create(part).unwrap();
    file.write_all_at(&mut [IoSlice::new(b"half")], 0).unwrap();
    assert_eq!(disk.create(part).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(disk.list(dir_of_table).unwrap().is_empty(), "what is being written is no object");
    disk.remove(part).unwrap();
    assert_eq!(disk.remove(part).unwrap_err().kind(), ErrorKind::NotFound);

    // The last one is larger than a part of an upload and than a block.
    for length in [0, 1, 1 << 20, (1 << 20) + 1, (20 << 20) + 7] {
        let bytes = bytes(length);
        write(&disk, NAME, &bytes).unwrap();
        assert_eq!(disk.list(dir_of_table).unwrap(), ["1.parquet"]);
        for disk in [&disk, &again(&store, dir.path(), 0)] {
            assert_eq!(disk.open_read(Path::new(NAME)).unwrap().len().unwrap(), length as u64);
            assert_eq!(read(disk, NAME, 0, length + 10).unwrap(), bytes);
            let middle = length / 2;
            assert_eq!(read(disk, NAME, middle, 3_000_000).unwrap(), bytes[middle..length.min(middle + 3_000_000)]);
            assert!(read(disk, NAME, length, 5).unwrap().is_empty());
        }
        disk.remove(Path::new(NAME)).unwrap();
        assert!(disk.list(dir_of_table).unwrap().is_empty());
        assert_eq!(disk.open_read(Path::new(NAME)).unwrap_err().kind(), ErrorKind::NotFound);
        // Objects never change, so a name is used once; this test is the exception.
        drop(std::fs::remove_dir_all(dir.path().join("blocks")));
    }
    assert_eq!(std::fs::read_dir(dir.path().join("uploads")).unwrap().count(), 0, "nothing is left on this machine");
    assert!(disk.create(Path::new("s3://other/1.part")).is_err(), "another bucket");
}

#[test]
fn what_was_written_or_read_is_nearby_as_long_as_there_is_room() {
    let Opened { store, disk, dir } = opened(16 << 20);
    let bytes = bytes((3 << 20) + 5);
    let reads = || store.reads.swap(0, Ordering::SeqCst);
    write(&disk, NAME, &bytes).unwrap();
    assert_eq!(read(&disk, NAME, 0, bytes.len()).unwrap(), bytes);
    assert_eq!(reads(), 0, "what was just written is nearby");
    assert_eq!(disk.nearby_bytes(), bytes.len() as u64);

    let disk = again(&store, dir.path(), 16 << 20);
    assert_eq!(read(&disk, NAME, 1_000_000, 2_000_000).unwrap(), bytes[1_000_000..3_000_000]);
    assert_eq!(reads(), 0, "after a restart, too");
    assert_eq!(disk.open_kept(Path::new(NAME)).unwrap().read_at(&mut [0; 10], 0).unwrap(), 10);
    assert_eq!(reads(), 1, "whoever checks reads the object itself");

    // Room for two blocks of the four.
    let disk = again(&store, dir.path(), 2 << 20);
    assert!(disk.nearby_bytes() <= 2 << 20);
    for _ in 0..3 {
        assert_eq!(read(&disk, NAME, 0, bytes.len()).unwrap(), bytes);
        assert!(disk.nearby_bytes() <= 2 << 20);
    }
    assert!(reads() > 0);

    let elsewhere = tempfile::tempdir().unwrap();
    let disk = again(&store, elsewhere.path(), 16 << 20);
    let file = disk.open_read(Path::new(NAME)).unwrap();
    file.expect(&[0..10, (2 << 20)..(2 << 20) + 5, 5..9]);
    assert_eq!(reads(), 2, "two blocks, each once");
    assert_eq!(file.read_at(&mut [0; 9], 0).unwrap(), 9);
    assert_eq!(file.read_at(&mut [0; 5], 2 << 20).unwrap(), 5);
    assert_eq!(reads(), 0);
}

#[test]
fn a_store_that_is_away_has_no_half_object_and_says_so() {
    let Opened { store, disk, dir } = opened(16 << 20);
    write(&disk, NAME, b"before").unwrap();
    let later = "s3://events/shop/events/2.parquet";
    store.is_down.store(true, Ordering::SeqCst);
    let error = write(&disk, later, b"later").unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().starts_with(failure::MARK)),
        (ErrorKind::NotConnected, true),
        "{error}"
    );
    assert_eq!(read(&disk, NAME, 0, 6).unwrap(), b"before", "what is nearby can be read");
    assert!(read(&again(&store, tempfile::tempdir().unwrap().path(), 0), NAME, 0, 6).is_err());
    store.is_down.store(false, Ordering::SeqCst);
    disk.remove(Path::new("s3://events/shop/events/2.parquet.part")).unwrap();
    write(&disk, later, b"later").unwrap();
    assert_eq!(read(&again(&store, dir.path(), 0), later, 0, 9).unwrap(), b"later");
}

#[test]
fn a_secret_is_shown_by_nobody() {
    let credentials = Credentials::Key {
        id: "AKIA".to_owned(),
        secret: "hunter2".to_owned(),
        session_token: Some("t0ken".to_owned()),
    };
    let shown = format!("{:?}", ObjectOptions { credentials, ..ObjectOptions::default() });
    assert!(shown.contains("AKIA") && !shown.contains("hunter2") && !shown.contains("t0ken"), "{shown}");
}
