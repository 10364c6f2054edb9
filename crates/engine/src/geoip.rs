//! Says where an address is, by a database in MaxMind's `.mmdb` format. Knows nothing of events.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde::Deserialize;

use crate::disk::Disk;

/// Larger files are refused: the database is kept in memory, and the largest that is sold takes half of this.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Networks that are looked at to find out whether the database knows places at all.
const NETWORKS_PROBED: usize = 1_024;

/// A GeoIP database in memory.
pub struct GeoDatabase {
    reader: Reader<Vec<u8>>,
}

impl fmt::Debug for GeoDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeoDatabase").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// What the database says of an address. What it does not say is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 code of two letters, such as `DE`.
    pub country: Option<String>,
    /// English name of the largest subdivision, such as `Bavaria`.
    pub region: Option<String>,
    /// English name.
    pub city: Option<String>,
}

/// Why a file is no GeoIP database that can be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    #[error("{} can not be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{} has {bytes} bytes, at most {FILE_BYTES_MAX} are read", path.display())]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error("{} is no MaxMind database: {reason}", path.display())]
    Foreign { path: PathBuf, reason: String },
    /// It maps addresses to something else, such as the numbers of autonomous systems.
    #[error("{} is a MaxMind database without countries and cities; it calls itself {kind:?}", path.display())]
    Placeless { path: PathBuf, kind: String },
}

impl GeoDatabase {
    /// Reads the whole database into memory.
    ///
    /// # Errors
    /// When the file can't be read, is no MaxMind database, or knows no places.
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<Self, GeoError> {
        let unreadable = |reason| GeoError::Unreadable { path: path.to_owned(), reason };
        let file = disk.open_read(path).map_err(unreadable)?;
        let bytes = file.len().map_err(unreadable)?;
        if bytes > FILE_BYTES_MAX {
            return Err(GeoError::TooLarge { path: path.to_owned(), bytes });
        }
        let mut contents = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        let read = file.read_at(&mut contents, 0).map_err(unreadable)?;
        contents.truncate(read);
        Self::new(contents, path)
    }

    fn new(contents: Vec<u8>, path: &Path) -> Result<Self, GeoError> {
        let foreign = |error: maxminddb::MaxMindDbError| GeoError::Foreign {
            path: path.to_owned(),
            reason: error.to_string().to_lowercase(),
        };
        let database = Self { reader: Reader::from_source(contents).map_err(foreign)? };
        if database.knows_places().map_err(foreign)? {
            return Ok(database);
        }
        Err(GeoError::Placeless { path: path.to_owned(), kind: database.kind().to_owned() })
    }

    /// Returns whether one of the first networks has a place. A database without any network has none to give, and is one.
    fn knows_places(&self) -> Result<bool, maxminddb::MaxMindDbError> {
        let mut empty = true;
        for network in self.reader.networks(maxminddb::WithinOptions::default())?.take(NETWORKS_PROBED) {
            empty = false;
            let record = network?.decode::<Record>().ok().flatten();
            if record.is_some_and(|record| record.place() != Place::default()) {
                return Ok(true);
            }
        }
        Ok(empty)
    }

    /// Returns what the database calls itself, such as `GeoLite2-City`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// Returns when the database was made, in seconds since 1970.
    #[must_use]
    pub fn built_at_seconds(&self) -> u64 {
        self.reader.metadata().build_epoch
    }

    /// Returns where an address is. An address that the database does not have is nowhere.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Place {
        // An IPv4 address in IPv6 clothes is found under its own.
        let found = self.reader.lookup(address.to_canonical());
        // A record of another shape, or an IPv6 address in a database of IPv4, says nothing.
        let record = found.ok().and_then(|result| result.decode::<Record>().ok().flatten());
        record.map(Record::place).unwrap_or_default()
    }
}

/// A record as MaxMind and those who follow it write it; other databases have plain strings in the same places.
#[derive(Debug, Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    country: Option<Named<'a>>,
    #[serde(borrow, default)]
    subdivisions: Option<Vec<Named<'a>>>,
    #[serde(borrow, default)]
    region: Option<&'a str>,
    #[serde(borrow, default)]
    city: Option<Named<'a>>,
}

/// A country, a region or a city.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named<'a> {
    Plain(&'a str),
    Full {
        #[serde(borrow, default)]
        iso_code: Option<&'a str>,
        #[serde(borrow, default)]
        names: Option<Names<'a>>,
    },
}

#[derive(Debug, Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    en: Option<&'a str>,
}

impl Record<'_> {
    fn place(self) -> Place {
        let kept = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let subdivision = self.subdivisions.as_ref().and_then(|all| all.first()).and_then(Named::name);
        Place {
            country: kept(self.country.as_ref().and_then(Named::code)),
            region: kept(subdivision.or(self.region)),
            city: kept(self.city.as_ref().and_then(Named::name)),
        }
    }
}

impl Named<'_> {
    fn code(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Full { iso_code, .. } => *iso_code,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Full { names, .. } => names.as_ref().and_then(|names| names.en),
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
