//! A program on a terminal of its own: keys go in, the screen is read.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ROWS: NonZeroU16 = NonZeroU16::new(30).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(100).unwrap();
/// Far longer than anything takes, also on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(40);

/// A program that runs on a terminal, which `script` of util-linux makes.
pub(crate) struct Terminal {
    script: Child,
    keys: Arc<Mutex<ChildStdin>>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// Starts a program with these variables and no others.
    pub(crate) fn start(program: &Path, args: &[&str], dir: &Path, variables: &[(&str, OsString)]) -> Self {
        let words: Vec<String> = std::iter::once(program.display().to_string())
            .chain(args.iter().map(|word| (*word).to_owned()))
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        let call = format!("stty rows {ROWS} cols {COLUMNS}; exec {}", words.join(" "));
        let mut script = Command::new("script")
            .args(["--quiet", "--flush", "--return", "--command", &call, "/dev/null"])
            .current_dir(dir)
            .env_clear()
            .env("TERM", "xterm-256color")
            // What runs the call; a shell of the user's would read its own configuration.
            .env("SHELL", "/bin/sh")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 1_000)));
        let keys = Arc::new(Mutex::new(script.stdin.take().unwrap()));
        let reader = script.stdout.take().unwrap();
        let (shown, answers) = (Arc::clone(&screen), Arc::clone(&keys));
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || show(reader, &shown, &answers)).unwrap();
        Self { script, keys, screen }
    }

    /// Types.
    pub(crate) fn keys(&mut self, text: &str) {
        let mut keys = self.keys.lock().unwrap();
        keys.write_all(text.as_bytes()).unwrap();
        keys.flush().unwrap();
    }

    /// Returns what is on the screen.
    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until these words are on the screen.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) -> String {
        self.until(words, |text| text.contains(words))
    }

    /// Tells whether these words are on the screen before the time is over.
    pub(crate) fn shows_within(&self, words: &str, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if self.text().contains(words) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(15));
        }
        false
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            assert!(Instant::now() < deadline, "no {what:?} on the screen:\n{text}");
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Waits until the program has ended and returns its exit code.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.script.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < deadline, "it goes on:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(15));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already, as a test wanted.
        drop(self.script.kill());
        drop(self.script.wait());
    }
}

/// Draws what arrives, and answers where the cursor is to a program that asks.
fn show(mut from: impl Read, screen: &Mutex<vt100::Parser>, answers: &Mutex<ChildStdin>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..length];
        let mut screen = screen.lock().unwrap();
        screen.process(bytes);
        if bytes.windows(4).any(|window| window == b"\x1b[6n") {
            let (row, column) = screen.screen().cursor_position();
            let answer = format!("\x1b[{};{}R", row + 1, column + 1);
            drop(answers.lock().unwrap().write_all(answer.as_bytes()));
        }
    }
}
