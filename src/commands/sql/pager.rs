//! Shows a result that is larger than the terminal, a screen at a time, and leaves the screen as it was.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use crossterm::terminal;
use unicode_width::UnicodeWidthChar;

use crate::printer::{CommandError, ExitStatus, Printer};

/// Lines that the prompt and what is said around a result need.
const LINES_AROUND: usize = 3;
/// Columns that one step to the side goes.
const SIDE_STEP: usize = 16;
/// A table of so many columns is cut to nothing on any terminal.
const COLUMNS_MAX: usize = 30;

/// Tells whether so many lines, or columns, are more than the terminal has.
pub(super) fn is_needed(lines: usize, columns: usize) -> bool {
    terminal::size().is_ok_and(|(_, height)| lines + LINES_AROUND > usize::from(height) || columns > COLUMNS_MAX)
}

/// What is shown of the lines. The first line is the head and stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct View {
    /// The first line below the head, from 0.
    top: usize,
    /// The first column.
    left: usize,
    lines: usize,
    columns: usize,
    height: usize,
    width: usize,
}

impl View {
    fn body(&self) -> usize {
        self.height.saturating_sub(2).max(1)
    }

    /// Goes where a key says; none when it says to leave.
    fn after(self, key: KeyEvent) -> Option<Self> {
        let page = self.body();
        let last = self.lines.saturating_sub(page);
        let right = self.columns.saturating_sub(self.width);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let to = |top: usize| Some(Self { top: top.min(last), ..self });
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc | KeyCode::Enter => None,
            KeyCode::Char('c' | 'd') if control => None,
            KeyCode::Down | KeyCode::Char('j') => to(self.top + 1),
            KeyCode::Up | KeyCode::Char('k') => to(self.top.saturating_sub(1)),
            KeyCode::PageDown | KeyCode::Char(' ' | 'f') => to(self.top + page),
            KeyCode::PageUp | KeyCode::Char('b') => to(self.top.saturating_sub(page)),
            KeyCode::Home | KeyCode::Char('g') => to(0),
            KeyCode::End | KeyCode::Char('G') => to(last),
            KeyCode::Right | KeyCode::Char('l') => Some(Self { left: (self.left + SIDE_STEP).min(right), ..self }),
            KeyCode::Left | KeyCode::Char('h') => Some(Self { left: self.left.saturating_sub(SIDE_STEP), ..self }),
            _ => Some(self),
        }
    }

    /// Fits into a terminal of another size.
    fn resized(self, width: usize, height: usize) -> Self {
        let view = Self { width, height, ..self };
        Self { top: view.top.min(view.lines.saturating_sub(view.body())), ..view }
    }

    fn drawn(&self, lines: &[String]) -> String {
        let mut text = "\x1b[H".to_owned();
        let mut line = |words: &str| {
            text.push_str(words);
            text.push_str("\x1b[K\r\n");
        };
        line(&format!("\x1b[1m{}\x1b[0m", cut(lines.first().map_or("", String::as_str), self.left, self.width)));
        let body = lines.iter().skip(1 + self.top).map(String::as_str).chain(std::iter::repeat("~"));
        for words in body.take(self.body()) {
            line(&cut(words, self.left, self.width));
        }
        let until = (self.top + self.body()).min(self.lines);
        let place = format!("rows {} to {until} of {}   space b ↑ ↓ ← → g G   q leaves", self.top + 1, self.lines);
        text + "\x1b[7m" + &cut(&place, 0, self.width.saturating_sub(1)) + "\x1b[0m\x1b[K"
    }
}

/// Shows a text of lines until a key says to leave.
///
/// # Errors
/// When the terminal goes away.
pub(super) fn show(text: &str, printer: &Printer) -> Result<(), CommandError> {
    let plain = anstream::adapter::strip_str(text).to_string();
    let lines: Vec<String> = plain.lines().map(str::to_owned).collect();
    let (width, height) = terminal::size().map_err(|error| gone(&error))?;
    let columns = lines.iter().map(|line| line.chars().map(|c| c.width().unwrap_or(0)).sum()).max().unwrap_or(0);
    let view = View {
        top: 0,
        left: 0,
        lines: lines.len().saturating_sub(1),
        columns,
        height: usize::from(height),
        width: usize::from(width),
    };
    terminal::enable_raw_mode().map_err(|error| gone(&error))?;
    // Another screen, so that this one is as it was afterwards.
    let shown = printer.bytes(b"\x1b[?1049h\x1b[?25l").and_then(|()| leaf(view, &lines, printer));
    let restored = printer.bytes(b"\x1b[?25h\x1b[?1049l");
    terminal::disable_raw_mode().map_err(|error| gone(&error))?;
    shown.and(restored)
}

fn leaf(mut view: View, lines: &[String], printer: &Printer) -> Result<(), CommandError> {
    loop {
        printer.bytes(view.drawn(lines).as_bytes())?;
        view = match read().map_err(|error| gone(&error))? {
            Event::Key(key) if key.kind != KeyEventKind::Release => match view.after(key) {
                Some(view) => view,
                None => return Ok(()),
            },
            Event::Resize(width, height) => view.resized(usize::from(width), usize::from(height)),
            _ => view,
        };
    }
}

/// Returns the columns from `left` on, at most `width` of them.
fn cut(line: &str, left: usize, width: usize) -> String {
    let mut column = 0;
    let mut kept = String::new();
    for c in line.chars() {
        let next = column + c.width().unwrap_or(0);
        if column >= left && next <= left + width {
            kept.push(c);
        }
        column = next;
    }
    kept
}

fn gone(error: &std::io::Error) -> CommandError {
    CommandError::new("output_failed", format!("the terminal went: {error}"), ExitStatus::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        View { top: 0, left: 0, lines: 100, columns: 200, height: 12, width: 80 }
    }

    fn pressed(view: View, keys: &[KeyCode]) -> Option<View> {
        keys.iter().try_fold(view, |view, key| view.after(KeyEvent::new(*key, KeyModifiers::NONE)))
    }

    #[test]
    fn keys_go_there_and_no_further() {
        let top = |keys: &[KeyCode]| pressed(view(), keys).map(|view| view.top);
        assert_eq!(top(&[KeyCode::Char(' ')]), Some(10));
        assert_eq!(top(&[KeyCode::End, KeyCode::Down]), Some(90));
        assert_eq!(top(&[KeyCode::Down, KeyCode::PageUp]), Some(0));
        assert_eq!(top(&[KeyCode::Char('q')]), None);
        let left = |keys: &[KeyCode]| pressed(view(), keys).map(|view| view.left);
        assert_eq!(left(&[KeyCode::Right; 20]), Some(120));
        assert_eq!(left(&[KeyCode::Right, KeyCode::Left, KeyCode::Left]), Some(0));
    }

    #[test]
    fn head_stays_and_the_place_is_told() {
        let lines: Vec<String> = (0..=100).map(|line| format!("line {line}")).collect();
        let drawn = pressed(view(), &[KeyCode::PageDown]).unwrap().drawn(&lines);
        assert!(drawn.contains("line 0") && drawn.contains("line 11\x1b") && !drawn.contains("line 10\x1b"), "{drawn}");
        assert!(drawn.contains("rows 11 to 20 of 100"), "{drawn}");
        assert!(view().resized(20, 4).drawn(&lines).lines().count() <= 4);
    }

    #[test]
    fn wide_characters_are_cut_whole() {
        assert_eq!(cut("a字b", 0, 2), "a");
        assert_eq!(cut("a字b", 1, 3), "字b");
        assert_eq!(cut("a字b", 2, 3), "b");
    }
}
