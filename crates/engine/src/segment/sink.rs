//! Lets a file of a disk be written from its beginning to its end.

use std::io::{self, IoSlice, Write};

use crate::disk::DiskFile;

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes a file from its beginning on. What `flush` was not called for may not be in the file; nothing is synced.
#[derive(Debug)]
pub struct FileSink<'a> {
    file: &'a mut dyn DiskFile,
    offset: u64,
    buffer: Vec<u8>,
}

impl<'a> FileSink<'a> {
    /// Starts at the beginning of `file`.
    pub fn new(file: &'a mut dyn DiskFile) -> Self {
        Self { file, offset: 0, buffer: Vec::with_capacity(BUFFER_BYTES) }
    }
}

impl Write for FileSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.write_all_at(&mut [IoSlice::new(&self.buffer)], self.offset)?;
            self.offset += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}
