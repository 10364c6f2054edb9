//! The program in a terminal of its own: what is on its screen, and keys to press.

use std::io::{Read, Write};
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

/// A program that runs in a terminal.
pub(crate) struct Screen {
    parser: Arc<Mutex<Seen>>,
    keys: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    /// Held so that the terminal stays open.
    master: Option<Box<dyn MasterPty + Send>>,
    closing: Arc<AtomicBool>,
}

/// What came out of the program.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Screen {
    /// Runs the program in a terminal of this size.
    pub(crate) fn of_program(place: &Place, size: (u16, u16), args: &[&str]) -> Self {
        Self::of(place, size, PROGRAM.as_ref(), args)
    }

    /// Runs any command in a terminal of this size.
    pub(crate) fn of(place: &Place, (columns, lines): (u16, u16), program: &Path, args: &[&str]) -> Self {
        let size = PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(place.dir());
        command.env("HOME", place.home());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TMPDIR", place.home());
        command.env("PROGRAM", PROGRAM);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let cells = |count| std::num::NonZero::new(count).unwrap();
        let parser = vt100::Parser::new(cells(lines), cells(columns), 0);
        let parser = Arc::new(Mutex::new(Seen { parser, bytes: Vec::new() }));
        let seen = Arc::clone(&parser);
        let closing = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&closing);
        std::thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || {
                let mut bytes = [0; 4_096];
                while let Ok(read @ 1..) = output.read(&mut bytes)
                    && !closed.load(Ordering::Acquire)
                {
                    let mut seen = seen.lock().unwrap();
                    seen.parser.process(&bytes[..read]);
                    seen.bytes.extend_from_slice(&bytes[..read]);
                }
            })
            .unwrap();
        Self { parser, keys, child, master: Some(pair.master), closing }
    }

    /// Returns the screen as text.
    pub(crate) fn text(&self) -> String {
        self.parser.lock().unwrap().parser.screen().contents()
    }

    /// Returns how many bytes the program has written.
    pub(crate) fn bytes(&self) -> usize {
        self.parser.lock().unwrap().bytes.len()
    }

    /// Returns whether the program has taken the whole screen.
    pub(crate) fn is_taken(&self) -> bool {
        self.parser.lock().unwrap().parser.screen().alternate_screen()
    }

    /// Returns whether the cursor is hidden.
    pub(crate) fn hides_cursor(&self) -> bool {
        self.parser.lock().unwrap().parser.screen().hide_cursor()
    }

    /// Types keys as a terminal sends them.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen has these words.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) {
        self.until(&format!("{words:?}"), |text| text.contains(words));
    }

    /// Waits until the screen has these words no more.
    #[track_caller]
    pub(crate) fn shows_no(&self, words: &str) {
        self.until(&format!("no {words:?}"), |text| !text.contains(words));
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if is_there(&self.text()) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("the screen never shows {what}:\n{}", self.text());
    }

    /// Presses keys until the screen has these words: for what other threads must have told the program first.
    #[track_caller]
    pub(crate) fn press_until(&mut self, keys: &str, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.press(keys);
            for _ in 0..20 {
                if self.text().contains(words) {
                    return;
                }
                std::thread::sleep(LOOK);
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
        self.keys = Box::new(std::io::sink());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended already, as a test wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
