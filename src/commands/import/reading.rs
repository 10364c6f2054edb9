//! Reads the rows of a source one after the other and hands their events on; a row that is none is told and passed over.

mod csv;
mod ndjson;
mod parquet;

use std::sync::Arc;

use super::mapping::{Cell, Dots, Mapping};
use super::source::{Bytes, Rows, Source};
use crate::commands::send::batch::{Batcher, Stopped};
use crate::commands::send::flow::REJECTIONS_SHOWN_MAX;
use crate::commands::send::input::InputError;
use crate::printer::Progress;

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) rows: u64,
    /// Rows that are no events.
    pub(super) unreadable: u64,
    /// The first of them: `file:line: why`.
    pub(super) complaints: Vec<String>,
}

/// What ended the reading of a source.
#[derive(Debug)]
pub(super) enum End {
    Complete,
    /// Nobody takes events any more.
    Stopped,
}

impl From<Result<(), Stopped>> for End {
    fn from(result: Result<(), Stopped>) -> Self {
        result.map_or(Self::Stopped, |()| Self::Complete)
    }
}

/// Takes rows, gives events.
pub(super) struct Reading {
    mapping: Mapping,
    batcher: Batcher,
    bytes: Bytes,
    progress: Arc<Progress>,
    name: String,
    event: Vec<u8>,
    pub(super) read: Read,
}

impl Reading {
    pub(super) fn new(mapping: Mapping, batcher: Batcher, bytes: Bytes, progress: Arc<Progress>) -> Self {
        let (name, event, read) = (String::new(), Vec::new(), Read::default());
        Self { mapping, batcher, bytes, progress, name, event, read }
    }

    /// Reads every row of a source. Blocks while enough events wait to be sent.
    ///
    /// # Errors
    /// When the source can not be read on.
    pub(super) fn read(&mut self, source: Source) -> Result<End, InputError> {
        self.batcher.begin(&source.name);
        self.name = source.name;
        let end = match source.rows {
            Rows::Ndjson(reader) => ndjson::read(reader, self)?,
            Rows::Csv(reader) => csv::read(reader, self)?,
            Rows::Parquet(file) => parquet::read(file, self)?,
        };
        if let Some(percent) = self.bytes.percent() {
            self.progress.note(format!("{percent}%"));
        }
        Ok(match end {
            End::Complete => self.batcher.flush().into(),
            End::Stopped => End::Stopped,
        })
    }

    /// Takes one row. `line` is its place in the source, from 1.
    fn row(&mut self, line: u64, cells: &[Cell<'_>], dots: Dots) -> Result<(), Stopped> {
        self.event.clear();
        if let Err(reason) = self.mapping.event(cells, dots, &mut self.event) {
            self.unreadable(line, &reason);
            return Ok(());
        }
        self.read.rows += 1;
        if self.read.rows.is_multiple_of(ROWS_PER_NOTE)
            && let Some(percent) = self.bytes.percent()
        {
            self.progress.note(format!("{percent}%"));
        }
        let event = &self.event;
        self.batcher.write(line, |out| out.extend_from_slice(event))
    }

    /// Tells of a row that is no event.
    fn unreadable(&mut self, line: u64, reason: &str) {
        self.read.rows += 1;
        self.read.unreadable += 1;
        if self.read.complaints.len() < REJECTIONS_SHOWN_MAX {
            self.read.complaints.push(format!("{}:{line}: {reason}", self.name));
        }
    }

    fn failed(&self, reason: std::io::Error) -> InputError {
        InputError::Read { name: self.name.clone(), reason }
    }
}

/// How often the display is told how far the reading is.
const ROWS_PER_NOTE: u64 = 5_000;

#[cfg(test)]
mod tests;
