//! Puts a file in its place: whole and durable under its name, or not there at all.

use std::io::Write;
use std::path::Path;

use super::sink::FileSink;
use super::summary::SegmentSummary;
use super::{Segment, SegmentError, Table};
use crate::disk::Disk;

/// What a file is called while it is being written.
const PART: &str = ".part";

/// Lets `write` write a file, makes it durable under its name in `dir`, and opens it.
///
/// # Errors
/// When the disk fails or `write` does. Then no file has the name.
pub fn place(
    disk: &dyn Disk,
    dir: &Path,
    table: Table,
    name: &str,
    write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<SegmentSummary, SegmentError>,
) -> Result<(SegmentSummary, Segment), SegmentError> {
    let (part, path) = (dir.join(format!("{name}{PART}")), dir.join(name));
    // Left by an attempt that failed.
    drop(disk.remove(&part));
    let mut attempt = || {
        let mut file = disk.create(&part)?;
        let summary = write(&mut FileSink::new(&mut *file))?;
        file.sync()?;
        disk.rename(&part, &path)?;
        disk.sync_dir(dir)?;
        Ok((summary, Segment::open(table, name, disk.open_read(&path)?)?))
    };
    let written = attempt();
    if written.is_err() {
        // What is left of it is removed at the next start, if not now.
        drop(disk.remove(&part));
        drop(disk.remove(&path));
    }
    written
}
