//! Cuts a body that goes on into lines, and lines into server-sent events.

use bytes::{Bytes, BytesMut};

use super::error::ClientError;
use super::response::Response;

/// Bytes of one line. An event is at most 1 MiB by default; beyond this the other side is not one of ours.
const LINE_BYTES_MAX: usize = 64 << 20;

/// The lines of a body, without their ends.
#[derive(Debug)]
pub struct Lines {
    response: Response,
    buffer: BytesMut,
    /// Bytes of the buffer that are known to hold no line's end.
    searched: usize,
}

impl Lines {
    pub(super) fn new(response: Response) -> Self {
        Self { response, buffer: BytesMut::new(), searched: 0 }
    }

    /// Returns the next line, or nothing at the end of the body. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the connection breaks, the time is up, or a line has no end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            if self.buffer.len() > LINE_BYTES_MAX {
                let reason = format!("a line of more than {LINE_BYTES_MAX} bytes");
                return Err(ClientError::Foreign { url: "the server".to_owned(), reason });
            }
            let Some(chunk) = self.response.chunk().await? else {
                self.searched = 0;
                let rest = self.buffer.split().freeze();
                return Ok((!rest.is_empty()).then_some(rest));
            };
            self.buffer.extend_from_slice(&chunk);
        }
    }

    fn take_line(&mut self) -> Option<Bytes> {
        let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let mut line = self.buffer.split_to(self.searched + end + 1);
        self.searched = 0;
        line.truncate(line.len() - 1);
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        Some(line.freeze())
    }
}

/// The `data` of each server-sent event. Comments, which keep a silent connection alive, are passed over.
#[derive(Debug)]
pub struct SseEvents {
    lines: Lines,
    /// Data of the event whose end has not come.
    data: Option<BytesMut>,
}

impl SseEvents {
    pub(super) fn new(response: Response) -> Self {
        Self { lines: Lines::new(response), data: None }
    }

    /// Returns the data of the next event, or nothing at the end of the stream. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(line) = self.lines.next().await? {
            if line.is_empty() {
                match self.data.take() {
                    Some(data) => return Ok(Some(data.freeze())),
                    None => continue,
                }
            }
            let Some(text) = line.strip_prefix(b"data:") else { continue };
            let text = text.strip_prefix(b" ").unwrap_or(text);
            match &mut self.data {
                None => self.data = Some(BytesMut::from(text)),
                Some(data) => {
                    data.extend_from_slice(b"\n");
                    data.extend_from_slice(text);
                }
            }
        }
        Ok(None)
    }
}
