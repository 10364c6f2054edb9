//! What lies over a view: help, the list of commands, a line to type a filter, an event.

use super::completion::Offered;
use super::detail::Detail;
use super::editor::Editor;
use crate::tui::command::{ALL, Cmd, Context, Entry};

/// One layer. The top one has the keys.
#[derive(Debug, Clone)]
pub enum Layer {
    Help { scroll: usize },
    Palette { input: Editor, selected: usize },
    Prompt(Prompt),
    Detail(Box<Detail>),
}

/// A line that is typed.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub asked: Asked,
    pub input: Editor,
    /// Why it was not taken.
    pub fault: Option<String>,
    pub offered: Option<Offered>,
}

/// What a line is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Filter,
    /// What the answer in front is called on the overview.
    PanelName,
}

impl Prompt {
    #[must_use]
    pub fn new(asked: Asked, text: &str) -> Self {
        Self { asked, input: Editor::of(text), fault: None, offered: None }
    }

    /// Puts the offered word into the text. Returns whether there was one.
    pub fn accept(&mut self) -> bool {
        let Some(offered) = self.offered.take() else { return false };
        offered.put_into(&mut self.input);
        true
    }
}

impl Layer {
    /// Returns what keys mean in it.
    #[must_use]
    pub const fn context(&self) -> Context {
        match self {
            Self::Palette { .. } => Context::Palette,
            Self::Prompt(_) => Context::Prompt,
            Self::Help { .. } | Self::Detail(_) => Context::Everywhere,
        }
    }
}

/// Returns the commands that can be meant by a few letters, the likeliest first.
#[must_use]
pub fn matching(letters: &str) -> Vec<&'static Entry> {
    let mut found: Vec<(u32, &Entry)> = offered().filter_map(|entry| Some((score(letters, entry)?, entry))).collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// Commands that mean something when they are chosen from a list. Moving does not, for the list has the keys.
fn offered() -> impl Iterator<Item = &'static Entry> {
    let moves = [
        Cmd::Up,
        Cmd::Down,
        Cmd::Left,
        Cmd::Right,
        Cmd::PageUp,
        Cmd::PageDown,
        Cmd::First,
        Cmd::Last,
        Cmd::Enter,
        Cmd::Back,
        Cmd::Palette,
    ];
    ALL.iter().filter(move |entry| entry.context == Context::Everywhere && !moves.contains(&entry.cmd))
}

/// Returns how far the letters are spread over the name, or the sentence; none when they are not in it in this order.
fn score(letters: &str, entry: &Entry) -> Option<u32> {
    const IN_SENTENCE: u32 = 1_000;
    let spread_in_name = spread(letters, entry.name);
    spread_in_name.or_else(|| entry.about.to_lowercase().contains(&letters.to_lowercase()).then_some(IN_SENTENCE))
}

fn spread(letters: &str, text: &str) -> Option<u32> {
    let mut rest = text.char_indices();
    let (mut first, mut last) = (None, 0);
    for letter in letters.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase) {
        let (at, _) = rest.find(|(_, c)| *c == letter)?;
        first.get_or_insert(at);
        last = at;
    }
    let first = first.unwrap_or(0);
    u32::try_from(first + (last - first) * 2).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_a_command() {
        let first = |letters: &str| matching(letters).first().map(|entry| entry.name);
        assert_eq!(first("heat"), Some("heatmap"));
        assert!(first("zo").is_some_and(|name| name.starts_with("zoom")));
        assert_eq!(first("zout"), Some("zoom-out"));
        assert_eq!(first("clipboard"), None);
        assert_eq!(first("colours"), Some("theme"), "found by what it does");
        assert!(matching("").len() > 20);
    }
}
