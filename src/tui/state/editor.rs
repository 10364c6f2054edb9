//! A text that is being typed: lines and the place in them. One line is a text, too.

use crate::tui::key::{Code, Key};

/// Bytes of a text that is typed; a statement that is longer comes from a file.
const BYTES_MAX: usize = 64 << 10;

/// Lines, and where the next character goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    /// Never empty.
    lines: Vec<String>,
    line: usize,
    /// Characters before the cursor in its line.
    column: usize,
}

impl Default for Editor {
    fn default() -> Self {
        Self { lines: vec![String::new()], line: 0, column: 0 }
    }
}

impl Editor {
    /// Returns a text with the cursor behind it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.trim().is_empty())
    }

    /// Returns the line and the character in it that the cursor is on.
    #[must_use]
    pub const fn cursor(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// Returns the letters before the cursor that belong to one word, dots included.
    #[must_use]
    pub fn word(&self) -> &str {
        let line = &self.lines[self.line];
        let end = byte_of(line, self.column);
        let before = &line[..end];
        let start = before
            .rfind(|c: char| !is_word(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        &before[start..]
    }

    /// Returns everything before the cursor.
    #[must_use]
    pub fn before(&self) -> String {
        let (line, rest) = (self.lines[..self.line].iter().map(|line| format!("{line}\n")), &self.lines[self.line]);
        line.collect::<String>() + &rest[..byte_of(rest, self.column)]
    }

    /// Returns the character at the cursor; none at the end of its line.
    #[must_use]
    pub fn at_cursor(&self) -> Option<char> {
        self.lines[self.line].chars().nth(self.column)
    }

    /// Puts other letters in the place of so many before the cursor.
    pub fn replace_before(&mut self, letters: usize, text: &str) {
        for _ in 0..letters {
            self.backspace();
        }
        self.insert(text);
    }

    /// Puts the cursor before a character of a line, both counted from 0; if there is none, where the text ends.
    pub fn go_to(&mut self, line: usize, column: usize) {
        self.column = column;
        self.go_to_line(line);
    }

    /// Types a text; what would make the whole too long is left out.
    pub fn insert(&mut self, text: &str) {
        let mut room = BYTES_MAX.saturating_sub(self.lines.iter().map(|line| line.len() + 1).sum());
        for c in text.chars() {
            room = match room.checked_sub(c.len_utf8()) {
                Some(room) => room,
                None => break,
            };
            match c {
                '\n' => self.split(),
                '\t' => (0..4).for_each(|_| self.insert_char(' ')),
                c if c.is_control() => {}
                c => self.insert_char(c),
            }
        }
    }

    fn insert_char(&mut self, c: char) {
        let at = byte_of(&self.lines[self.line], self.column);
        self.lines[self.line].insert(at, c);
        self.column += 1;
    }

    /// Begins a new line at the cursor.
    pub fn split(&mut self) {
        let at = byte_of(&self.lines[self.line], self.column);
        let rest = self.lines[self.line].split_off(at);
        self.lines.insert(self.line + 1, rest);
        (self.line, self.column) = (self.line + 1, 0);
    }

    fn backspace(&mut self) {
        if self.column > 0 {
            self.column -= 1;
            let at = byte_of(&self.lines[self.line], self.column);
            self.lines[self.line].remove(at);
        } else if self.line > 0 {
            let rest = self.lines.remove(self.line);
            self.line -= 1;
            self.column = self.lines[self.line].chars().count();
            self.lines[self.line].push_str(&rest);
        }
    }

    fn delete(&mut self) {
        let before = (self.line, self.column);
        self.right();
        if before != (self.line, self.column) {
            self.backspace();
        }
    }

    fn left(&mut self) {
        if self.column > 0 {
            self.column -= 1;
        } else if self.line > 0 {
            self.line -= 1;
            self.column = self.length();
        }
    }

    fn right(&mut self) {
        if self.column < self.length() {
            self.column += 1;
        } else if self.line + 1 < self.lines.len() {
            (self.line, self.column) = (self.line + 1, 0);
        }
    }

    fn go_to_line(&mut self, line: usize) {
        self.line = line.min(self.lines.len() - 1);
        self.column = self.column.min(self.length());
    }

    fn length(&self) -> usize {
        self.lines[self.line].chars().count()
    }

    /// Removes back to the start of the word before the cursor.
    fn remove_word(&mut self) {
        let line = &self.lines[self.line];
        let before: Vec<char> = line.chars().take(self.column).collect();
        let spaces = before.iter().rev().take_while(|c| c.is_whitespace()).count();
        let letters = before.iter().rev().skip(spaces).take_while(|c| is_word(**c)).count();
        for _ in 0..(spaces + letters).max(1) {
            self.backspace();
        }
    }

    /// Does what a key does to any text. Returns whether it did something.
    pub fn press(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(&c.to_string());
            return true;
        }
        match (key.code, key.ctrl) {
            (Code::Backspace, true) | (Code::Char('w'), true) => self.remove_word(),
            (Code::Backspace, _) => self.backspace(),
            (Code::Delete, _) | (Code::Char('d'), true) => self.delete(),
            (Code::Left, _) | (Code::Char('b'), true) => self.left(),
            (Code::Right, _) | (Code::Char('f'), true) => self.right(),
            (Code::Up, _) => self.go_to_line(self.line.saturating_sub(1)),
            (Code::Down, _) => self.go_to_line(self.line + 1),
            (Code::Home, _) | (Code::Char('a'), true) => self.column = 0,
            (Code::End, _) | (Code::Char('e'), true) => self.column = self.length(),
            (Code::Char('u'), true) => *self = Self::default(),
            (Code::Char('k'), true) => {
                let at = byte_of(&self.lines[self.line], self.column);
                self.lines[self.line].truncate(at);
            }
            _ => return false,
        }
        true
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}

fn byte_of(line: &str, column: usize) -> usize {
    line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut Editor, keys: &[&str]) {
        for key in keys {
            assert!(editor.press(key.parse().unwrap()), "{key} does nothing");
        }
    }

    #[test]
    fn keys_change_the_text_where_the_cursor_is() {
        let mut editor = Editor::of("SELECT 1\nFROM events");
        press(&mut editor, &["up", "home", "right", "delete", "x", "end", "backspace", "2"]);
        assert_eq!(editor.text(), "SxLECT 2\nFROM events");
        press(&mut editor, &["down", "home", "backspace"]);
        assert_eq!(editor.text(), "SxLECT 2FROM events");
        press(&mut editor, &["end", "ctrl-w", "ctrl-w"]);
        assert_eq!(editor.text(), "SxLECT ");
        press(&mut editor, &["ctrl-u"]);
        assert!(editor.is_empty() && editor.lines().len() == 1);
    }

    #[test]
    fn the_word_before_the_cursor_is_found_and_replaced() {
        let mut editor = Editor::of("SELECT über, data.pa");
        assert_eq!(editor.word(), "data.pa");
        editor.replace_before("data.pa".len(), "data.page");
        assert_eq!(editor.text(), "SELECT über, data.page");
        let mut editor = Editor::of("ü\nab");
        editor.go_to(1, 1);
        assert_eq!((editor.before().as_str(), editor.at_cursor()), ("ü\na", Some('b')));
        editor.go_to(7, 7);
        assert_eq!(editor.cursor(), (1, 2));
        let mut editor = Editor::of("SELECT über, data.page");
        press(&mut editor, &["space"]);
        assert_eq!(editor.word(), "");
    }

    #[test]
    fn a_text_has_an_end_and_no_controls() {
        let mut editor = Editor::of(&"ü".repeat(BYTES_MAX));
        assert!(editor.text().len() <= BYTES_MAX);
        editor.insert("more");
        assert!(editor.text().len() <= BYTES_MAX);
        assert_eq!(Editor::of("a\u{1b}[2J\tb").text(), "a[2J    b");
    }
}
