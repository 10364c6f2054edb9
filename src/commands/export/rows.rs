//! Turns the server's answer into the bytes of one file: read from Arrow, laid out, packed, written.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;
use flate2::write::GzEncoder;
use streamflow_engine::encode::{EncodeError, RowWriter};
use tokio::sync::mpsc;

use super::destination::Destination;
use super::layout::{Layout, Packing};
use crate::printer::{CommandError, ExitStatus, Progress};

/// zstd's own default: more takes much longer for little.
const ZSTD_LEVEL: i32 = 3;

/// A file of rows under way.
pub(super) struct RowFile<'a> {
    layout: Layout,
    decoder: StreamDecoder,
    /// None until the columns are known.
    writer: Option<RowWriter>,
    packer: Packer,
    destination: Destination<'a>,
    written: Written,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl<'a> RowFile<'a> {
    /// Returns a file without rows.
    pub(super) fn new(layout: Layout, destination: Destination<'a>) -> Self {
        let decoder = StreamDecoder::new();
        let packer = Packer::Plain;
        Self { layout, decoder, writer: None, packer, destination, written: Written::default() }
    }

    /// Writes all rows in the pieces of an Arrow stream. Blocks while there is none.
    ///
    /// # Errors
    /// When the pieces are no such stream, a value has no form in the file, or the file takes no more.
    pub(super) fn write_all(
        mut self,
        mut pieces: mpsc::Receiver<Bytes>,
        progress: &Progress,
    ) -> Result<Self, CommandError> {
        self.packer = Packer::new(self.layout.packing).map_err(|error| unpackable(&error))?;
        while let Some(piece) = pieces.blocking_recv() {
            let mut piece = Buffer::from(piece);
            while !piece.is_empty() {
                let batch = self.decoder.decode(&mut piece).map_err(|error| foreign(&error))?;
                self.begin()?;
                if let Some(batch) = batch {
                    self.write(&batch)?;
                    progress.set(self.written.rows);
                }
            }
        }
        Ok(self)
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// When the stream of rows was not whole, or the file can not be written.
    pub(super) fn finish(mut self) -> Result<Written, CommandError> {
        self.decoder.finish().map_err(|error| foreign(&error))?;
        let writer = self.writer.take().ok_or_else(|| foreign(&"it has no columns"))?;
        let end = writer.finish().map_err(|error| unencodable(&error))?;
        self.pass(&end)?;
        let end = std::mem::replace(&mut self.packer, Packer::Plain).finish().map_err(|error| unpackable(&error))?;
        self.emit(&end)?;
        self.destination.finish()?;
        Ok(self.written)
    }

    /// Makes the writer as soon as the columns are known.
    fn begin(&mut self) -> Result<(), CommandError> {
        if self.writer.is_none()
            && let Some(schema) = self.decoder.schema()
        {
            let writer = RowWriter::new(self.layout.form, &schema).map_err(|error| unencodable(&error))?;
            self.writer = Some(writer);
        }
        Ok(())
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), CommandError> {
        let writer = self.writer.as_mut().ok_or_else(|| foreign(&"rows come before their columns"))?;
        let bytes = writer.write(batch).map_err(|error| unencodable(&error))?;
        self.written.rows += batch.num_rows() as u64;
        self.pass(&bytes)
    }

    fn pass(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        let packed = match &mut self.packer {
            Packer::Plain => return self.emit(bytes),
            packer => packer.pack(bytes).map_err(|error| unpackable(&error))?,
        };
        self.emit(&packed)
    }

    fn emit(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.written.bytes += bytes.len() as u64;
        if bytes.is_empty() { Ok(()) } else { self.destination.write(bytes) }
    }
}

/// Makes bytes fewer.
enum Packer {
    Plain,
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Packer {
    fn new(packing: Packing) -> io::Result<Self> {
        Ok(match packing {
            Packing::None => Self::Plain,
            Packing::Gzip => Self::Gzip(Box::new(GzEncoder::new(Vec::new(), flate2::Compression::default()))),
            Packing::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(Box::new(encoder))
            }
        })
    }

    /// Takes bytes and returns what is ready of the packed ones.
    fn pack(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(bytes.to_vec()),
            Self::Gzip(encoder) => {
                encoder.write_all(bytes)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Zstd(encoder) => {
                encoder.write_all(bytes)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(Vec::new()),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

fn foreign(reason: &dyn std::fmt::Display) -> CommandError {
    CommandError::new("cannot_connect", format!("the rows did not arrive whole: {reason}"), ExitStatus::Unreachable)
        .with_hint("nothing was kept; try again")
}

fn unencodable(error: &EncodeError) -> CommandError {
    CommandError::usage(error.to_string()).with_hint("cast the column to text, or choose another form of file")
}

fn unpackable(error: &io::Error) -> CommandError {
    CommandError::bug(format!("the rows can not be packed: {error}"))
}
