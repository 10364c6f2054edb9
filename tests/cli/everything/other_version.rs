//! A server that says it has another version: the real one, with something in between that rewrites what it says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The version of the program under test, which is that of its tests.
const OWN: &str = env!("CARGO_PKG_VERSION");
/// As the server names it in the head of each answer.
const HEADER: &str = "streamflow-version: ";

/// Stands before a server. It ends with the process.
pub(super) struct OtherVersion {
    address: SocketAddr,
}

impl OtherVersion {
    /// Passes everything on to a server and back, but for the version.
    pub(super) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server).unwrap();
                let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                spawn(move || pass(up, &server, |bytes| bytes.len()));
                spawn(move || pass(down, &client, rewrite));
            }
        };
        spawn(accepting);
        Self { address }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the version that this one claims: as long as the real one, so that no length changes.
    pub(super) fn version(&self) -> String {
        claimed()
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("other-version".to_owned()).spawn(work).unwrap();
}

fn claimed() -> String {
    OWN.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
}

/// Passes bytes on until one side ends. `change` rewrites what is there and returns how much of it can go on.
fn pass(mut from: TcpStream, mut to: &TcpStream, change: impl Fn(&mut [u8]) -> usize) {
    let mut held = Vec::new();
    let mut buffer = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        held.extend_from_slice(&buffer[..length]);
        let ready = change(&mut held);
        if to.write_all(&held[..ready]).is_err() {
            break;
        }
        held.drain(..ready);
    }
    drop(to.write_all(&held));
    drop(to.shutdown(Shutdown::Write));
}

/// Puts the other version in the place of the real one, and holds back what may be the beginning of it.
fn rewrite(bytes: &mut [u8]) -> usize {
    let wanted = format!("{HEADER}{OWN}\r\n").into_bytes();
    while let Some(at) = bytes.windows(wanted.len()).position(|window| window == wanted) {
        let at = at + HEADER.len();
        bytes[at..at + OWN.len()].copy_from_slice(claimed().as_bytes());
    }
    let begun = (1..wanted.len()).rev().find(|length| bytes.ends_with(&wanted[..*length])).unwrap_or(0);
    bytes.len() - begun
}
