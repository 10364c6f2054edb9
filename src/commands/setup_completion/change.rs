//! Decides what happens to which file, and does it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file;
use super::place::Place;
use crate::printer::{CommandError, ExitStatus};
use crate::shell::Shell;
use crate::shell::block::{self, BlockError, Left};

pub(super) const CONFIGURATION: &str = "configuration";
const SCRIPT: &str = "script";
const BACKUP: &str = "backup";

/// One file before and after; `None` is a file that does not exist.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) purpose: &'static str,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
    /// A file whose mode this one gets when it is made.
    like: Option<PathBuf>,
}

impl Change {
    fn new(path: &Path, purpose: &'static str, after: Option<Vec<u8>>) -> Result<Self, CommandError> {
        let before = file::read(path).map_err(|error| unusable(path, &error))?;
        Ok(Self { path: path.to_owned(), purpose, before, after, like: None })
    }

    pub(super) fn is_one(&self) -> bool {
        self.before != self.after
    }

    pub(super) fn kind(&self) -> &'static str {
        match (&self.before, &self.after) {
            (before, after) if before == after => "unchanged",
            (None, _) => "created",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    /// Writes or removes the file. A file that is right already is not touched.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn apply(&self) -> Result<(), CommandError> {
        if !self.is_one() {
            return Ok(());
        }
        let done = match &self.after {
            Some(bytes) => file::replace(&self.path, bytes, self.like.as_deref()),
            None => fs::remove_file(&self.path).map(|()| remove_if_empty(self.path.parent())),
        };
        done.map_err(|error| unusable(&self.path, &error))
    }
}

/// The folder of our own files goes with the last of them.
fn remove_if_empty(dir: Option<&Path>) {
    if let Some(dir) = dir.filter(|dir| dir.ends_with("streamflow/shell")) {
        // A folder that has something else in it stays.
        fs::remove_dir(dir).unwrap_or_default();
    }
}

/// The script comes before the line that reads it.
pub(super) fn installation(place: &Place, shell: Shell, script: String) -> Result<Vec<Change>, CommandError> {
    let script_change = Change::new(&place.script, SCRIPT, Some(script.into_bytes()))?;
    let mut configuration = Change::new(&place.configuration, CONFIGURATION, None)?;
    let line = shell.reading_line(&place.script.display().to_string());
    let before = configuration.before.as_deref();
    let after = block::put(before, &line, shell.line_end()).map_err(|error| broken(&place.configuration, &error))?;
    configuration.after = Some(after);
    refuse_read_only(&configuration)?;
    let mut changes = vec![script_change];
    let untouched = before.filter(|text| block::take_out(text) == Ok(Left::Unchanged));
    if let Some(text) = untouched {
        let mut backup = Change::new(&place.backup, BACKUP, Some(text.to_vec()))?;
        backup.like = Some(place.configuration.clone());
        // The first one is from before we came.
        if backup.before.is_none() {
            changes.push(backup);
        }
    }
    changes.push(configuration);
    Ok(changes)
}

/// The line goes before the script that it reads.
pub(super) fn removal(place: &Place) -> Result<Vec<Change>, CommandError> {
    let mut configuration = Change::new(&place.configuration, CONFIGURATION, None)?;
    if let Some(text) = &configuration.before {
        configuration.after = match block::take_out(text).map_err(|error| broken(&place.configuration, &error))? {
            Left::Unchanged => Some(text.clone()),
            Left::Text(text) => Some(text),
            Left::NoFile => None,
        };
    }
    refuse_read_only(&configuration)?;
    let script = Change::new(&place.script, SCRIPT, None)?;
    let mut backup = Change::new(&place.backup, BACKUP, None)?;
    // What differs from the configuration as it is left may be wanted yet.
    if backup.before != configuration.after {
        backup.after.clone_from(&backup.before);
    }
    Ok([configuration, backup, script].into_iter().filter(|change| change.before.is_some()).collect())
}

fn refuse_read_only(change: &Change) -> Result<(), CommandError> {
    if change.is_one() && file::is_read_only(&change.path) {
        let path = change.path.display();
        return Err(CommandError::usage(format!("{path} is read-only"))
            .with_hint(format!("allow it with `chmod u+w {path}`, name another file with --rc, or see --print")));
    }
    Ok(())
}

fn broken(path: &Path, error: &BlockError) -> CommandError {
    CommandError::usage(format!("cannot change {}: {error}", path.display()))
        .with_hint("mend the lines of `# >>> streamflow >>>` and `# <<< streamflow <<<` by hand, then try again")
}

fn unusable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::new("usage", format!("cannot use {}: {error}", path.display()), ExitStatus::Usage)
        .with_hint("name another file with --rc, or print the script with --print")
}
