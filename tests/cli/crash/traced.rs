//! A server that runs under strace, which can see and delay what it asks of the disk.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::not_checked;
use crate::program::{PROGRAM, Place};
use crate::tool;

/// A server that runs under strace, killed when dropped.
pub(super) struct Traced {
    strace: Child,
    ready: Value,
}

/// Returns strace, or says that the test which calls this checks nothing: some machines let nobody trace.
pub(super) fn strace(test: &str) -> Option<PathBuf> {
    let strace = tool::find("strace", test)?;
    let probe = Command::new(&strace).args(["-o", "/dev/null", "true"]).output().unwrap();
    if !probe.status.success() {
        not_checked(test, &format!("strace fails: {}", String::from_utf8_lossy(&probe.stderr).trim()));
        return None;
    }
    Some(strace)
}

impl Traced {
    /// Starts a server in the place, under strace with these arguments.
    pub(super) fn start(strace: &PathBuf, place: &Place, args: &[&str]) -> Self {
        let mut command = Command::new(strace);
        command.args(["-f", "-y", "--seccomp-bpf"]).args(args);
        command.arg(PROGRAM).args(["start", "--port-base=0", "--ready-fd=1"]).current_dir(place.dir());
        command.env_clear().env("HOME", place.home()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut strace = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(strace.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("the server did not start: {error}"));
        Self { strace, ready }
    }

    /// Returns the address of the ingestion port.
    pub(super) fn ingestion(&self) -> SocketAddr {
        self.ready["ingestion"].as_str().unwrap().trim_start_matches("http://").parse().unwrap()
    }

    /// Stops the server, not strace, which writes the rest of its trace and ends by itself.
    pub(super) fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.strace.wait().unwrap().success());
    }

    /// Kills the server.
    pub(super) fn kill(mut self) {
        self.signal(Signal::KILL);
        drop(self.strace.wait());
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
