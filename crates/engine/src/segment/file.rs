//! An opened segment: where its bytes are, its footer, and what a question can be told from the footer alone.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Repetition;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;

use super::layout::{VariantLayout, with_views};
use super::paths::{FORMAT_KEY, FORMAT_VERSION, PATHS_KEY, decode};
use super::{SegmentError, Table};
use crate::clock::Micros;
use crate::disk::DiskFile;
use crate::tail::PathType;

/// Bytes that a reader without a plan reads ahead.
const READ_AHEAD_BYTES: usize = 16 << 10;

/// A sealed file that is open for reading. Clones of the handle share the footer.
#[derive(Debug)]
pub struct Segment {
    name: String,
    table: Table,
    input: Arc<Input>,
    length: u64,
    metadata: ArrowReaderMetadata,
    /// One for each column of the table.
    columns: Vec<ColumnLayout>,
    groups: Vec<Group>,
    paths: Vec<(Arc<str>, PathType)>,
    partial: bool,
}

/// Where a column of the table is in a file.
#[derive(Debug, Clone)]
pub(crate) enum ColumnLayout {
    /// The leaf column that holds it.
    Plain(usize),
    Json(VariantLayout),
    /// The file is older than the column.
    Missing,
}

/// A group of rows: what one thread reads at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub(crate) rows: usize,
    /// Smallest and largest event time.
    pub(crate) times: (Micros, Micros),
}

enum Input {
    Disk(Box<dyn DiskFile>),
    Memory(Bytes),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk(_) => "Disk",
            Self::Memory(_) => "Memory",
        })
    }
}

impl Segment {
    /// Opens a file, reading its footer. `name` is what errors call it.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, or was written by a newer version.
    pub fn open(table: Table, name: &str, file: Box<dyn DiskFile>) -> Result<Self, SegmentError> {
        let length = file.len()?;
        Self::load(table, name, Input::Disk(file), length)
    }

    /// Opens a segment that is in memory.
    ///
    /// # Errors
    /// As [`Segment::open`].
    pub fn from_bytes(table: Table, name: &str, bytes: Bytes) -> Result<Self, SegmentError> {
        let length = bytes.len() as u64;
        Self::load(table, name, Input::Memory(bytes), length)
    }

    fn load(table: Table, name: &str, input: Input, length: u64) -> Result<Self, SegmentError> {
        let input = Arc::new(input);
        let source = Source { input: Arc::clone(&input), length, read: Arc::default() };
        let options =
            ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional).with_skip_arrow_metadata(true);
        let plain = ArrowReaderMetadata::load(&source, options.clone())?;
        check_version(name, plain.metadata())?;
        let views = with_views(plain.schema());
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options.with_schema(views))?;
        let columns = columns_of(table, plain.metadata());
        let groups = groups_of(name, plain.metadata(), columns.get(table.time_column()))?;
        let mut segment = Self {
            name: name.to_owned(),
            table,
            input,
            length,
            columns,
            groups,
            paths: entry(plain.metadata(), PATHS_KEY).map(|entry| decode(entry, "data")).unwrap_or_default(),
            partial: false,
            metadata,
        };
        segment.partial = segment.has_unlisted_paths();
        Ok(segment)
    }

    /// Returns what errors call the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn table(&self) -> Table {
        self.table
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// Returns the largest event time.
    #[must_use]
    pub fn timestamp_max(&self) -> Option<Micros> {
        self.groups.iter().map(|group| group.times.1).max()
    }

    /// Returns the length of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.length
    }

    /// Returns the types of the paths inside `data` that have columns, and whether there are others.
    #[must_use]
    pub fn paths(&self) -> (&[(Arc<str>, PathType)], bool) {
        (&self.paths, self.partial)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn column(&self, index: usize) -> &ColumnLayout {
        self.columns.get(index).unwrap_or(&ColumnLayout::Missing)
    }

    pub(crate) fn metadata(&self) -> &ArrowReaderMetadata {
        &self.metadata
    }

    /// Returns a reader of the file's bytes that adds up how many it reads.
    pub(crate) fn source(&self, read: Arc<AtomicU64>) -> Source {
        Source { input: Arc::clone(&self.input), length: self.length, read }
    }

    /// Says that these leaf columns of a group will be read soon.
    pub(crate) fn expect(&self, group: usize, leaves: &[usize]) {
        if let Input::Disk(file) = &*self.input {
            let group = self.metadata.metadata().row_group(group);
            let range = |leaf: &usize| {
                let (start, length) = group.column(*leaf).byte_range();
                start..start.saturating_add(length)
            };
            file.expect(&leaves.iter().map(range).collect::<Vec<_>>());
        }
    }

    /// Returns the statistics of a leaf column in a group.
    pub(crate) fn statistics(&self, group: usize, leaf: usize) -> Option<&Statistics> {
        self.metadata.metadata().row_group(group).column(leaf).statistics()
    }

    /// Returns whether a leaf column has no value in a group.
    pub(crate) fn is_empty(&self, group: usize, leaf: usize) -> bool {
        let chunk = self.metadata.metadata().row_group(group).column(leaf);
        chunk
            .statistics()
            .and_then(Statistics::null_count_opt)
            .is_some_and(|nulls| u64::try_from(chunk.num_values()).is_ok_and(|values| values == nulls))
    }

    /// Returns the filter that knows which values of a leaf column are not in a group.
    pub(crate) fn bloom_filter(&self, group: usize, leaf: usize) -> Option<Sbbf> {
        let source = self.source(Arc::default());
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone());
        builder.get_row_group_column_bloom_filter(group, leaf).ok().flatten()
    }

    fn has_unlisted_paths(&self) -> bool {
        let Some(ColumnLayout::Json(layout)) = self.table.json_columns().first().map(|column| self.column(*column))
        else {
            return false;
        };
        let mut values = Vec::new();
        object_values(&layout.root, &mut values);
        values.iter().any(|leaf| (0..self.groups.len()).any(|group| !self.is_empty(group, *leaf)))
    }
}

/// Adds the leaf columns that hold fields without columns of their own.
fn object_values(node: &super::layout::NodeLayout, values: &mut Vec<usize>) {
    if !matches!(node.typed, super::layout::TypedLayout::Leaf(..)) {
        values.extend(node.value);
    }
    node.children().iter().for_each(|child| object_values(child, values));
}

fn check_version(name: &str, metadata: &ParquetMetaData) -> Result<(), SegmentError> {
    // A file without a version is another program's: its columns speak for themselves.
    let Some(version) = entry(metadata, FORMAT_KEY) else { return Ok(()) };
    match version.parse::<u32>() {
        Ok(version) if version <= FORMAT_VERSION => Ok(()),
        Ok(version) => Err(SegmentError::Newer { name: name.to_owned(), version }),
        Err(_) => {
            Err(SegmentError::Damaged { name: name.to_owned(), reason: format!("its format version is {version:?}") })
        }
    }
}

fn entry<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let entries = metadata.file_metadata().key_value_metadata()?;
    entries.iter().find(|entry| entry.key == key)?.value.as_deref()
}

fn columns_of(table: Table, metadata: &ParquetMetaData) -> Vec<ColumnLayout> {
    let schema = metadata.file_metadata().schema_descr();
    let mut first = 0;
    let mut found = Vec::new();
    for (index, field) in schema.root_schema().get_fields().iter().enumerate() {
        let leaves =
            (first..schema.num_columns()).take_while(|leaf| schema.get_column_root_idx(*leaf) == index).count();
        let layout = match VariantLayout::of(field, first) {
            Some(layout) => ColumnLayout::Json(layout),
            None => ColumnLayout::Plain(first),
        };
        let is_repeated =
            field.get_basic_info().has_repetition() && field.get_basic_info().repetition() == Repetition::REPEATED;
        if !is_repeated {
            found.push((field.name().to_owned(), layout));
        }
        first += leaves;
    }
    let column = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, layout)| layout.clone());
    table.schema().fields().iter().map(|field| column(field.name()).unwrap_or(ColumnLayout::Missing)).collect()
}

fn groups_of(name: &str, metadata: &ParquetMetaData, time: Option<&ColumnLayout>) -> Result<Vec<Group>, SegmentError> {
    let damaged = |reason: &str| SegmentError::Damaged { name: name.to_owned(), reason: reason.to_owned() };
    let Some(ColumnLayout::Plain(time)) = time else { return Err(damaged("it has no time column")) };
    let group = |group: &parquet::file::metadata::RowGroupMetaData| {
        let Some(Statistics::Int64(times)) = group.column(*time).statistics() else {
            return Err(damaged("a group has no bounds of its times"));
        };
        let (Some(first), Some(last)) = (times.min_opt(), times.max_opt()) else {
            return Err(damaged("a group has no bounds of its times"));
        };
        let rows = usize::try_from(group.num_rows()).map_err(|_| damaged("a group has less than no rows"))?;
        Ok(Group { rows, times: (*first, *last) })
    };
    metadata.row_groups().iter().map(group).collect()
}

/// Reads a segment's bytes and adds up how many.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    input: Arc<Input>,
    length: u64,
    read: Arc<AtomicU64>,
}

impl Source {
    fn fill(&self, buffer: &mut [u8], start: u64) -> io::Result<usize> {
        match &*self.input {
            Input::Disk(file) => file.read_at(buffer, start),
            Input::Memory(bytes) => {
                let rest = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                Ok(length)
            }
        }
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Source {
    type T = SourceReader;

    fn get_read(&self, start: u64) -> parquet::errors::Result<SourceReader> {
        Ok(SourceReader { source: self.clone(), position: start, buffer: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        if let Input::Memory(bytes) = &*self.input {
            let range = usize::try_from(start).ok().and_then(|start| Some(start..start.checked_add(length)?));
            if let Some(range) = range.filter(|range| range.end <= bytes.len()) {
                return Ok(bytes.slice(range));
            }
        }
        let mut buffer = vec![0; length];
        if self.fill(&mut buffer, start)? < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(buffer.into())
    }
}

/// Reads a segment's bytes from one place on.
#[derive(Debug)]
pub(crate) struct SourceReader {
    source: Source,
    position: u64,
    buffer: Bytes,
}

impl Read for SourceReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            let mut ahead = vec![0; READ_AHEAD_BYTES];
            let length = self.source.fill(&mut ahead, self.position)?;
            ahead.truncate(length);
            self.position += length as u64;
            self.source.read.fetch_add(length as u64, Ordering::Relaxed);
            self.buffer = ahead.into();
        }
        let length = self.buffer.len().min(out.len());
        out[..length].copy_from_slice(&self.buffer.split_to(length));
        Ok(length)
    }
}
