//! Files of history and of backups in an S3-compatible store, as a [`Disk`](crate::disk::Disk) whose files are objects.
//!
//! A file is written on this machine, and becomes an object when it gets its name: whole, or not at all. The object is
//! there, with its length, before the call returns. What is read is fetched in blocks, and blocks stay on this machine as
//! long as there is room for them ([`Cache`](cache::Cache)).
//!
//! Whoever has names here uses each only once: a request that failed on its way back may be carried out later.

mod cache;
mod client;
mod disk;
pub(crate) mod failure;
mod file;
mod location;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use disk::ObjectDisk;
pub use location::{Location, LocationError, StoreAddress};

use crate::disk::Folder;

/// How stores are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectOptions {
    /// Base address; none is Amazon's own.
    pub endpoint: Option<String>,
    pub region: String,
    pub credentials: Credentials,
    /// The bucket is part of the host's name instead of the path.
    pub virtual_hosted: bool,
    /// The longest time that a request may take, and after which a failed one is not tried again.
    pub timeout: Duration,
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            credentials: Credentials::default(),
            virtual_hosted: false,
            timeout: Duration::from_secs(30),
        }
    }
}

/// By what a store knows us.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Credentials {
    /// What the machine has, such as the role of an instance.
    #[default]
    OfMachine,
    Key {
        id: String,
        secret: String,
        session_token: Option<String>,
    },
    /// A role that is taken on with a token from a file, as in a Kubernetes cluster.
    WebIdentity {
        token_file: String,
        role: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfMachine => f.write_str("OfMachine"),
            Self::Key { id, .. } => f.debug_struct("Key").field("id", id).finish_non_exhaustive(),
            Self::WebIdentity { token_file, role } => {
                f.debug_struct("WebIdentity").field("token_file", token_file).field("role", role).finish()
            }
        }
    }
}

/// What of a store is held on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearby {
    /// Folder of files that are being written and of blocks that were read.
    pub dir: PathBuf,
    /// Bytes of blocks that are kept; zero keeps none.
    pub bytes_max: u64,
    /// No block is kept while the file system has less room than this.
    pub free_bytes_min: u64,
}

/// Opens a place in a store. Nothing is asked of the store yet.
///
/// # Errors
/// When the options make no sense, or the folder on this machine can't be made.
pub fn open(address: &StoreAddress, options: &ObjectOptions, nearby: &Nearby) -> io::Result<Arc<ObjectDisk>> {
    let store = client::amazon(address, options)?;
    let host = options.endpoint.as_deref().unwrap_or_default();
    ObjectDisk::over(store, host, address, nearby).map(Arc::new)
}

/// Opens a folder of this machine or a place in a store. Nothing is asked of the store yet.
///
/// # Errors
/// As [`open`].
pub fn open_location(location: &Location, options: &ObjectOptions, nearby: &Nearby) -> io::Result<Folder> {
    match location {
        Location::Folder(path) => Ok(Folder::local(path)),
        Location::Store(address) => {
            let path = PathBuf::from(address.to_string());
            Ok(Folder { disk: open(address, options, nearby)?, path })
        }
    }
}
