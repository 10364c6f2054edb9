//! Reads the terminal on a thread of its own and turns what comes into events.

use std::io;
use std::time::Duration;

use crossterm::event::{self as terminal, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::Sender;

use super::event::{Event, Mouse};
use super::key::{Code, Key};

/// How often it is looked whether the dashboard still wants to know, while nothing is typed.
const LOOK_UP: Timespec = Timespec { tv_sec: 3600, tv_nsec: 0 };

/// Sends events until the terminal or the other side has gone.
pub(super) fn read(events: &Sender<Event>) {
    loop {
        match wait() {
            Ok(Ready::Something) => {}
            Ok(Ready::Nothing) => continue,
            // The terminal is gone: nobody will ever press q.
            Ok(Ready::End) | Err(_) => {
                events.blocking_send(Event::InputEnded).unwrap_or_default();
                return;
            }
        }
        loop {
            match terminal::poll(Duration::ZERO) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    events.blocking_send(Event::InputEnded).unwrap_or_default();
                    return;
                }
            }
            let Ok(read) = terminal::read() else { break };
            if let Some(event) = event_of(read)
                && events.blocking_send(event).is_err()
            {
                return;
            }
        }
    }
}

enum Ready {
    Something,
    Nothing,
    End,
}

/// Waits for input without spinning when the other end of the terminal hangs up.
fn wait() -> io::Result<Ready> {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut fds, Some(&LOOK_UP)) {
        Ok(0) => return Ok(Ready::Nothing),
        Err(rustix::io::Errno::INTR) => return Ok(Ready::Nothing),
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let happened = fds[0].revents();
    if happened.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Ok(Ready::End);
    }
    Ok(Ready::Something)
}

fn event_of(event: terminal::Event) -> Option<Event> {
    match event {
        terminal::Event::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key { key: key_of(key)? }),
        terminal::Event::Paste(text) => Some(Event::Paste { text }),
        terminal::Event::Resize(width, height) => Some(Event::Resize { width, height }),
        terminal::Event::Mouse(mouse) => {
            let mouse = match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Mouse::Click { x: mouse.column, y: mouse.row },
                MouseEventKind::ScrollUp => Mouse::WheelUp,
                MouseEventKind::ScrollDown => Mouse::WheelDown,
                _ => return None,
            };
            Some(Event::Mouse { mouse })
        }
        _ => None,
    }
}

fn key_of(event: KeyEvent) -> Option<Key> {
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    let held = |modifier| event.modifiers.contains(modifier);
    Some(Key { code, ctrl: held(KeyModifiers::CONTROL), alt: held(KeyModifiers::ALT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_terminal_have_the_names_of_the_table() {
        let check = |code, modifiers, expected: &str| {
            assert_eq!(key_of(KeyEvent::new(code, modifiers)).unwrap().to_string(), expected);
        };
        check(KeyCode::Char('L'), KeyModifiers::SHIFT, "L");
        check(KeyCode::Char('c'), KeyModifiers::CONTROL, "ctrl-c");
        check(KeyCode::Enter, KeyModifiers::ALT, "alt-enter");
        check(KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab");
        check(KeyCode::F(5), KeyModifiers::NONE, "f5");
    }

    #[test]
    fn the_release_of_a_key_is_no_press() {
        let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(event_of(terminal::Event::Key(released)), None);
    }
}
