//! Where files are kept: a folder, or `s3://bucket/prefix`.

use std::fmt;
use std::path::PathBuf;

const SCHEME: &str = "s3://";

/// A folder of this machine or a place in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    Folder(PathBuf),
    Store(StoreAddress),
}

/// A bucket, and what the names of our objects in it begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAddress {
    pub(super) bucket: String,
    /// Without slashes at its ends; empty is the whole bucket.
    pub(super) prefix: String,
}

/// Why a text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    #[error("{scheme}:// is no kind of store; it is s3://bucket/prefix or a folder")]
    Scheme { scheme: String },
    #[error("{text} has no name of a bucket; it is s3://bucket/prefix")]
    Bucket { text: String },
    #[error("{text} has a prefix that can not be one: {reason}")]
    Prefix { text: String, reason: String },
}

impl Location {
    /// Reads a folder or an address.
    ///
    /// # Errors
    /// When the text begins as an address does and is none.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if let Some(rest) = text.strip_prefix(SCHEME) {
            return StoreAddress::parse(text, rest).map(Self::Store);
        }
        match text.split_once("://") {
            Some((scheme, _)) if scheme.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
                Err(LocationError::Scheme { scheme: scheme.to_owned() })
            }
            _ => Ok(Self::Folder(PathBuf::from(text))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Store(address) => write!(f, "{address}"),
        }
    }
}

impl StoreAddress {
    fn parse(text: &str, rest: &str) -> Result<Self, LocationError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        if bucket.is_empty() || !bucket.chars().all(is_name) {
            return Err(LocationError::Bucket { text: text.to_owned() });
        }
        let prefix = prefix.trim_matches('/');
        object_store::path::Path::parse(prefix)
            .map_err(|error| LocationError::Prefix { text: text.to_owned(), reason: error.to_string() })?;
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_prefix() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let read = Location::parse(text).map(|location| match location {
                Location::Folder(path) => format!("folder {}", path.display()),
                Location::Store(address) => address.to_string(),
            });
            match (read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{text}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        };
        check("s3://events", Ok("s3://events"));
        check("s3://events/", Ok("s3://events"));
        check("s3://events/shop/eu/", Ok("s3://events/shop/eu"));
        check("backups", Ok("folder backups"));
        check("/var/backups", Ok("folder /var/backups"));
        check("s3://", Err("no name of a bucket"));
        check("s3:///prefix", Err("no name of a bucket"));
        check("s3://two words/x", Err("no name of a bucket"));
        check("s3://events/a//b", Err("prefix"));
        check("gs://events/x", Err("gs:// is no kind of store"));
    }
}
