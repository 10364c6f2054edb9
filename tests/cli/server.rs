//! A server on free ports with a folder of its own, stopped when dropped.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Ended, Place};

/// A server that serves.
pub(crate) struct Server {
    pub(crate) place: Arc<Place>,
    child: Child,
    ready: Value,
}

impl Server {
    /// Starts a server in a new folder.
    pub(crate) fn start() -> Self {
        Self::start_in(Place::new(), &[])
    }

    /// Starts a server in a folder that was prepared, with further flags, and waits until every port serves.
    pub(crate) fn start_in(place: Place, flags: &[&str]) -> Self {
        Self::start_at(Arc::new(place), flags)
    }

    fn start_at(place: Arc<Place>, flags: &[&str]) -> Self {
        let mut command = place.command(&["start", "--port-base=0", "--ready-fd=1"]);
        let mut child = command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            let ended = Ended::of(&child.wait_with_output().unwrap());
            panic!("the server did not start: {} {}", ended.code, ended.err);
        };
        Self { place, child, ready }
    }

    /// Starts a server in the folder of one that has ended.
    pub(crate) fn again(&self, flags: &[&str]) -> Self {
        Self::start_at(Arc::clone(&self.place), flags)
    }

    /// Returns the address of a role, such as `http://127.0.0.1:40000`.
    pub(crate) fn url(&self, role: &str) -> &str {
        self.ready[role].as_str().unwrap()
    }

    /// Returns a role's address to connect to.
    pub(crate) fn address(&self, role: &str) -> SocketAddr {
        self.url(role).trim_start_matches("http://").parse().unwrap()
    }

    /// Runs a command in the server's folder, so that it finds the server by itself.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.place.run(args)
    }

    /// Returns the id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the process has ended and returns its exit code.
    pub(crate) fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server is still there");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, as a test wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
