//! Opens what events are read from, unpacks it, and finds out how the events in it are laid out.

mod json;
mod lines;
mod table;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use super::batch::{Batcher, Stopped};
pub(super) use table::Defaults;

/// Bytes read at once from a file.
const BUFFER_BYTES: usize = 1 << 20;
/// Bytes that are looked at to find out how events are packed and laid out.
const HEAD_BYTES: usize = 64 << 10;
/// Bytes of one event's text; the server takes 1 MiB unless it is told otherwise.
const EVENT_BYTES_MAX: usize = 16 << 20;

/// How events are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Layout {
    /// One JSON object a line
    Ndjson,
    /// One JSON array of objects, or objects that span lines
    Json,
    /// A header line of field names, then a line an event
    Csv,
}

/// When a batch that is not full is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// At the end: a file is read as fast as it goes.
    Bulk,
    /// As soon as nothing more has arrived: somebody may be waiting for what they typed.
    Live,
}

/// Why events can not be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum InputError {
    #[error("cannot open {name}: {}", plain(reason))]
    Open { name: String, reason: io::Error },
    #[error("cannot read {name}: {}", plain(reason))]
    Read { name: String, reason: io::Error },
    #[error("{name} is packed with {how}; gzip and zstd are read")]
    Packed { name: String, how: &'static str },
    #[error("{name}:{line}: an event of more than {} MiB", EVENT_BYTES_MAX >> 20)]
    TooLong { name: String, line: u64 },
    #[error("{name}:{line}: {reason}")]
    Malformed { name: String, line: u64, reason: String },
}

/// Returns the system's words without its number, in lowercase.
fn plain(reason: &io::Error) -> String {
    reason.to_string().split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Something to read events from.
pub(super) struct Input {
    name: String,
    layout: Layout,
    pace: Pace,
    reader: BufReader<Box<dyn Read + Send>>,
}

/// What ended the reading.
#[derive(Debug)]
pub(super) enum End {
    /// The input did.
    Complete,
    /// Nobody takes events any more.
    Stopped,
}

impl Input {
    /// Opens a file.
    pub(super) fn open(path: &Path, layout: Option<Layout>) -> Result<Self, InputError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::new(name, Box::new(file), Pace::Bulk, layout.or_else(|| layout_of_name(path))),
            Err(reason) => Err(InputError::Open { name, reason }),
        }
    }

    /// Takes what is piped or typed in.
    pub(super) fn stdin(layout: Option<Layout>) -> Result<Self, InputError> {
        Self::new("<stdin>".to_owned(), Box::new(io::stdin()), Pace::Live, layout)
    }

    fn new(name: String, source: Box<dyn Read + Send>, pace: Pace, layout: Option<Layout>) -> Result<Self, InputError> {
        let unpacked = unpack(&name, source)?;
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, unpacked);
        let layout = match layout {
            Some(layout) => layout,
            None => layout_of_content(&mut reader).map_err(|reason| InputError::Read { name: name.clone(), reason })?,
        };
        Ok(Self { name, layout, pace, reader })
    }

    /// Reads everything into `batcher`.
    pub(super) fn read(self, defaults: &Defaults, batcher: &mut Batcher) -> Result<End, InputError> {
        batcher.begin(&self.name);
        let done = match self.layout {
            Layout::Ndjson => lines::read(self, batcher)?,
            Layout::Json => json::read(self, batcher)?,
            Layout::Csv => table::read(self, defaults, batcher)?,
        };
        Ok(match done.and_then(|()| batcher.flush()) {
            Ok(()) => End::Complete,
            Err(Stopped) => End::Stopped,
        })
    }

    /// Tells whether events arrive as they happen.
    pub(super) fn is_live(&self) -> bool {
        self.pace == Pace::Live
    }

    /// Tells whether what has arrived so far should be sent before waiting for more.
    fn is_drained(&self) -> bool {
        self.pace == Pace::Live && self.reader.buffer().is_empty()
    }

    fn unreadable(&self, reason: io::Error) -> InputError {
        InputError::Read { name: self.name.clone(), reason }
    }
}

/// First bytes of packed files.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const NOT_READ: [(&[u8], &str); 3] = [(b"BZh", "bzip2"), (&[0xfd, b'7', b'z', b'X'], "xz"), (b"PK\x03\x04", "zip")];

/// Returns the bytes unpacked, if they are packed in a way that is known.
pub(in crate::commands) fn unpack(
    name: &str,
    mut source: Box<dyn Read + Send>,
) -> Result<Box<dyn Read + Send>, InputError> {
    let unreadable = |reason| InputError::Read { name: name.to_owned(), reason };
    let head = first_bytes(&mut source).map_err(unreadable)?;
    if let Some((_, how)) = NOT_READ.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(InputError::Packed { name: name.to_owned(), how });
    }
    let (gzip, zstd) = (head.starts_with(GZIP), head.starts_with(ZSTD));
    let whole = Cursor::new(head).chain(source);
    // What comes out is handed on batch by batch, so that a small file that unpacks to a huge one takes no memory.
    Ok(if gzip {
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(whole)))
    } else if zstd {
        Box::new(zstd::stream::read::Decoder::new(whole).map_err(unreadable)?)
    } else {
        Box::new(whole)
    })
}

/// Returns what has arrived: of a pipe perhaps one line, which is not kept waiting for the next.
fn first_bytes(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD_BYTES];
    let mut length = 0;
    while length < ZSTD.len() && !head[..length].contains(&b'\n') {
        match source.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(length);
    Ok(head)
}

fn layout_of_name(path: &Path) -> Option<Layout> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = [".gz", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" => Some(Layout::Csv),
        "ndjson" | "jsonl" => Some(Layout::Ndjson),
        _ => None,
    }
}

/// Looks at the first line: a whole JSON value on it means that every line is one.
fn layout_of_content(reader: &mut BufReader<Box<dyn Read + Send>>) -> io::Result<Layout> {
    let start = io::BufRead::fill_buf(reader)?;
    let text = start.trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(match text.first() {
        Some(b'[') => Layout::Json,
        Some(b'{') if json::is_cut_off(line) => Layout::Json,
        _ => Layout::Ndjson,
    })
}
