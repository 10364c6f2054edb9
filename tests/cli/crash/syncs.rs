//! Counts what the server asks of the disk, from outside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::load::{Connection, Sender, Shape};
use super::not_checked;
use crate::program::{PROGRAM, Place};
use crate::tool;

const POSTS: usize = 200;

/// A server that runs under strace.
struct Traced {
    strace: Child,
    ready: Value,
}

#[test]
fn two_hundred_single_posts_make_two_hundred_syncs() {
    let test = "two_hundred_single_posts_make_two_hundred_syncs";
    let Some(strace) = tool::find("strace", test) else { return };
    let place = Place::new();
    let trace = place.dir().join("trace.txt");
    // Some machines let nobody trace.
    let probe = Command::new(&strace).args(["-o", "/dev/null", "true"]).output().unwrap();
    if !probe.status.success() {
        not_checked(test, &format!("strace fails: {}", String::from_utf8_lossy(&probe.stderr).trim()));
        return;
    }
    let server = Traced::start(&strace, &place, &trace);
    let address = server.ready["ingestion"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    let mut connection = Connection::open(address).unwrap();
    let mut sender = Sender::new(0, Shape::Single);
    for _ in 0..POSTS {
        sender.send_one(&mut connection).unwrap().expect_taken();
    }
    drop(connection);
    server.stop();
    let text = fs::read_to_string(&trace).unwrap();
    // Only those of journal files: the next file is filled ahead meanwhile, with syncs of its own.
    let syncs = text.lines().filter(|line| line.contains("sync(") && line.contains(".log>")).count();
    assert!(syncs >= POSTS, "{syncs} syncs for {POSTS} acknowledged events");
}

impl Traced {
    fn start(strace: &Path, place: &Place, trace: &Path) -> Self {
        let mut command = Command::new(strace);
        command.args(["-f", "-y", "--seccomp-bpf", "-e", "trace=fdatasync,fsync", "-o"]).arg(trace);
        command.arg(PROGRAM).args(["start", "--port-base=0", "--ready-fd=1"]).current_dir(place.dir());
        command.env_clear().env("HOME", place.home()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut strace = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(strace.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("the server did not start: {error}"));
        Self { strace, ready }
    }

    /// Stops the server, not strace, which writes the rest of its trace and ends by itself.
    fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.strace.wait().unwrap().success());
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.ready["pid"].as_i64().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // After a stop that was waited for, its number may be another process's.
        if matches!(self.strace.try_wait(), Ok(None)) {
            self.signal(Signal::KILL);
            drop(self.strace.wait());
        }
    }
}
