//! Brings bytes to a file that appears under its name when it is whole, or to stdout.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::printer::{CommandError, Printer};

/// Whether a file that exists may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overwrite {
    Allowed,
    Refused,
}

/// Where bytes go. Dropped before [`Destination::finish`], it leaves no file behind.
#[derive(Debug)]
pub(super) struct Destination<'a> {
    to: To<'a>,
}

#[derive(Debug)]
enum To<'a> {
    Stdout(&'a Printer),
    File { file: File, partial: Partial, path: PathBuf, overwrite: Overwrite },
}

impl<'a> Destination<'a> {
    /// Opens stdout for `-`, or a file beside the one with the name.
    ///
    /// # Errors
    /// When there is a file that may not be replaced, or the folder can not be written.
    pub(super) fn open(path: &Path, overwrite: Overwrite, printer: &'a Printer) -> Result<Self, CommandError> {
        if path.as_os_str() == "-" {
            return Ok(Self { to: To::Stdout(printer) });
        }
        check_free(path, overwrite)?;
        let partial = Partial { path: partial_path(path) };
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).open(&partial.path);
        let file = file.map_err(|error| unwritable(path, &error))?;
        Ok(Self { to: To::File { file, partial, path: path.to_owned(), overwrite } })
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// When the disk or the reader of stdout takes no more; a reader who left is [`CommandError::closed_pipe`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        match &mut self.to {
            To::Stdout(printer) => printer.bytes(bytes),
            To::File { file, path, .. } => file.write_all(bytes).map_err(|error| unwritable(path, &error)),
        }
    }

    /// Puts what was written on disk, and gives it its name.
    ///
    /// # Errors
    /// As [`Destination::write`], and when somebody made a file of that name meanwhile.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        let To::File { file, partial, path, overwrite } = self.to else { return Ok(()) };
        check_free(&path, overwrite)?;
        file.sync_all().and_then(|()| fs::rename(&partial.path, &path)).map_err(|error| unwritable(&path, &error))?;
        Ok(())
    }
}

/// A file that is not whole yet, removed when dropped. After it got its name nothing is left to remove.
#[derive(Debug)]
struct Partial {
    path: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Not there any more: that is what is wanted.
        fs::remove_file(&self.path).unwrap_or_default();
    }
}

/// The process's number keeps two exports to one name apart.
fn partial_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn check_free(path: &Path, overwrite: Overwrite) -> Result<(), CommandError> {
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    let name = path.display();
    if !found.is_file() {
        return Err(CommandError::usage(format!("{name} is no file that could be replaced"))
            .with_hint("name a file, or write to stdout: streamflow export - > …"));
    }
    match overwrite {
        Overwrite::Allowed => Ok(()),
        Overwrite::Refused => {
            Err(CommandError::usage(format!("{name} exists already")).with_hint("replace it with --force"))
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> CommandError {
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default().to_lowercase();
    CommandError::usage(format!("cannot write {}: {reason}", path.display()))
        .with_hint("check that the folder exists, may be written, and has room")
}
