//! A webhook on free ports with certificates of its own, stopped when dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Client;
use crate::program::Place;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Webhook {
    pub(crate) place: Place,
    child: Child,
    ready: Value,
}

impl Webhook {
    pub(crate) fn start() -> Self {
        Self::start_with(&["--drain-delay", "0"])
    }

    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let place = Place::new();
        place.run(&["webhook", "certs", "--out", "certs"]).exits(0);
        Self::serve(place, flags)
    }

    /// Serves with the certificates that are in the place.
    pub(crate) fn serve(place: Place, flags: &[&str]) -> Self {
        let mut command = place.command(&["webhook", "serve", "--certs", "certs", "-o", "ndjson"]);
        command.args(["--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0"]).args(flags);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { place, child, ready }
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["reviews"].as_str().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url().trim_start_matches("https://").trim_end_matches("/mutate").parse().unwrap()
    }

    /// Returns a new connection that trusts the authority of the moment.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address(), &self.place.dir().join("certs/ca.crt"))
    }

    /// Returns a new connection that trusts the authorities of a file.
    pub(crate) fn client_trusting(&self, authorities: &std::path::Path) -> Client {
        Client::connect(self.address(), authorities)
    }

    /// Asks the plain port and returns the status and the body.
    pub(crate) fn probe(&self, path: &str) -> (u16, String) {
        let address: SocketAddr = self.ready["probes"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Asks for a metric until it is above zero.
    pub(crate) fn wait_for(&self, metric: &str) {
        self.wait_for_count(metric, 1);
    }

    /// Asks for a metric until it is at least `wanted`.
    pub(crate) fn wait_for_count(&self, metric: &str, wanted: u64) {
        self.until(metric, || self.count(metric) >= wanted);
    }

    /// Returns what a metric without labels counts; 0 when there is none.
    pub(crate) fn count(&self, metric: &str) -> u64 {
        let metrics = self.probe("/metrics").1;
        metrics.lines().find_map(|line| line.strip_prefix(metric)?.trim().parse().ok()).unwrap_or_default()
    }

    pub(crate) fn wait_until_not_ready(&self) {
        self.until("readiness to end", || self.probe("/readyz").0 == 503);
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the process has ended and returns its exit code.
    pub(crate) fn wait(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        // It may have ended already, as a test wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
