//! A disk of a few megabytes that a test can fill and make read-only.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::not_checked;
use crate::tool;

/// Enough for a few hundred events; far less than the journal would like to fill ahead.
const SIZE: &str = "size=16m";
const BALLAST_BYTES: usize = 8 << 20;
const BALLAST: &str = "ballast";

/// A small disk, unmounted when dropped.
pub(super) struct SmallDisk {
    dir: TempDir,
    /// How often it was filled.
    fills: Cell<usize>,
}

impl SmallDisk {
    /// Mounts a disk, or says that the test which calls this checks nothing: only root may mount.
    pub(super) fn mount(test: &str) -> Option<Self> {
        let mount = tool::find("mount", test)?;
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(mount);
        let mounted = command.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(dir.path()).output().unwrap();
        if !mounted.status.success() {
            not_checked(test, &format!("cannot mount: {}", String::from_utf8_lossy(&mounted.stderr).trim()));
            return None;
        }
        let disk = Self { dir, fills: Cell::new(0) };
        disk.write_ballast(BALLAST, BALLAST_BYTES);
        Some(disk)
    }

    pub(super) fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    /// Takes all that is free.
    pub(super) fn fill(&self) {
        let number = self.fills.get();
        self.fills.set(number + 1);
        self.write_ballast(&format!("rest-{number}"), usize::MAX);
    }

    /// Gives back a part of the disk.
    pub(super) fn make_room(&self) {
        std::fs::remove_file(self.dir.path().join(BALLAST)).unwrap();
    }

    /// Mounts it anew: `ro` or `rw`.
    pub(super) fn remount(&self, option: &str) {
        let option = format!("remount,{option}");
        let status = Command::new("mount").args(["-o", &option]).arg(self.dir.path()).status().unwrap();
        assert!(status.success(), "{option}");
    }

    fn write_ballast(&self, name: &str, bytes_max: usize) {
        let mut file = File::create(self.dir.path().join(name)).unwrap();
        let page = [0; 4 << 10];
        for _ in 0..bytes_max / page.len() {
            if file.write_all(&page).is_err() {
                break;
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(self.dir.path());
    }
}

/// Takes the disk away even while something holds a file of it open.
fn unmount(dir: &Path) {
    drop(Command::new("umount").arg("-l").arg(dir).status());
}
