//! Replaces a file whole, so that a crash leaves the old one or the new one; its mode, its owner and the symbolic link that
//! leads to it stay.

use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Mode of a new file, which the user's umask narrows.
const NEW_FILE_MODE: u32 = 0o644;
/// Symbolic links that are followed by hand to a file that does not exist yet.
const LINKS_MAX: usize = 40;

/// Returns a file's bytes; none when it does not exist.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns whether nobody may write the file: its owner has closed it on purpose.
pub(super) fn is_read_only(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o222 == 0)
}

/// Writes the file and the folders above it. `like` is a file whose mode a new one gets.
pub(super) fn replace(path: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()> {
    let target = behind_links(path)?;
    let old = fs::metadata(&target).ok();
    let mode = old.as_ref().map(mode).or_else(|| like.and_then(|like| fs::metadata(like).ok()).as_ref().map(mode));
    let dir = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(dir)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let draft = dir.join(format!(".{name}.{}", std::process::id()));
    let written = write_draft(&draft, bytes, mode, old.as_ref()).and_then(|()| fs::rename(&draft, &target));
    if written.is_err() {
        // What is told is why the file could not be written; a draft that stays harms nobody.
        fs::remove_file(&draft).unwrap_or_default();
    }
    written
}

fn write_draft(draft: &Path, bytes: &[u8], mode: Option<u32>, old: Option<&Metadata>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode.unwrap_or(NEW_FILE_MODE)).open(draft)?;
    let made = file.metadata()?;
    if let Some(old) = old.filter(|old| (old.uid(), old.gid()) != (made.uid(), made.gid())) {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

/// Returns the file that is meant, which need not exist.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new("/")).join(to),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}
