//! A server on free ports over an engine in a temporary folder, and a client that sends exactly the bytes it is given.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use streamflow_engine::clock::SystemClock;
use streamflow_engine::{Engine, EngineOptions};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{HttpLimits, Role, RunningServer, Server, ServerOptions};

/// Longer than any answer takes, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// The click that existing users send.
pub(super) const CLICK: &str = r#"{"type":"web.click","source":"web-app","data":{"page":"/dashboard","user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)","button_id":"analytics-tab"},"user_id":"user_12345"}"#;

pub(super) struct TestServer {
    pub(super) running: RunningServer,
    _data: TempDir,
}

impl TestServer {
    pub(super) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// Starts with options that the test changes.
    pub(super) async fn with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineOptions::new(data.path()), Arc::new(SystemClock::default())).unwrap();
        let mut options = ServerOptions { ports: Role::ALL.map(|role| (role, 0)).to_vec(), ..ServerOptions::default() };
        change(&mut options);
        Self { running: Server::start(engine, options).await.unwrap(), _data: data }
    }

    pub(super) async fn with_limits(limits: HttpLimits) -> Self {
        Self::with(|options| options.limits = limits).await
    }

    pub(super) fn address(&self, role: Role) -> SocketAddr {
        self.running.address(role).unwrap()
    }

    pub(super) async fn connect(&self, role: Role) -> TcpStream {
        TcpStream::connect(self.address(role)).await.unwrap()
    }

    /// Sends a request to the gateway and returns the answer.
    pub(super) async fn call(&self, request: Request<'_>) -> Answer {
        self.call_on(Role::Gateway, request).await
    }

    pub(super) async fn call_on(&self, role: Role, request: Request<'_>) -> Answer {
        let mut stream = self.connect(role).await;
        stream.write_all(&request.bytes()).await.unwrap();
        read_answer(&mut stream).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path)).await
    }

    pub(super) async fn post_event(&self, body: &str) -> Answer {
        self.call(Request::post("/events").json(body)).await
    }
}

/// A request as it goes on the wire.
pub(super) struct Request<'a> {
    line: String,
    headers: Vec<(&'a str, String)>,
    body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: &str, path: &str) -> Self {
        Self { line: format!("{method} {path} HTTP/1.1"), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(super) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(super) fn header(mut self, name: &'a str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// Adds the headers that every client sends, unless they are there already.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let has = |wanted: &str| self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !has("host") {
            text.push_str("host: localhost\r\n");
        }
        if !has("connection") {
            text.push_str("connection: close\r\n");
        }
        if !has("content-length") && !has("transfer-encoding") && !self.body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head") + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunked(&bytes[end..]) } else { bytes[end..].to_vec() };
        Self { status, head, body }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns status and code of an error, having checked that its form is whole and its id is the header's.
    pub(super) fn error(&self) -> (u16, String) {
        let json = self.json();
        let error = &json["error"];
        let text = |field: &str| error[field].as_str().unwrap_or_else(|| panic!("no {field}: {json}")).to_owned();
        assert!(!text("message").is_empty() && !text("hint").is_empty(), "{json}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        if let Some(id) = self.header("request-id") {
            assert_eq!(text("request_id"), id);
        }
        (self.status, text("code"))
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[(end + 4 + size).min(bytes.len())..];
    }
    body
}

/// Reads until the server closes.
pub(super) async fn read_answer(stream: &mut TcpStream) -> Answer {
    Answer::parse(&read_all(stream).await)
}

pub(super) async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset after the answer is the peer's way of not reading on; what came before it counts.
    let outcome =
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server answers in time");
    assert!(outcome.is_ok() || !bytes.is_empty(), "{outcome:?}");
    bytes
}

/// Reads until the text is there.
pub(super) async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    let reading = async {
        let mut buffer = [0; 4_096];
        while !text.contains(wanted) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "closed after {text:?}");
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    };
    if tokio::time::timeout(PATIENCE, reading).await.is_err() {
        panic!("no {wanted:?} in {text:?}");
    }
    text
}
