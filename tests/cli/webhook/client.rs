//! An HTTP/1.1 client over TLS that trusts one authority and keeps its connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

pub(crate) struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    /// Connects as an API server would that knows the authority at `authority`.
    pub(crate) fn connect(address: SocketAddr, authority: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_file_iter(authority).unwrap() {
            roots.add(authority.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "streamflow-webhook.streamflow-webhook.svc".try_into().unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        Self(StreamOwned::new(connection, stream))
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
        self.0.flush().unwrap();
    }

    /// Sends a review and returns the status and the answer.
    pub(crate) fn review(&mut self, review: &Value) -> (u16, Value) {
        let (status, _, body) = self.call("POST", "/mutate", "content-type: application/json\r\n", &review.to_string());
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Sends a request and returns the status, the head and the body of the answer.
    pub(crate) fn call(&mut self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let length = body.len();
        self.send(&format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"));
        self.answer()
    }

    /// Sends a request without its body and returns the status of the answer.
    pub(crate) fn head_only(&mut self, method: &str, path: &str, headers: &str) -> u16 {
        self.send(&format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n"));
        self.answer().0
    }

    fn answer(&mut self) -> (u16, String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head, String::from_utf8(body).unwrap())
    }
}
