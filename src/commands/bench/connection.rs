//! One keep-alive connection of the load generator: writes a request, reads its answer, never two at a time.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;

use super::response::{BadResponse, Response, ResponseReader};
use super::traffic::Requests;

/// Why a connection can't be used any longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("the connection to the server failed: {0}")]
    Io(#[from] io::Error),
    #[error("the server closed a connection that was in use")]
    Closed,
    #[error(transparent)]
    Response(#[from] BadResponse),
}

/// A connection and the request that is on its way.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    requests: Requests,
    reader: ResponseReader,
    in_flight: Option<InFlight>,
}

#[derive(Debug, Clone, Copy)]
struct InFlight {
    began: Instant,
    written: usize,
}

/// How far a connection came.
#[derive(Debug)]
pub(super) enum Progress {
    /// Bytes are still to be written or read, or there was nothing to do.
    Waiting,
    Answered(Answer),
}

/// What became of a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) began: Instant,
    pub(super) acknowledged: u64,
    pub(super) request_bytes: u64,
    /// Status and body, when it was no success.
    pub(super) refusal: Option<String>,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, requests: Requests) -> io::Result<Self> {
        // Connected before it is made non-blocking: a run starts with all its connections established.
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream);
        Ok(Self { stream, requests, reader: ResponseReader::default(), in_flight: None })
    }

    pub(super) fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Returns when the request on its way was meant to begin.
    pub(super) fn began(&self) -> Option<Instant> {
        self.in_flight.map(|request| request.began)
    }

    /// Starts writing the next request.
    pub(super) fn begin(&mut self, intended: Instant, ids_used: &mut u64) -> Result<(), ConnectionError> {
        self.requests.advance(ids_used);
        self.in_flight = Some(InFlight { began: intended, written: 0 });
        self.write()
    }

    /// Writes and reads what the socket takes and gives.
    ///
    /// Reading stops at the end of an answer without waiting for the socket to run dry: nothing follows until the next
    /// request, and new bytes raise a new readiness event.
    pub(super) fn advance(&mut self) -> Result<Progress, ConnectionError> {
        let Some(request) = self.in_flight else { return Ok(Progress::Waiting) };
        if request.written < self.requests.current().len() {
            self.write()?;
        }
        loop {
            match self.stream.read(self.reader.space()) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(count) => self.reader.filled(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Progress::Waiting),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            if let Some(response) = self.reader.response()? {
                let request_bytes = self.requests.current().len() as u64;
                let answer = Answer::of(&response, request.began, request_bytes, self.requests.events_per_request);
                self.reader.clear();
                self.in_flight = None;
                return Ok(Progress::Answered(answer));
            }
        }
    }

    fn write(&mut self) -> Result<(), ConnectionError> {
        let Some(request) = &mut self.in_flight else { return Ok(()) };
        let bytes = self.requests.current();
        while request.written < bytes.len() {
            match self.stream.write(&bytes[request.written..]) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(count) => request.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Answer {
    fn of(response: &Response<'_>, began: Instant, request_bytes: u64, events: u64) -> Self {
        let refusal = (!response.is_success())
            .then(|| format!("{} {}", response.status, String::from_utf8_lossy(response.body).trim_end()));
        let acknowledged = if refusal.is_some() { 0 } else { accepted(response).unwrap_or(events) };
        Self { began, acknowledged, request_bytes, refusal }
    }
}

/// Returns the number with which a list is answered. A single event is answered with its place, the echo with anything.
fn accepted(response: &Response<'_>) -> Option<u64> {
    const NAME: &[u8] = b"\"accepted\":";
    let at = response.body.windows(NAME.len()).position(|window| window == NAME)?;
    let digits = response.body[at + NAME.len()..].iter().skip_while(|byte| **byte == b' ');
    Some(digits.take_while(|byte| byte.is_ascii_digit()).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_accepted_counts_as_acknowledged() {
        let check = |status, body: &str, expected| {
            let response = Response { status, body: body.as_bytes() };
            assert_eq!(Answer::of(&response, Instant::now(), 0, 1).acknowledged, expected, "{status} {body}");
        };
        check(201, r#"{"id":"0:7","partition":0,"offset":7}"#, 1);
        check(200, r#"{"accepted":1000,"duplicates":0}"#, 1000);
        check(200, r#"{"accepted": 12}"#, 12);
        check(422, r#"{"accepted":0}"#, 0);
        check(503, r#"{"error":{"code":"storage_unavailable"}}"#, 0);
    }
}
