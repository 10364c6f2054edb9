//! Lines that an API server sends one by one: a watch, a log.

use std::pin::Pin;

use futures::{AsyncBufRead, AsyncBufReadExt};

use super::error::KubeError;
use super::limits;

/// Lines of an answer that goes on.
pub struct Lines {
    stream: Pin<Box<dyn AsyncBufRead + Send>>,
    server: String,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Lines").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Lines {
    pub(super) fn new(stream: impl AsyncBufRead + Send + 'static, server: &str) -> Self {
        Self { stream: Box::pin(stream), server: server.to_owned() }
    }

    /// Returns the next line without its end; None after the last one. A line above the limit is cut.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> Result<Option<String>, KubeError> {
        let mut line = Vec::new();
        loop {
            let broken = |error: std::io::Error| KubeError::Unreachable {
                server: self.server.clone(),
                reason: error.to_string(),
            };
            let piece = self.stream.fill_buf().await.map_err(broken)?;
            if piece.is_empty() {
                return Ok((!line.is_empty()).then(|| text(&line)));
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(piece.len());
            let room = limits::LINE_BYTES_MAX.saturating_sub(line.len()).min(taken);
            line.extend_from_slice(&piece[..room]);
            self.stream.consume_unpin(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(text(&line)));
            }
        }
    }
}

/// A log may hold any bytes.
fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_however_they_are_cut() {
        let bytes = futures::io::Cursor::new(b"one\r\n\ntwo\xff\nlast".to_vec());
        let mut lines = Lines::new(futures::io::BufReader::with_capacity(2, bytes), "test");
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.expect("the cursor does not break") {
            read.push(line);
        }
        assert_eq!(read, ["one", "", "two\u{fffd}", "last"]);
    }
}
