//! Load from a client that knows what was acknowledged: plain HTTP/1.1 over a connection that is kept.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::Server;

/// Events of a list.
const LIST_EVENTS: usize = 50;
/// A server that takes longer hangs.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

/// What a sender's requests look like.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// One JSON event a request.
    Single,
    /// Lines of JSON.
    List,
}

/// By what the server knows a request that it has seen before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By the id of each event.
    Id,
    /// By the `Idempotency-Key` of the request; its events have no ids.
    Key,
    Both,
}

/// One thread's requests, sent one after the other, and what became of them.
pub(super) struct Sender {
    name: usize,
    shape: Shape,
    naming: Naming,
    sent: usize,
    /// Marks of the events that were acknowledged.
    pub(super) acknowledged: Vec<String>,
    pending: Option<Message>,
}

/// A request that can be sent again, byte for byte.
struct Message {
    shape: Shape,
    naming: Naming,
    body: String,
    /// What each event is told apart by, also where it has no id.
    marks: Vec<String>,
}

/// A connection to the ingestion port.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
}

/// An answer that came in whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    body: Vec<u8>,
}

impl Sender {
    pub(super) fn new(name: usize, shape: Shape, naming: Naming) -> Self {
        Self { name, shape, naming, sent: 0, acknowledged: Vec::new(), pending: None }
    }

    /// Returns the marks of the request that has no answer yet, or was refused.
    pub(super) fn unacknowledged(&self) -> impl Iterator<Item = &String> {
        self.pending.iter().flat_map(|message| &message.marks)
    }

    /// Sends request after request until the connection breaks.
    pub(super) fn send_until_cut(&mut self, address: SocketAddr) {
        let Ok(mut connection) = Connection::open(address) else { return };
        while let Ok(answer) = self.send_one(&mut connection) {
            answer.expect_taken();
        }
    }

    /// Sends the request that was cut off, if one was.
    pub(super) fn resend(&mut self, address: SocketAddr) {
        if self.pending.is_some() {
            self.send_one(&mut Connection::open(address).unwrap()).unwrap().expect_taken();
        }
    }

    /// Sends the request that is not acknowledged yet, or the next one.
    pub(super) fn send_one(&mut self, connection: &mut Connection) -> io::Result<Answer> {
        let message = self.pending.take().unwrap_or_else(|| self.next());
        let answer = connection.post(self.pending.insert(message))?;
        if answer.is_taken() {
            let message = self.pending.take().unwrap();
            answer.check_all_stored(&message);
            self.acknowledged.extend(message.marks);
        }
        Ok(answer)
    }

    fn next(&mut self) -> Message {
        let count = match self.shape {
            Shape::Single => 1,
            Shape::List => LIST_EVENTS,
        };
        let marks: Vec<_> = (self.sent..self.sent + count).map(|number| format!("{}-{number:06}", self.name)).collect();
        self.sent += count;
        let lines = marks.iter().map(|mark| format!("{}\n", event(mark, self.naming)));
        Message { shape: self.shape, naming: self.naming, body: lines.collect(), marks }
    }
}

fn event(mark: &str, naming: Naming) -> Value {
    let id = if naming == Naming::Key { Value::Null } else { json!(mark) };
    json!({"type": "web.click", "source": "shop", "id": id, "correlation_id": mark, "data": {"page": "/cart"}})
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT_MAX))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    fn post(&mut self, message: &Message) -> io::Result<Answer> {
        let content_type = match message.shape {
            Shape::Single => "application/json",
            Shape::List => "application/x-ndjson",
        };
        let (length, body) = (message.body.len(), &message.body);
        let key = match message.naming {
            Naming::Id => String::new(),
            Naming::Key | Naming::Both => format!("idempotency-key: key-{}\r\n", message.marks[0]),
        };
        let request = format!(
            "POST /events HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n{key}content-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut length = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok();
            }
        }
        let mut body = vec![0; length.expect("an answer to events tells its length")];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status: status.expect("an answer begins with its status"), body })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Answer {
    pub(super) fn is_taken(&self) -> bool {
        matches!(self.status, 200 | 201)
    }

    #[track_caller]
    pub(super) fn expect_taken(&self) {
        assert!(self.is_taken(), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
    }

    pub(super) fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Fails unless every event of the request is stored, by this request or by one before it.
    fn check_all_stored(&self, message: &Message) {
        let json = self.json();
        match message.shape {
            // Without an id of its own an event is known by its place.
            Shape::Single if message.naming == Naming::Key => assert!(json["offset"].is_u64(), "{json}"),
            Shape::Single => assert_eq!(json["id"].as_str(), Some(&*message.marks[0]), "{json}"),
            Shape::List => {
                let stored = json["accepted"].as_u64().unwrap() + json["duplicates"].as_u64().unwrap();
                assert_eq!(stored, message.marks.len() as u64, "{json}");
            }
        }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Asks the server how often each event is stored.
pub(super) fn count_by_mark(server: &Server) -> BTreeMap<String, u64> {
    let statement = json!({"sql": "SELECT correlation_id, count(*) AS n FROM events GROUP BY correlation_id", "max_rows": 1_000_000});
    let body = statement.to_string();
    // HTTP/1.0: the answer ends with the connection instead of coming in chunks.
    let request = format!(
        "POST /api/v1/query HTTP/1.0\r\nhost: localhost\r\naccept: text/csv\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address("analytics")).unwrap();
    stream.set_read_timeout(Some(ANSWER_WAIT_MAX)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, rows) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.split(' ').nth(1), Some("200"), "{answer}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    let mut lines = rows.lines();
    assert_eq!(lines.next(), Some("correlation_id,n"), "{head}");
    lines.map(|line| line.split_once(',').unwrap()).map(|(mark, n)| (mark.to_owned(), n.parse().unwrap())).collect()
}
