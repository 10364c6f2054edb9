//! Reads one HTTP/1.1 response at a time from a keep-alive connection, with as little work as a load generator can do.
//! Knows nothing of sockets: bytes are handed in.

use std::ops::Range;

/// Bytes of one response that the bench is willing to hold.
const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// Bytes of a response's head; ours are about 200.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Free space offered for one read.
const READ_BYTES: usize = 8 << 10;

/// What the server sent is no response that this reader understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer is no HTTP/1.1 response: {0}")]
pub(super) struct BadResponse(&'static str);

/// A whole response, borrowed from its reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Response<'_> {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Collects the bytes of one response after the other.
#[derive(Debug, Default)]
pub(super) struct ResponseReader {
    buffer: Vec<u8>,
    filled: usize,
    head: Option<Head>,
    chunks: Chunks,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    bytes: usize,
    status: u16,
    framing: Framing,
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
}

/// A chunked body as far as it was joined.
#[derive(Debug, Default)]
struct Chunks {
    body: Vec<u8>,
    next: usize,
}

impl ResponseReader {
    /// Returns room for the next read.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.buffer.len() < self.filled + READ_BYTES {
            self.buffer.resize((self.filled + READ_BYTES).max(self.buffer.len() * 2), 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Says that `count` bytes of [`Self::space`] were filled.
    pub(super) fn filled(&mut self, count: usize) {
        self.filled += count;
    }

    /// Forgets the response that was taken.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
        self.head = None;
        self.chunks.body.clear();
        self.chunks.next = 0;
    }

    /// Returns the response once all of it is there.
    pub(super) fn response(&mut self) -> Result<Option<Response<'_>>, BadResponse> {
        let bytes = &self.buffer[..self.filled];
        if self.head.is_none() {
            self.head = Head::parse(bytes)?;
        }
        let Some(head) = self.head else { return Ok(None) };
        if bytes.len() > RESPONSE_BYTES_MAX {
            return Err(BadResponse("it is longer than 64 MiB"));
        }
        let body = match head.framing {
            Framing::Length(length) if bytes.len() < head.bytes + length => return Ok(None),
            Framing::Length(length) => &bytes[head.bytes..head.bytes + length],
            Framing::Chunked => {
                self.chunks.next = self.chunks.next.max(head.bytes);
                if !self.chunks.join(bytes)? {
                    return Ok(None);
                }
                &self.chunks.body
            }
        };
        Ok(Some(Response { status: head.status, body }))
    }
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<Self>, BadResponse> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() > HEAD_BYTES_MAX { Err(BadResponse("its head does not end")) } else { Ok(None) };
        };
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| BadResponse("its head is not text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let status = status.ok_or(BadResponse("its first line holds no status"))?;
        let framing = lines.find_map(Framing::of_header).ok_or(BadResponse("it does not say how long it is"))??;
        Ok(Some(Self { bytes: end + 4, status, framing }))
    }
}

impl Framing {
    fn of_header(line: &str) -> Option<Result<Self, BadResponse>> {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            return Some(value.trim().parse().map(Self::Length).map_err(|_| BadResponse("its length is no number")));
        }
        let chunked = name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked");
        chunked.then_some(Ok(Self::Chunked))
    }
}

impl Chunks {
    /// Joins the chunks that are whole and returns whether the last one was among them.
    fn join(&mut self, bytes: &[u8]) -> Result<bool, BadResponse> {
        while let Some((data, next)) = chunk_at(bytes, self.next)? {
            self.body.extend_from_slice(&bytes[data.clone()]);
            self.next = next;
            if data.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns where the data of the chunk at `at` lies and where the next chunk begins, if all of it is there.
fn chunk_at(bytes: &[u8], at: usize) -> Result<Option<(Range<usize>, usize)>, BadResponse> {
    let Some(line_end) = bytes[at..].windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
    let line = std::str::from_utf8(&bytes[at..at + line_end]).map_err(|_| BadResponse("a chunk's size is not text"))?;
    let digits = line.split(';').next().unwrap_or_default().trim();
    let size = usize::from_str_radix(digits, 16).map_err(|_| BadResponse("a chunk's size is no number"))?;
    let start = at + line_end + 2;
    let Some(next) = start.checked_add(size).and_then(|end| end.checked_add(2)) else {
        return Err(BadResponse("a chunk is longer than memory"));
    };
    Ok((next <= bytes.len()).then_some((start..start + size, next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `wire` in pieces of every size: the response must come out the same, and only at the last byte.
    fn check(wire: &str, status: u16, body: &str) {
        for piece in [1, 2, 7, wire.len()] {
            let mut reader = ResponseReader::default();
            for (index, part) in wire.as_bytes().chunks(piece).enumerate() {
                reader.space()[..part.len()].copy_from_slice(part);
                reader.filled(part.len());
                let last = (index + 1) * piece >= wire.len();
                let expected = last.then_some(Response { status, body: body.as_bytes() });
                assert_eq!(reader.response().unwrap(), expected, "pieces of {piece}, after part {index}");
            }
        }
    }

    #[test]
    fn a_response_comes_out_whole_however_it_is_cut() {
        check("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", 201, "hello");
        check("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", 204, "");
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n",
            200,
            "hello, world",
        );
    }

    #[test]
    fn a_reader_serves_one_response_after_the_other() {
        let mut reader = ResponseReader::default();
        for round in 0..3 {
            let wire = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{round}\r\n0\r\n\r\n");
            reader.space()[..wire.len()].copy_from_slice(wire.as_bytes());
            reader.filled(wire.len());
            assert_eq!(reader.response().unwrap().unwrap().body, round.to_string().as_bytes());
            reader.clear();
        }
    }

    #[test]
    fn what_is_no_response_is_an_error() {
        for wire in
            ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nx: y\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"]
        {
            let mut reader = ResponseReader::default();
            reader.space()[..wire.len()].copy_from_slice(wire.as_bytes());
            reader.filled(wire.len());
            assert!(reader.response().is_err(), "{wire:?}");
        }
    }
}
