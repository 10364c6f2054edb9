//! One seal, from the chunks of the tail to the journal files that go.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::journal_files::{self, Kept};
use super::{SealError, SealReport, Workshop, late};
use crate::catalog::{Change, NewFile, Sealed, table_dir};
use crate::segment::{Input, Segment, SegmentError, SegmentSummary, Table, place, write};
use crate::snapshot::SealedFiles;
use crate::tail::Chunk;

impl Workshop {
    /// Seals everything that was acknowledged before the call.
    pub(super) fn seal(&mut self, kept: Kept) -> Result<SealReport, SealError> {
        let before = self.catalog.lock().sealed()?;
        // In this order: a key whose journal file is on the list was remembered before the list was made.
        let files = journal_files::list(&*self.disk, &self.journal).map_err(|e| SealError::io(&self.journal, &e))?;
        let chunks = self.store.begin_seal();
        if chunks.first().is_some_and(|chunk| chunk.base_offset < before.next_offset) {
            return Err(SealError::Ahead);
        }
        let rejected = self.store.rejected_batch();
        let keys = self.store.take_fresh_keys();
        let mut report = SealReport::default();
        let mut sealed = before;
        if let Some(last) = chunks.last() {
            sealed.next_offset = last.end_offset();
        }
        if let Some(next) = rejected.as_ref().map(|(_, next)| *next) {
            sealed.next_rejected = sealed.next_rejected.max(next);
        }
        let input = |chunk: &Arc<Chunk>| Input { batch: chunk.batch.clone(), leaves: Some(chunk.leaves.clone()) };
        let inputs = chunks.iter().map(input).collect();
        let outcome = self.write_all(inputs, rejected.map(|(batch, _)| batch), sealed, &mut report).and_then(
            |(add, segments)| {
                for file in add.iter().filter(|file| file.table == Table::Events) {
                    sealed.last_appended_at = sealed.last_appended_at.max(file.summary.ingested_at.1);
                }
                let window = i64::try_from(self.store.dedup_window().as_micros()).unwrap_or(i64::MAX);
                let now = self.clock.now();
                let forget_keys_before = now.saturating_sub(window);
                let change = Change {
                    add,
                    sealed: Some(sealed),
                    request_keys: keys.clone(),
                    forget_keys_before,
                    ..Change::default()
                };
                if sealed != before || !change.request_keys.is_empty() {
                    self.catalog.lock().commit(&change, now)?;
                }
                Ok(segments)
            },
        );
        let segments = match outcome {
            Ok(segments) => segments,
            Err(error) => {
                self.store.give_back_fresh_keys(keys);
                return Err(error);
            }
        };
        self.store.seal(segments, sealed.next_offset, sealed.next_rejected);
        report.journal_files_removed = self.remove_journal(&files, sealed, kept);
        Ok(report)
    }

    fn write_all(
        &self,
        events: Vec<Input>,
        rejected: Option<RecordBatch>,
        sealed: Sealed,
        report: &mut SealReport,
    ) -> Result<(Vec<NewFile>, SealedFiles), SealError> {
        let (mut add, mut files) = (Vec::new(), SealedFiles::default());
        if !events.is_empty() {
            let kinds = late::split(events).map_err(SegmentError::from)?;
            for (inputs, suffix) in kinds.iter().zip(["", "-late"]) {
                let name = format!("{:020}{suffix}{}.parquet", sealed.next_offset, self.attempt());
                let (summary, segment) = self.write_file(Table::Events, &name, inputs)?;
                report.events += summary.rows;
                report.bytes += summary.bytes;
                add.push(NewFile { table: Table::Events, name, summary });
                files.events.push(Arc::new(segment));
            }
        }
        if let Some(batch) = rejected {
            let name = format!("{:020}{}.parquet", sealed.next_rejected, self.attempt());
            let (summary, segment) = self.write_file(Table::RejectedEvents, &name, &[batch.into()])?;
            report.rejected_events += summary.rows;
            report.bytes += summary.bytes;
            add.push(NewFile { table: Table::RejectedEvents, name, summary });
            files.rejected.push(Arc::new(segment));
        }
        report.files = add.len() as u64;
        Ok((add, files))
    }

    /// Returns what sets the names of this attempt apart from those of others, where one that failed may take effect later.
    fn attempt(&self) -> String {
        if self.lake.disk.is_remote() { format!("-{:x}", self.clock.now()) } else { String::new() }
    }

    /// Writes one file and makes it durable under its name.
    fn write_file(&self, table: Table, name: &str, inputs: &[Input]) -> Result<(SegmentSummary, Segment), SealError> {
        let dir = self.lake.path.join(table_dir(table));
        let options = self.write_options;
        let written = place(&*self.lake.disk, &dir, table, name, &mut |out| write(table, inputs, out, &options));
        written.map_err(|error| SealError::of_segment(dir.join(name), error))
    }

    fn remove_journal(&self, files: &[journal_files::JournalFile], sealed: Sealed, kept: Kept) -> u64 {
        let end = self.store.journal_end();
        let removed = journal_files::remove(&*self.disk, &self.journal, files, sealed, end, kept);
        removed.unwrap_or_else(|error| {
            tracing::warn!(%error, "journal files that are sealed could not be removed; the next seal tries again");
            0
        })
    }
}
