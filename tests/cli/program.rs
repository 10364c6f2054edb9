//! Runs the program and keeps what it wrote. Every call has a home and a folder of its own, and no variable of the machine.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_streamflow");

/// Far longer than anything takes, also on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(40);

/// A folder to work in, with a home beside it.
pub(crate) struct Place {
    root: TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("work")).unwrap();
        fs::create_dir_all(root.path().join("home")).unwrap();
        Self { root }
    }

    /// Returns the folder that commands are called in.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Returns a call that can be changed before it is run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        command_in(&self.dir(), &self.home(), args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&self.command(args).output().unwrap())
    }

    /// Waits until something holds that a call without an answer brings about.
    #[track_caller]
    pub(crate) fn until(&self, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "waited in vain in {}", self.root.path().display());
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Runs a call with variables set.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ended {
        Ended::of(&self.command(args).envs(variables.iter().copied()).output().unwrap())
    }

    /// Runs a call that reads `input`.
    pub(crate) fn feed(&self, input: &[u8], args: &[&str]) -> Ended {
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ended::of(&child.wait_with_output().unwrap())
    }
}

/// Returns a call of the program that sees nothing of this machine but its files.
pub(crate) fn command_in(dir: &Path, home: &Path, args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::null());
    command
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails unless the call ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Fails unless stderr has these words.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "no {words:?} in stderr: {}", self.err);
        self
    }

    /// Returns stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}
