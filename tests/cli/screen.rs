//! A program in a terminal of its own: what is on its screen, and keys to press.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::program::{PROGRAM, Place};

/// A screen that does not show what is waited for within this time never will.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);
/// Columns and lines where a test does not care.
const SIZE: (u16, u16) = (100, 30);

/// What a program asks of a terminal to learn where its cursor is.
const WHERE: &[u8] = b"\x1b[6n";

/// A program that runs in a terminal.
pub(crate) struct Screen {
    seen: Arc<Mutex<Seen>>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    /// Held so that the terminal stays open.
    master: Option<Box<dyn MasterPty + Send>>,
    closing: Arc<AtomicBool>,
}

/// What came out of the program.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

/// Whether the terminal answers what it is asked. Real ones do; some, and those of scripts, do not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Questions {
    Answered,
    Ignored,
}

impl Screen {
    /// Runs the program in a terminal of this size that answers nothing.
    pub(crate) fn of_program(place: &Place, size: (u16, u16), args: &[&str]) -> Self {
        Self::of(place, size, PROGRAM.as_ref(), args)
    }

    /// Runs any command in a terminal of this size that answers nothing.
    pub(crate) fn of(place: &Place, size: (u16, u16), program: &Path, args: &[&str]) -> Self {
        let variables: [(&str, OsString); 5] = [
            ("HOME", place.home().into()),
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".into()),
            ("TMPDIR", place.home().into()),
            ("PROGRAM", PROGRAM.into()),
        ];
        Self::start(program, args, &place.dir(), &variables, size, Questions::Ignored)
    }

    /// Runs a command that asks the terminal where its cursor is, with these variables and no others.
    pub(crate) fn answering(program: &Path, args: &[&str], dir: &Path, variables: &[(&str, OsString)]) -> Self {
        Self::start(program, args, dir, variables, SIZE, Questions::Answered)
    }

    fn start(
        program: &Path,
        args: &[&str],
        dir: &Path,
        variables: &[(&str, OsString)],
        (columns, lines): (u16, u16),
        questions: Questions,
    ) -> Self {
        let pair = native_pty_system().openpty(pty_size(columns, lines)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(dir);
        command.env("TERM", "xterm-256color");
        variables.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let keys = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let cells = |count| NonZero::new(count).unwrap();
        let parser = vt100::Parser::new(cells(lines), cells(columns), 0);
        let seen = Arc::new(Mutex::new(Seen { parser, bytes: Vec::new() }));
        let closing = Arc::new(AtomicBool::new(false));
        let (shown, answers, closed) = (Arc::clone(&seen), Arc::clone(&keys), Arc::clone(&closing));
        let read = move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = output.read(&mut bytes)
                && !closed.load(Ordering::Acquire)
            {
                let answer = shown.lock().unwrap().take(&bytes[..read]).filter(|_| questions == Questions::Answered);
                if let Some(answer) = answer {
                    // Whoever asked may have ended.
                    drop(answers.lock().unwrap().write_all(answer.as_bytes()));
                }
            }
        };
        std::thread::Builder::new().name("screen".to_owned()).spawn(read).unwrap();
        Self { seen, keys, child, master: Some(pair.master), closing }
    }

    /// Returns the screen as text.
    pub(crate) fn text(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Returns how many bytes the program has written.
    pub(crate) fn bytes(&self) -> usize {
        self.seen.lock().unwrap().bytes.len()
    }

    /// Returns everything that the program has written, controls and all.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().bytes).into_owned()
    }

    /// Returns whether the program has taken the whole screen.
    pub(crate) fn is_taken(&self) -> bool {
        self.seen.lock().unwrap().parser.screen().alternate_screen()
    }

    /// Returns whether the cursor is hidden.
    pub(crate) fn hides_cursor(&self) -> bool {
        self.seen.lock().unwrap().parser.screen().hide_cursor()
    }

    /// Types keys as a terminal sends them.
    pub(crate) fn press(&mut self, keys: &str) {
        let mut to = self.keys.lock().unwrap();
        to.write_all(keys.as_bytes()).unwrap();
        to.flush().unwrap();
    }

    /// Waits until the screen has these words, and returns its text.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) -> String {
        self.until(&format!("{words:?}"), |text| text.contains(words))
    }

    /// Waits until the screen has these words no more.
    #[track_caller]
    pub(crate) fn shows_no(&self, words: &str) {
        self.until(&format!("no {words:?}"), |text| !text.contains(words));
    }

    /// Tells whether the screen has these words before the time is over.
    pub(crate) fn shows_within(&self, words: &str, time: Duration) -> bool {
        self.within(time, |text| text.contains(words)).is_some()
    }

    /// Waits until the screen is as wanted, and returns its text.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        self.within(PATIENCE, is_there).unwrap_or_else(|| panic!("the screen never shows {what}:\n{}", self.text()))
    }

    fn within(&self, time: Duration, is_there: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + time;
        loop {
            let text = self.text();
            if is_there(&text) {
                return Some(text);
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Presses keys until the screen has these words: for what other threads must have told the program first.
    #[track_caller]
    pub(crate) fn press_until(&mut self, keys: &str, words: &str) {
        const BETWEEN: Duration = Duration::from_millis(400);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.press(keys);
            if self.shows_within(words, BETWEEN) {
                return;
            }
        }
        panic!("{keys:?} never makes the screen show {words:?}:\n{}", self.text());
    }

    /// Waits until the program has ended, and returns its exit code.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            std::thread::sleep(LOOK);
        }
        panic!("the program does not end:\n{}", self.text());
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Closes the terminal, as one does who closes its window.
    pub(crate) fn close(&mut self) {
        // The thread that reads holds the terminal open, too: whatever the program writes next ends it.
        self.closing.store(true, Ordering::Release);
        self.press("?");
        self.master = None;
        *self.keys.lock().unwrap() = Box::new(std::io::sink());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended already, as a test wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Seen {
    /// Takes up what was written. Returns the answer to whom asks where the cursor is.
    fn take(&mut self, bytes: &[u8]) -> Option<String> {
        self.parser.process(bytes);
        self.bytes.extend_from_slice(bytes);
        let (line, column) = self.parser.screen().cursor_position();
        bytes.windows(WHERE.len()).any(|window| window == WHERE).then(|| format!("\x1b[{};{}R", line + 1, column + 1))
    }
}

fn pty_size(columns: u16, lines: u16) -> PtySize {
    PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 }
}
