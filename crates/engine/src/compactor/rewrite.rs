//! One rewrite: files of history in, at most one file out, one transaction of the catalog, and the files change places.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Compactor;
use crate::catalog::{Change, DataFile, NewFile, Reason, table_dir};
use crate::sealer::SealError;
use crate::segment::{Keep, Segment, SegmentError, Table, merge_kept, place};
use crate::snapshot::SealedFiles;

impl Compactor {
    /// Puts the rows of the files that are to be kept into one new file. Returns it, if any row was kept.
    ///
    /// # Errors
    /// When the disk or the catalog fails; then the files stay as they are.
    pub(super) fn rewrite(
        &self,
        table: Table,
        files: &[DataFile],
        keep: Keep<'_>,
        reason: Reason,
    ) -> Result<NewFile, SealError> {
        let segments = self.opened(table, files)?;
        let snapshot = self.catalog.lock().snapshot_id()?;
        let first = files.iter().map(|file| file.offset.0).min().unwrap_or_default();
        // Every rewrite makes a snapshot, and no two files begin with the same offset: the name is new.
        let name = match self.lake.disk.is_remote() {
            // There an attempt that failed may take effect later.
            true => format!("{first:020}-{snapshot:010}-{:x}.parquet", self.clock.now()),
            false => format!("{first:020}-{snapshot:010}.parquet"),
        };
        let dir = self.lake.path.join(table_dir(table));
        let written = place(&*self.lake.disk, &dir, table, &name, &mut |out| {
            let mut out = Stoppable { inner: out, stopping: &self.stopping };
            merge_kept(table, &segments, keep, &mut out, &self.options.write_options)
        });
        let (summary, segment) = match written {
            Err(_) if self.stopping.load(Ordering::Acquire) => return Err(SealError::Stopped),
            written => written.map_err(|error| SealError::of_segment(dir.join(&name), error))?,
        };
        let new = NewFile { table, name, summary };
        let end = files.iter().map(|file| file.id).collect();
        let change = Change { add: vec![new.clone()], end, reason, ..Change::default() };
        self.catalog.lock().commit(&change, self.clock.now())?;
        self.store.replace(&segments, of_table(table, vec![Arc::new(segment)]));
        Ok(new)
    }

    /// Ends files whose every row is gone.
    ///
    /// # Errors
    /// When the catalog can't be written; then the files stay.
    pub(super) fn remove(&self, files: &[(Table, DataFile)]) -> Result<(), SealError> {
        let mut segments = Vec::new();
        for (table, file) in files {
            segments.extend(self.opened(*table, std::slice::from_ref(file))?);
        }
        let end = files.iter().map(|(_, file)| file.id).collect();
        let change = Change { end, reason: Reason::Expiry, ..Change::default() };
        self.catalog.lock().commit(&change, self.clock.now())?;
        self.store.replace(&segments, SealedFiles::default());
        Ok(())
    }

    /// Returns the files as they are open for queries, in the order of their offsets.
    pub(super) fn opened(&self, table: Table, files: &[DataFile]) -> Result<Vec<Arc<Segment>>, SealError> {
        let sealed = self.store.sealed();
        let open = match table {
            Table::Events => sealed.events,
            Table::RejectedEvents => sealed.rejected,
        };
        let mut files: Vec<&DataFile> = files.iter().collect();
        files.sort_unstable_by_key(|file| file.offset);
        let find = |file: &DataFile| {
            let found = open.iter().find(|segment| segment.name() == file.name).cloned();
            found.ok_or_else(|| SegmentError::Damaged { name: file.name.clone(), reason: "it is not open".to_owned() })
        };
        Ok(files.into_iter().map(find).collect::<Result<_, _>>()?)
    }
}

fn of_table(table: Table, segments: Vec<Arc<Segment>>) -> SealedFiles {
    match table {
        Table::Events => SealedFiles { events: segments, ..SealedFiles::default() },
        Table::RejectedEvents => SealedFiles { rejected: segments, ..SealedFiles::default() },
    }
}

/// Fails once the engine is being closed, so that nobody waits for a long rewrite.
struct Stoppable<'a> {
    inner: &'a mut (dyn Write + Send),
    stopping: &'a AtomicBool,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(io::Error::other("the engine is being closed"));
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
