//! The bundle as a file: a tar archive, so that other tools can look into it.
//!
//! ```text
//! bundle.json   {"schema":"streamflow.bundle-file/1","events":…,"since":…,"until":…,"schemas":[…]}   first
//! data/…        a store as a server leaves it at a clean stop: catalog.db, lake/…, journal/…
//! ```

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::contents::Contents;
use super::filling::DATA_DIR;

const FORMAT: &str = "streamflow.bundle-file/1";
const CONTENTS_FILE: &str = "bundle.json";
/// Bytes of `bundle.json`; schemas are small.
const CONTENTS_BYTES_MAX: u64 = 64 << 20;
/// Files of a bundle; a store has some hundred.
const FILES_MAX: usize = 100_000;
/// Bytes that a bundle may unpack to.
const UNPACKED_BYTES_MAX: u64 = 1 << 40;

/// Why a file is no bundle, or can not become one.
#[derive(Debug, thiserror::Error)]
pub(super) enum BundleError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is no bundle")]
    Foreign,
    #[error("it was written by a newer version ({0})")]
    Newer(String),
    #[error("its entry {0:?} leads out of the bundle")]
    Outside(PathBuf),
    #[error("it has more than {0}")]
    TooLarge(&'static str),
}

impl BundleError {
    pub(super) const fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "check the name, and that you may read and write there",
            Self::Foreign | Self::Outside(_) => "bundles are written by `streamflow bundle export`",
            Self::Newer(_) => "use the version that wrote it, or a newer one",
            Self::TooLarge(_) => "it may be damaged; ask for it again",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    schema: String,
    #[serde(flatten)]
    contents: Contents,
}

/// Writes the store below `dir` and what is said about it to `path`, and returns the bytes of the file. The file appears
/// when it is whole.
pub(super) fn pack(path: &Path, dir: &Path, contents: &Contents) -> Result<u64, BundleError> {
    let draft = dir.join("bundle");
    let mut archive = tar::Builder::new(BufWriter::new(File::create(&draft)?));
    let head = Head { schema: FORMAT.to_owned(), contents: contents.clone() };
    let head = serde_json::to_vec(&head).map_err(io::Error::other)?;
    let mut header = tar::Header::new_ustar();
    header.set_size(head.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, CONTENTS_FILE, &*head)?;
    for file in files(&dir.join(DATA_DIR))? {
        let name = file.strip_prefix(dir).unwrap_or(&file).to_owned();
        let mut header = tar::Header::new_ustar();
        let bytes = fs::metadata(&file)?.len();
        header.set_size(bytes);
        header.set_mode(0o644);
        // More than was announced would make what follows unreadable.
        archive.append_data(&mut header, name, BufReader::new(File::open(&file)?).take(bytes))?;
    }
    let mut file = archive.into_inner()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    let bytes = file.get_ref().metadata()?.len();
    fs::rename(&draft, path)?;
    Ok(bytes)
}

/// Returns the files of a folder and those below it, in order; the mark of a running process and room that the journal
/// makes ahead, perhaps still at this moment, are none of them.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.file_name().is_some_and(|name| name != "LOCK" && name != "spare.zero" && name != "spare.part") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Returns what a bundle says about itself.
pub(super) fn contents(path: &Path) -> Result<Contents, BundleError> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let entry = archive.entries()?.next().ok_or(BundleError::Foreign)?.map_err(|_| BundleError::Foreign)?;
    if entry.path().map_err(|_| BundleError::Foreign)?.as_os_str() != CONTENTS_FILE {
        return Err(BundleError::Foreign);
    }
    let mut text = Vec::new();
    entry.take(CONTENTS_BYTES_MAX).read_to_end(&mut text)?;
    let head: serde_json::Value = serde_json::from_slice(&text).map_err(|_| BundleError::Foreign)?;
    match head["schema"].as_str() {
        Some(FORMAT) => {}
        Some(newer) if newer.starts_with("streamflow.bundle-file/") => {
            return Err(BundleError::Newer(newer.to_owned()));
        }
        _ => return Err(BundleError::Foreign),
    }
    let head: Head = serde_json::from_value(head).map_err(|_| BundleError::Foreign)?;
    Ok(head.contents)
}

/// Unpacks the store of a bundle below `dir`. Only plain files are taken, and only below its own folder.
pub(super) fn unpack(path: &Path, dir: &Path) -> Result<(), BundleError> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let mut room = UNPACKED_BYTES_MAX;
    for (count, entry) in archive.entries()?.enumerate().skip(1) {
        let mut entry = entry?;
        if count > FILES_MAX {
            return Err(BundleError::TooLarge("100,000 files"));
        }
        let name = entry.path()?.into_owned();
        let inside = name.starts_with(DATA_DIR) && name.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || entry.header().entry_type() != tar::EntryType::Regular {
            return Err(BundleError::Outside(name));
        }
        room = room.checked_sub(entry.size()).ok_or(BundleError::TooLarge("1 TiB"))?;
        let target = dir.join(&name);
        fs::create_dir_all(target.parent().unwrap_or(dir))?;
        io::copy(&mut entry, &mut File::create_new(&target)?)?;
    }
    Ok(())
}

/// Returns a name for the bytes of a file.
pub(super) fn fingerprint(path: &Path) -> Result<String, BundleError> {
    let mut hasher = SipHasher13::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(format!("{:032x}", hasher.finish128().as_u128()));
        }
        std::hash::Hasher::write(&mut hasher, &buffer[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(entries: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut archive = tar::Builder::new(file.as_file());
        for (name, bytes) in entries {
            let mut header = tar::Header::new_ustar();
            // As somebody would write it who means harm: the library's own way refuses such names.
            let raw = header.as_old_mut();
            raw.name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append(&header, *bytes).unwrap();
        }
        archive.finish().unwrap();
        drop(archive);
        file
    }

    const HEAD: &[u8] = br#"{"schema":"streamflow.bundle-file/1","events":1,"schemas":[]}"#;

    #[test]
    fn bundle_leads_nowhere_but_into_its_own_folder() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["../out", "data/../../out", "/tmp/streamflow-out", "elsewhere"] {
            let file = made(&[("bundle.json", HEAD), (name, b"x")]);
            assert!(matches!(unpack(file.path(), dir.path()), Err(BundleError::Outside(_))), "{name}");
        }
        let file = made(&[("bundle.json", HEAD), ("data/lake/a", b"x")]);
        unpack(file.path(), dir.path()).unwrap();
        assert_eq!(fs::read(dir.path().join("data/lake/a")).unwrap(), b"x");
        assert_eq!(contents(file.path()).unwrap().events, 1);
    }

    #[test]
    fn what_is_no_bundle_is_told_apart_from_a_newer_one() {
        let newer = made(&[("bundle.json", br#"{"schema":"streamflow.bundle-file/2"}"#)]);
        assert!(matches!(contents(newer.path()), Err(BundleError::Newer(_))));
        for (name, text) in [("other", "{}"), ("bundle.json", "{}"), ("bundle.json", "")] {
            let file = made(&[(name, text.as_bytes())]);
            assert!(matches!(contents(file.path()), Err(BundleError::Foreign)), "{name} {text}");
        }
        let text = tempfile::NamedTempFile::new().unwrap();
        fs::write(text.path(), "not an archive").unwrap();
        assert!(contents(text.path()).is_err());
    }
}
