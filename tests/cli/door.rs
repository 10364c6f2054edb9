//! A door before a server: who connects is let in, but waits until the door is opened. So a server is slow for as long as a test
//! wants it.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

pub(crate) struct Door {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    is_open: bool,
    /// Connections that came so far.
    came: usize,
}

impl Door {
    /// Puts a closed door before the server at `behind`.
    pub(crate) fn before(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        let shared = Arc::clone(&state);
        start("door", move || {
            for stream in listener.incoming().map_while(Result::ok) {
                shared.inside.lock().unwrap().came += 1;
                let shared = Arc::clone(&shared);
                start("guest", move || shared.let_in(stream, behind));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn open(&self) {
        self.state.inside.lock().unwrap().is_open = true;
        self.state.changed.notify_all();
    }

    /// Lets in nobody else; who is in stays.
    pub(crate) fn close(&self) {
        self.state.inside.lock().unwrap().is_open = false;
    }

    /// Returns how many connections came.
    pub(crate) fn came(&self) -> usize {
        self.state.inside.lock().unwrap().came
    }
}

impl State {
    /// A connection that ends early is the test's to notice.
    fn let_in(&self, from: TcpStream, behind: SocketAddr) {
        let waiting = self.inside.lock().unwrap();
        drop(self.changed.wait_while(waiting, |inside| !inside.is_open).unwrap());
        let Ok(to) = TcpStream::connect(behind) else { return };
        let (Ok(answers_from), Ok(answers_to)) = (to.try_clone(), from.try_clone()) else { return };
        start("answers", move || carry(answers_from, answers_to));
        carry(from, to);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(std::net::Shutdown::Write));
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).unwrap();
}
