//! An S3-compatible store on this machine (`moto[server]`, a package of Python), and the way to it, which can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crate::tool;

const START_TIME_MAX: Duration = Duration::from_secs(60);

/// What happens to requests on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Way {
    Open,
    /// The connection is closed at once.
    Cut,
    /// Nothing answers.
    Silent,
    /// The store answers that it may not be used.
    Denied,
}

/// What nobody checks, but for its being there.
const SIGNED: &str = "Host: x\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 \
                      Credential=tester/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";

/// A store with one bucket, `events`.
pub(super) struct Store {
    server: Child,
    address: SocketAddr,
    way: Arc<AtomicU8>,
    /// Where requests go that may be stopped.
    pub(super) endpoint: String,
}

impl Store {
    /// Starts a store, or says that the test which calls this checks nothing.
    pub(super) fn start(test: &str) -> Option<Self> {
        let python = tool::python_with_moto(test)?;
        // Free now; whoever takes it before the store does makes the test fail, not pass.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let way = Arc::new(AtomicU8::new(Way::Open as u8));
        let entrance = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", entrance.local_addr().unwrap());
        let gate = Arc::clone(&way);
        thread("gate", move || {
            for client in entrance.incoming().filter_map(Result::ok) {
                let gate = Arc::clone(&gate);
                thread("way", move || pass(client, address, &gate));
            }
        });
        let store = Self { server, address, way, endpoint };
        let deadline = Instant::now() + START_TIME_MAX;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the store did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(store.ask("PUT", "/events").starts_with("HTTP/1.1 200"));
        Some(store)
    }

    pub(super) fn set_way(&self, way: Way) {
        self.way.store(way as u8, Ordering::SeqCst);
    }

    /// Returns the names of all objects.
    pub(super) fn names(&self) -> Vec<String> {
        let answer = self.ask("GET", "/events?list-type=2");
        let keys = answer.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_owned).collect()
    }

    /// Removes an object, as somebody else does.
    pub(super) fn remove(&self, name: &str) {
        assert!(self.ask("DELETE", &format!("/events/{name}")).starts_with("HTTP/1.1 204"));
    }

    /// Changes one byte of an object.
    pub(super) fn flip(&self, name: &str) {
        let path = format!("/events/{name}");
        let answer = self.exchange(format!("GET {path} HTTP/1.1\r\n{SIGNED}\r\n").as_bytes());
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let mut body = answer[at..].to_vec();
        let middle = body.len() / 2;
        body[middle] ^= 1;
        let head = format!("PUT {path} HTTP/1.1\r\n{SIGNED}Content-Length: {}\r\n\r\n", body.len());
        let answer = self.exchange(&[head.into_bytes(), body].concat());
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let request = format!("{method} {path} HTTP/1.1\r\n{SIGNED}Content-Length: 0\r\n\r\n");
        String::from_utf8_lossy(&self.exchange(request.as_bytes())).into_owned()
    }

    fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.write_all(request).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        answer
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) {
    // It ends with its connection, or with the test.
    drop(std::thread::Builder::new().name(name.to_owned()).spawn(body).unwrap());
}

/// Takes the requests of one connection to the store, one by one as long as the way is open.
fn pass(client: TcpStream, store: SocketAddr, way: &AtomicU8) {
    const DENIAL: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let stop = |mut client: TcpStream| {
        let mut head = [0; 16 << 10];
        match way.load(Ordering::SeqCst) {
            way if way == Way::Denied as u8 => {
                drop(client.read(&mut head));
                let answer = format!(
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{DENIAL}",
                    DENIAL.len()
                );
                drop(client.write_all(answer.as_bytes()));
            }
            // Until the client gives up.
            way if way == Way::Silent as u8 => while client.read(&mut head).is_ok_and(|read| read > 0) {},
            _ => {}
        }
    };
    if way.load(Ordering::SeqCst) != Way::Open as u8 {
        return stop(client);
    }
    let Ok(server) = TcpStream::connect(store) else { return };
    let (Ok(mut from_server), Ok(mut to_client)) = (server.try_clone(), client.try_clone()) else { return };
    thread("way-back", move || {
        drop(std::io::copy(&mut from_server, &mut to_client));
        drop(to_client.shutdown(Shutdown::Both));
    });
    let (mut from_client, mut to_server) = (client, server);
    let mut bytes = vec![0; 64 << 10];
    while let Ok(read) = from_client.read(&mut bytes) {
        if read == 0 || way.load(Ordering::SeqCst) != Way::Open as u8 {
            break;
        }
        if to_server.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    drop(to_server.shutdown(Shutdown::Both));
}
