//! Asks a store and waits for its answer, from threads that may wait.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart};
use tokio::runtime::Runtime;

use super::{Credentials, ObjectOptions, StoreAddress, failure};
use crate::disk::DiskFile;

/// Threads that wait for the network; they compute little.
const THREADS: usize = 2;
/// Requests for parts of one file that run at the same time.
const REQUESTS_MAX: usize = 8;
/// A file up to this size goes up in one request, a larger one in parts of it.
const PART_BYTES: usize = 8 << 20;
/// Parts of one file that are on their way at the same time.
const PARTS_MAX: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a request that failed in passing is made again.
const RETRIES_MAX: usize = 4;
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Returns a bucket of a store that speaks S3.
///
/// # Errors
/// When the options make no sense.
pub(super) fn amazon(address: &StoreAddress, options: &ObjectOptions) -> io::Result<Arc<dyn ObjectStore>> {
    let retries = RetryConfig {
        backoff: BackoffConfig { init_backoff: PAUSE_FIRST, max_backoff: PAUSE_MAX, base: 2.0 },
        max_retries: RETRIES_MAX,
        retry_timeout: options.timeout,
    };
    let plain = options.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let client = ClientOptions::new()
        .with_timeout(options.timeout)
        .with_connect_timeout(CONNECT_TIMEOUT.min(options.timeout))
        .with_allow_http(plain);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&address.bucket)
        .with_region(&options.region)
        .with_virtual_hosted_style_request(options.virtual_hosted)
        .with_client_options(client)
        .with_retry(retries);
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    builder = match &options.credentials {
        Credentials::OfMachine => builder,
        Credentials::Key { id, secret, session_token } => {
            let builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            match session_token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
        Credentials::WebIdentity { token_file, role } => builder
            .with_config(AmazonS3ConfigKey::WebIdentityTokenFile, token_file)
            .with_config(AmazonS3ConfigKey::RoleArn, role),
    };
    let store = builder.build().map_err(|error| io::Error::other(format!("storage.s3: {error}")))?;
    Ok(Arc::new(store))
}

/// A store, and the threads that talk to it.
pub(super) struct Client {
    store: Arc<dyn ObjectStore>,
    /// None once it is dropped.
    runtime: Option<Runtime>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.store.to_string()).finish()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last handle may be dropped where nobody may wait.
            runtime.shutdown_background();
        }
    }
}

impl Client {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> io::Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(THREADS).thread_name("object-store").enable_all().build()?;
        Ok(Self { store, runtime: Some(runtime) })
    }

    /// Waits for an answer, on a thread that may itself belong to another runtime.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let gone = || io::Error::other("the store is being closed");
        let (answer, answered) = sync_channel(1);
        // Whoever asked waits below.
        self.runtime.as_ref().ok_or_else(gone)?.spawn(async move { drop(answer.send(work.await)) });
        answered.recv().map_err(|_| gone())?.map_err(|error| failure::of(&error))
    }

    /// Returns the length of an object.
    pub(super) fn length(&self, key: &Key) -> io::Result<u64> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        self.wait(async move { Ok(store.head(&key).await?.size) })
    }

    /// Returns parts of an object, several at the same time.
    pub(super) fn parts(&self, key: &Key, ranges: Vec<Range<u64>>) -> io::Result<Vec<Bytes>> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        let lengths: Vec<u64> = ranges.iter().map(|range| range.end - range.start).collect();
        let parts: Vec<Bytes> = self.wait(async move {
            let part = |range| {
                let (store, key) = (Arc::clone(&store), key.clone());
                async move { store.get_range(&key, range).await }
            };
            stream::iter(ranges).map(part).buffered(REQUESTS_MAX).try_collect().await
        })?;
        match parts.iter().zip(&lengths).all(|(part, length)| part.len() as u64 == *length) {
            true => Ok(parts),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Makes an object of a file, and looks whether it is there. `length` is the file's.
    pub(super) fn upload(&self, file: Box<dyn DiskFile>, length: u64, key: &Key) -> io::Result<()> {
        let (store, name) = (Arc::clone(&self.store), key.clone());
        let broken = |error: io::Error| object_store::Error::Generic { store: "file", source: Box::new(error) };
        self.wait(async move {
            let part = |at: u64| -> io::Result<Bytes> {
                let mut part = vec![0; usize::try_from(length - at).unwrap_or(usize::MAX).min(PART_BYTES)];
                match file.read_at(&mut part, at)? == part.len() {
                    true => Ok(part.into()),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                }
            };
            if length <= PART_BYTES as u64 {
                let whole = part(0).map_err(broken)?;
                store.put(&name, whole.into()).await?;
                return Ok(());
            }
            let upload = store.put_multipart(&name).await?;
            let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
            let mut at = 0;
            while at < length {
                let part = match part(at) {
                    Ok(part) => part,
                    Err(error) => {
                        upload.abort().await?;
                        return Err(broken(error));
                    }
                };
                if let Err(error) = upload.wait_for_capacity(PARTS_MAX).await {
                    // A store that fails now may fail here, too; the first reason is the one that counts.
                    drop(upload.abort().await);
                    return Err(error);
                }
                at += part.len() as u64;
                upload.put(part);
            }
            // Gives the parts back if one of them fails.
            upload.finish().await?;
            Ok(())
        })?;
        match self.length(key)? {
            found if found == length => Ok(()),
            found => Err(io::Error::other(format!("the store has {found} bytes of {length}"))),
        }
    }

    /// Removes an object; stores do not say whether there was one.
    pub(super) fn remove(&self, key: &Key) -> io::Result<()> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        self.wait(async move { store.delete(&key).await })
    }

    /// Returns names and lengths of the objects right below a prefix.
    pub(super) fn list(&self, prefix: Key) -> io::Result<Vec<(String, u64)>> {
        let store = Arc::clone(&self.store);
        let found = self.wait(async move { store.list_with_delimiter(Some(&prefix)).await })?;
        let named =
            found.objects.iter().filter_map(|object| Some((object.location.filename()?.to_owned(), object.size)));
        Ok(named.collect())
    }
}
