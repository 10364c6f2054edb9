//! The manifest of a backup: what it is of, and the object of each file. JSON, with a checksum over itself.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::BackupError;
use super::objects;
use crate::clock::Micros;
use crate::disk::Disk;

/// The version that this program writes, and the newest that it reads.
const FORMAT: u64 = 1;
/// No manifest is larger: one of a million files is a fifth of this.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;
const SUFFIX: &str = ".json";

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// By which it is named; ids sort as times do.
    pub id: String,
    pub created_at: Micros,
    /// The version of the program that made it.
    pub version: String,
    /// Every event below this offset is in it.
    pub next_offset: u64,
    /// Every rejected event below this number is in it.
    pub next_rejected: u64,
    /// The newest snapshot of its catalog.
    pub snapshot: i64,
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In the data folder.
    pub path: String,
    pub bytes: u64,
    pub crc32c: u32,
}

impl Manifest {
    /// Returns the bytes of all its files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Returns the id of a backup that is made at a time.
    pub(super) fn id(now: Micros, next_offset: u64) -> String {
        let time = Timestamp::from_microsecond(now).unwrap_or_default();
        format!("{}-{next_offset}", time.strftime("%Y%m%dT%H%M%S.%6fZ"))
    }

    pub(super) fn file_name(&self) -> String {
        format!("{}{SUFFIX}", self.id)
    }

    fn body(&self) -> Value {
        let file = |file: &Entry| json!({ "path": file.path, "bytes": file.bytes, "crc32c": file.crc32c });
        json!({
            "format": FORMAT,
            "id": self.id,
            "created_at": Timestamp::from_microsecond(self.created_at).unwrap_or_default().to_string(),
            "version": self.version,
            "next_offset": self.next_offset,
            "next_rejected": self.next_rejected,
            "snapshot": self.snapshot,
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
        })
    }

    /// Returns the manifest as it is kept.
    pub(super) fn encode(&self) -> Vec<u8> {
        let body = self.body();
        let crc32c = crc32c::crc32c(body.to_string().as_bytes());
        format!("{:#}\n", json!({ "crc32c": crc32c, "manifest": body })).into_bytes()
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none, is damaged, or was written by a newer version.
    pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Self, BackupError> {
        let wrong = |reason: String| BackupError::Manifest { path: path.to_owned(), reason };
        let kept: Value = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        let body = &kept["manifest"];
        let found = body["format"].as_u64().ok_or_else(|| wrong("it has no format".to_owned()))?;
        if found > FORMAT {
            return Err(BackupError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        if kept["crc32c"].as_u64() != Some(u64::from(crc32c::crc32c(body.to_string().as_bytes()))) {
            return Err(wrong("its checksum is another".to_owned()));
        }
        Self::of_body(body).ok_or_else(|| wrong("a field is missing".to_owned()))
    }

    fn of_body(body: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let file = |file: &Value| {
            let crc32c = u32::try_from(file["crc32c"].as_u64()?).ok()?;
            Some(Entry { path: text(&file["path"])?, bytes: file["bytes"].as_u64()?, crc32c })
        };
        Some(Self {
            id: text(&body["id"])?,
            created_at: text(&body["created_at"])?.parse::<Timestamp>().ok()?.as_microsecond(),
            version: text(&body["version"])?,
            next_offset: body["next_offset"].as_u64()?,
            next_rejected: body["next_rejected"].as_u64()?,
            snapshot: body["snapshot"].as_i64()?,
            files: body["files"].as_array()?.iter().map(file).collect::<Option<_>>()?,
        })
    }

    /// Reads the manifests in a folder, oldest first; each that can't be read is an error of its own.
    ///
    /// # Errors
    /// When the folder can't be read. One that does not exist has no backups.
    pub fn list(disk: &dyn Disk, location: &Path) -> Result<Vec<Result<Self, BackupError>>, BackupError> {
        let names = match disk.list(location) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(BackupError::io(location, &error)),
        };
        let read = |name: String| {
            let path = location.join(name);
            let bytes = objects::read(disk, &path, MANIFEST_BYTES_MAX)?;
            Self::decode(&path, &bytes)
        };
        Ok(names.into_iter().filter(|name| name.ends_with(SUFFIX)).map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_was_written_or_not_at_all() {
        let manifest = Manifest {
            id: Manifest::id(1_000_000, 7),
            created_at: 1_000_000,
            version: "1".to_owned(),
            next_offset: 7,
            next_rejected: 2,
            snapshot: 5,
            files: vec![Entry { path: "catalog.db".to_owned(), bytes: 3, crc32c: 9 }],
        };
        assert_eq!(manifest.id, "19700101T000001.000000Z-7");
        let bytes = manifest.encode();
        let path = Path::new("m.json");
        assert_eq!(Manifest::decode(path, &bytes).unwrap(), manifest);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in
            [("\"bytes\": 3", "\"bytes\": 4"), ("catalog.db", "catalog.dc"), ("\"snapshot\"", "\"snapshots\"")]
        {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            assert!(matches!(Manifest::decode(path, changed.as_bytes()), Err(BackupError::Manifest { .. })), "{from}");
        }
        let newer = text.replace("\"format\": 1", "\"format\": 9");
        assert!(matches!(Manifest::decode(path, newer.as_bytes()), Err(BackupError::Newer { found: 9, .. })));
    }
}
