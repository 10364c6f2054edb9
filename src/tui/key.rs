//! Names keys as people write them: `q`, `L`, `space`, `ctrl-c`, `shift-tab`, `f5`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One press of a key. A capital letter is a letter of its own, so `L` needs no mark for shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
}

/// Which key, whatever is held with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// Keys that have a name instead of a character.
const NAMES: [(&str, Code); 16] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("space", Code::Char(' ')),
    ("minus", Code::Char('-')),
];

/// Function keys that terminals send.
const F_KEYS: u8 = 12;

impl Key {
    /// Returns the key alone, with nothing held.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// Returns the character that the key types into a text.
    #[must_use]
    pub const fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key")]
pub struct UnknownKey(pub String);

impl FromStr for Key {
    type Err = UnknownKey;

    fn from_str(text: &str) -> Result<Self, UnknownKey> {
        let mut key = Self::plain(Code::Esc);
        let mut rest = text;
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|after| !after.is_empty()) {
                (key.ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|after| !after.is_empty()) {
                (key.alt, rest) = (true, after);
            } else {
                break;
            }
        }
        key.code = code(rest).ok_or_else(|| UnknownKey(text.to_owned()))?;
        Ok(key)
    }
}

fn code(text: &str) -> Option<Code> {
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == text) {
        return Some(*code);
    }
    let mut chars = text.chars();
    match (chars.next(), chars.as_str()) {
        (Some(c), "") if !c.is_control() => Some(Code::Char(c)),
        (Some('f'), number) => number.parse().ok().filter(|number| (1..=F_KEYS).contains(number)).map(Code::F),
        _ => None,
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            // A lone minus reads well enough; only behind another word it would be lost.
            (_, Code::Char('-')) if !self.ctrl && !self.alt => f.write_str("-"),
            (Some((name, _)), _) => f.write_str(name),
            (None, Code::F(number)) => write!(f, "f{number}"),
            (None, Code::Char(c)) => write!(f, "{c}"),
            (None, _) => Err(fmt::Error),
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for Key {
    type Error = UnknownKey;

    fn try_from(text: String) -> Result<Self, UnknownKey> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_name() {
        for name in
            ["q", "L", "?", "-", "+", "[", "space", "ctrl-c", "alt-enter", "shift-tab", "f5", "f12", "ctrl-minus"]
        {
            assert_eq!(name.parse::<Key>().unwrap().to_string(), name);
        }
        assert_eq!("minus".parse::<Key>().unwrap(), "-".parse::<Key>().unwrap());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "ctrl-", "f0", "f13", "hyper-x", "qq"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_plain_characters_are_typed() {
        assert_eq!("a".parse::<Key>().unwrap().typed(), Some('a'));
        assert_eq!("space".parse::<Key>().unwrap().typed(), Some(' '));
        assert_eq!("ctrl-a".parse::<Key>().unwrap().typed(), None);
        assert_eq!("enter".parse::<Key>().unwrap().typed(), None);
    }
}
