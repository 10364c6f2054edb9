//! Which name leads to which file: as it is now, and as it would be after a power loss.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::Chance;

/// The folders and the names in them.
#[derive(Debug, Default)]
pub(super) struct Names {
    now: Tree,
    durable: Tree,
    /// Changes since their folder was synced, oldest first.
    pending: Vec<Change>,
}

#[derive(Debug, Default, Clone)]
struct Tree {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, u64>,
}

#[derive(Debug, Clone)]
enum Change {
    MakeDir { dir: PathBuf },
    Create { path: PathBuf, file: u64 },
    Remove { path: PathBuf, file: u64 },
    Rename { from: PathBuf, to: PathBuf, file: u64 },
}

impl Names {
    pub(super) fn create_dir_all(&mut self, dir: &Path) {
        let mut missing: Vec<&Path> =
            dir.ancestors().filter(|dir| dir.parent().is_some() && !self.now.dirs.contains(*dir)).collect();
        while let Some(dir) = missing.pop() {
            self.change(Change::MakeDir { dir: dir.to_owned() });
        }
    }

    pub(super) fn create(&mut self, path: &Path, file: u64) -> io::Result<()> {
        self.require_dir(parent(path))?;
        if self.now.files.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.change(Change::Create { path: path.to_owned(), file });
        Ok(())
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<u64> {
        self.now.files.get(path).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Returns all files that have a name.
    pub(super) fn files(&self) -> impl Iterator<Item = u64> {
        self.now.files.values().copied()
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.require_dir(dir)?;
        let files = self.now.files.keys().filter(|path| parent(path) == dir);
        Ok(files.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.find(from)?;
        self.require_dir(parent(to))?;
        self.change(Change::Rename { from: from.to_owned(), to: to.to_owned(), file });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let file = self.find(path)?;
        self.change(Change::Remove { path: path.to_owned(), file });
        Ok(())
    }

    /// Makes the changes of a folder durable, and earlier ones of the same files, on which they build.
    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.require_dir(dir)?;
        let mut settled = BTreeSet::new();
        let mut kept = Vec::new();
        for change in std::mem::take(&mut self.pending).into_iter().rev() {
            let builds_on = change.file().is_some_and(|file| settled.contains(&file));
            if change.touches(dir) || builds_on {
                settled.extend(change.file());
                kept.push((true, change));
            } else {
                kept.push((false, change));
            }
        }
        for (durable, change) in kept.into_iter().rev() {
            if durable {
                change.apply(&mut self.durable);
            } else {
                self.pending.push(change);
            }
        }
        Ok(())
    }

    /// Loses what was not synced from some moment on: file systems write names in the order of the changes.
    pub(super) fn lose_power(&mut self, chance: &mut Chance) {
        let kept = chance.index(self.pending.len() + 1);
        for change in self.pending.drain(..).take(kept) {
            change.apply(&mut self.durable);
        }
        self.durable.drop_orphans();
        self.now = self.durable.clone();
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    fn require_dir(&self, dir: &Path) -> io::Result<()> {
        let known = dir.parent().is_none() || self.now.dirs.contains(dir);
        if known { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }
}

impl Tree {
    /// Drops what lies in a folder that is no longer there.
    fn drop_orphans(&mut self) {
        let dirs = self.dirs.clone();
        let reachable = |path: &Path| path.ancestors().skip(1).all(|dir| dir.parent().is_none() || dirs.contains(dir));
        self.dirs.retain(|dir| reachable(dir));
        self.files.retain(|path, _| reachable(path));
    }
}

impl Change {
    fn file(&self) -> Option<u64> {
        match self {
            Self::MakeDir { .. } => None,
            Self::Create { file, .. } | Self::Remove { file, .. } | Self::Rename { file, .. } => Some(*file),
        }
    }

    fn touches(&self, folder: &Path) -> bool {
        match self {
            Self::MakeDir { dir: path } | Self::Create { path, .. } | Self::Remove { path, .. } => {
                parent(path) == folder
            }
            Self::Rename { from, to, .. } => parent(from) == folder || parent(to) == folder,
        }
    }

    fn apply(&self, tree: &mut Tree) {
        match self {
            Self::MakeDir { dir } => {
                tree.dirs.insert(dir.clone());
            }
            Self::Create { path, file } => {
                tree.files.insert(path.clone(), *file);
            }
            Self::Remove { path, .. } => {
                tree.files.remove(path);
            }
            Self::Rename { from, to, file } => {
                tree.files.remove(from);
                tree.files.insert(to.clone(), *file);
            }
        }
    }
}

/// The root is its own parent.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
