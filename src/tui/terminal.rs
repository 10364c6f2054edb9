//! Takes the terminal over and gives it back: after a panic, an error, a signal, a pause, whatever happens.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui_core::backend::Backend as _;
use ratatui_core::terminal::Terminal;
use ratatui_crossterm::CrosstermBackend;

use super::draw;
use super::state::State;
use super::theme::Theme;

/// Bytes of a frame that go out at once; the largest screens take a little more.
const FRAME_BYTES: usize = 64 << 10;
/// Text that a terminal takes onto its clipboard; many cut it at 100,000 characters of base64.
const CLIPBOARD_BYTES_MAX: usize = 74_000;

/// Whether the terminal is ours, for a panic on any thread to know.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while it is ours. Dropping it gives it back.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard output is no terminal, or it can not be changed.
    pub fn take() -> io::Result<Self> {
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                give_back();
                usual(panic);
            }));
        });
        enter()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal, mouse: false }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws what the state says, and sends what differs from before.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn draw(&mut self, state: &State, theme: &Theme) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            let cursor = draw::screen(state, theme, frame.buffer_mut());
            if let Some(at) = cursor {
                frame.set_cursor_position(at);
            }
        })?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen, so that the next frame is sent whole.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`, which asks where the cursor is and fails where a terminal does not answer.
        self.terminal.backend_mut().clear()?;
        self.terminal.swap_buffers();
        Ok(())
    }

    /// Lets the mouse be seen here, or by the terminal, which selects text with it.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn capture_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Puts text on the clipboard, wherever the terminal is; one that can not does nothing.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let end = (0..=text.len().min(CLIPBOARD_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(&text[..end]))?;
        out.flush()
    }

    /// Gives the terminal back for a while.
    pub fn lend(&mut self) {
        give_back();
    }

    /// Takes the terminal again after it was lent.
    ///
    /// # Errors
    /// When it has gone.
    pub fn take_again(&mut self) -> io::Result<()> {
        enter()?;
        if self.mouse {
            self.capture_mouse(true)?;
        }
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    // Whoever had the terminal meanwhile may have changed it: raw mode is set anew, not taken for granted.
    disable_raw_mode()?;
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let entered = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide);
    if entered.is_err() {
        give_back();
    }
    entered
}

/// Makes the terminal what it was. The terminal may be gone, and then there is nothing to make good.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let screen = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            ResetColor,
            LeaveAlternateScreen,
            Show
        );
        screen.and(disable_raw_mode()).unwrap_or_default();
        // Raw mode has to go even where nothing can be written any more.
        disable_raw_mode().unwrap_or_default();
    }
}

/// Tells whether a person sits in front of this: both directions are a terminal.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    /// Tells the process that the test starts to be the one that panics.
    const PANICS: &str = "STREAMFLOW_TEST_PANICS";

    /// Runs itself again in a terminal, where it takes the screen and panics on another thread.
    #[test]
    fn a_panic_on_any_thread_gives_the_terminal_back() {
        if std::env::var_os(PANICS).is_some() {
            let _screen = Screen::take().unwrap();
            let thread = crate::telemetry::task::thread("panics", || panic!("on purpose")).unwrap();
            assert!(thread.join().is_err());
            // What follows is written to the screen of the shell, not to that of the dashboard.
            assert!(!TAKEN.load(Ordering::SeqCst));
            return;
        }
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", "\"$@\"; stty -a", "sh"]);
        command.arg(std::env::current_exe().unwrap());
        let name = "tui::terminal::tests::a_panic_on_any_thread_gives_the_terminal_back";
        command.args(["--exact", name, "--nocapture"]);
        command.env(PANICS, "1");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let mut written = Vec::new();
        // The end of a terminal is an error to whom reads it.
        output.read_to_end(&mut written).unwrap_or_default();
        child.wait().unwrap();
        let written = String::from_utf8_lossy(&written);
        let place = |words: &str| written.find(words).unwrap_or_else(|| panic!("no {words:?} in {written}"));
        let (taken, given_back, told) = (place("\x1b[?1049h"), place("\x1b[?1049l"), place("on purpose"));
        assert!(taken < given_back && given_back < told, "{written}");
        let modes: Vec<&str> = written[told..].split([' ', ';', '\r', '\n']).collect();
        assert!(["echo", "icanon", "isig"].iter().all(|mode| modes.contains(mode)), "{written}");
    }
}
