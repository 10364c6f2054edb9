//! Opens a file of rows, unpacks it, and finds out how its rows are laid out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::commands::send::input::{InputError, unpack};

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 20;
/// First bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// How rows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Layout {
    /// One JSON object a line
    Ndjson,
    /// A header line of column names, then a line a row
    Csv,
    /// Apache Parquet
    Parquet,
}

/// A file of rows.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) rows: Rows,
}

/// What rows are read from.
pub(super) enum Rows {
    Ndjson(Box<dyn BufRead + Send>),
    Csv(Box<dyn BufRead + Send>),
    Parquet(Counted),
}

/// Bytes of all files, and how many of them were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Bytes {
    /// None when one of the files is a pipe.
    pub(super) total: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Bytes {
    /// Returns the bytes of these files; a pipe has no end that is known.
    pub(super) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let sizes = paths.into_iter().map(|path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file));
        let total = sizes.map(|file| file.map(|file| file.len())).sum();
        Self { total, read: Arc::default() }
    }

    /// Returns how much was read, of 100.
    pub(super) fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.read.load(Ordering::Relaxed).min(total) * 100) / total)
    }
}

/// A file whose reading is counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) file: File,
    pub(super) read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

impl Source {
    /// Opens a file, or stdin for `-`.
    ///
    /// # Errors
    /// When there is no such file, it can not be read, or its rows have a layout that is not known.
    pub(super) fn open(path: &Path, layout: Option<Layout>, bytes: &Bytes) -> Result<Self, InputError> {
        if path.as_os_str() == "-" {
            return Self::text("<stdin>".to_owned(), Box::new(io::stdin()), layout);
        }
        let name = path.display().to_string();
        let failed = |reason| InputError::Open { name: name.clone(), reason };
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::Error::other("it is a folder")));
        }
        let is_parquet = metadata.is_file() && begins_as_parquet(&mut file).map_err(failed)?;
        let counted = Counted { file, read: Arc::clone(&bytes.read) };
        if is_parquet || layout == Some(Layout::Parquet) {
            return Ok(Self { name, rows: Rows::Parquet(counted) });
        }
        Self::text(name, Box::new(counted), layout.or_else(|| layout_of_name(path)))
    }

    fn text(name: String, bytes: Box<dyn Read + Send>, layout: Option<Layout>) -> Result<Self, InputError> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, unpack(&name, bytes)?);
        let start = reader.fill_buf().map_err(|reason| InputError::Read { name: name.clone(), reason })?;
        if start.starts_with(PARQUET) || layout == Some(Layout::Parquet) {
            let reason = io::Error::other("parquet is read from a file that is not packed, never from a pipe");
            return Err(InputError::Read { name, reason });
        }
        // A line that begins with a brace is JSON; the header of a table does not.
        let is_json = start.trim_ascii_start().first().is_none_or(|byte| *byte == b'{');
        let rows: Box<dyn BufRead + Send> = Box::new(reader);
        let layout = layout.unwrap_or(if is_json { Layout::Ndjson } else { Layout::Csv });
        let rows = if layout == Layout::Csv { Rows::Csv(rows) } else { Rows::Ndjson(rows) };
        Ok(Self { name, rows })
    }
}

/// Looks at the first bytes, and goes back.
fn begins_as_parquet(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    Read::by_ref(file).take(PARQUET.len() as u64).read_to_end(&mut head)?;
    io::Seek::rewind(file)?;
    Ok(head == PARQUET)
}

fn layout_of_name(path: &Path) -> Option<Layout> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = [".gz", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" => Some(Layout::Csv),
        "ndjson" | "jsonl" => Some(Layout::Ndjson),
        "parquet" => Some(Layout::Parquet),
        _ => None,
    }
}
