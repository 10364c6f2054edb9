//! Sends events one request after the other over a keep-alive connection and remembers what was promised.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A connection to a server that may end at any moment.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a body and returns status and answer.
    pub(crate) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<(u16, Value)> {
        let mut request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
        let typed = headers.iter().any(|(name, _)| *name == "content-type");
        let json = if typed { None } else { Some(("content-type", "application/json")) };
        for (name, value) in headers.iter().copied().chain(json) {
            request += &format!("{name}: {value}\r\n");
        }
        self.stream.get_mut().write_all(format!("{request}\r\n{body}").as_bytes())?;
        let mut status = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if status.is_empty() {
                status = line;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let status = status.split(' ').nth(1).and_then(|digits| digits.parse().ok());
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, serde_json::from_slice(&answer).unwrap_or_default()))
    }
}

/// How a sender may repeat a request whose answer it never got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One event without an id: it can't.
    Single,
    /// A list whose events have ids.
    Ids,
    /// A list with an `Idempotency-Key`.
    Key,
}

/// Events of a list.
const LIST_EVENTS: usize = 30;

/// Sends requests of one kind.
pub(super) struct Sender {
    kind: Kind,
    sent: u64,
    /// Markers of every event that was acknowledged.
    pub(super) acknowledged: Vec<String>,
    unanswered: Option<Request>,
}

#[derive(Clone)]
struct Request {
    key: String,
    markers: Vec<String>,
}

impl Sender {
    pub(super) fn one_of_each_kind() -> Vec<Self> {
        [Kind::Single, Kind::Ids, Kind::Key]
            .map(|kind| Self { kind, sent: 0, acknowledged: Vec::new(), unanswered: None })
            .into()
    }

    /// Repeats what was not answered in the last round, then sends new events until the connection breaks.
    pub(super) fn send_until_cut_off(&mut self, mut connection: Connection, round: u64) {
        if self.repeat_unanswered(&mut connection).is_err() {
            return;
        }
        loop {
            self.sent += 1;
            let key = format!("r{round}-{:?}-{}", self.kind, self.sent);
            let count = if self.kind == Kind::Single { 1 } else { LIST_EVENTS };
            let markers = (0..count).map(|index| format!("{key}-{index}")).collect();
            let request = Request { key, markers };
            if self.send(&request, &mut connection).is_err() {
                self.unanswered = Some(request);
                return;
            }
        }
    }

    pub(super) fn repeat_unanswered(&mut self, connection: &mut Connection) -> io::Result<()> {
        let Some(request) = self.unanswered.clone().filter(|_| self.kind != Kind::Single) else { return Ok(()) };
        self.send(&request, connection)?;
        self.unanswered = None;
        Ok(())
    }

    fn send(&mut self, request: &Request, connection: &mut Connection) -> io::Result<()> {
        let lines: Vec<String> = request.markers.iter().map(|marker| self.event(marker)).collect();
        let mut headers = Vec::new();
        if self.kind != Kind::Single {
            headers.push(("content-type", "application/x-ndjson"));
        }
        if self.kind == Kind::Key {
            headers.push(("idempotency-key", request.key.as_str()));
        }
        let (status, answer) = connection.post("/events", &headers, &lines.join("\n"))?;
        if self.kind == Kind::Single {
            assert_eq!(status, 201, "{answer}");
        } else {
            let count = |name: &str| answer[name].as_u64().unwrap();
            let stored = count("accepted") + count("duplicates");
            assert_eq!((status, stored), (200, request.markers.len() as u64), "{answer}");
        }
        self.acknowledged.extend(request.markers.iter().cloned());
        Ok(())
    }

    fn event(&self, marker: &str) -> String {
        let id = if self.kind == Kind::Ids { format!(r#""id":"{marker}","#) } else { String::new() };
        format!(r#"{{"type":"crash.test","source":"test",{id}"correlation_id":"{marker}","data":{{"n":1}}}}"#)
    }
}
