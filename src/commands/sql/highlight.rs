//! Paints SQL while it is typed.

use nu_ansi_term::{Color, Style};
use reedline::{Highlighter, StyledText, ValidationResult, Validator};

use super::lexer::{self, Kind};
use super::word;

/// Paints keywords, texts, numbers and comments; colour adds, the words are the same.
pub(super) struct Painter;

impl Highlighter for Painter {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut painted = StyledText::new();
        if line.starts_with('.') {
            painted.push((Style::new().fg(Color::Cyan), line.to_owned()));
            return painted;
        }
        for piece in lexer::pieces(line) {
            let text = &line[piece.start..piece.end];
            painted.push((style(piece.kind, text), text.to_owned()));
        }
        painted
    }
}

fn style(kind: Kind, text: &str) -> Style {
    match kind {
        Kind::Word if word::is_keyword(text) => Style::new().bold(),
        Kind::Text => Style::new().fg(Color::Green),
        Kind::Number | Kind::Parameter => Style::new().fg(Color::Cyan),
        Kind::Comment => Style::new().dimmed(),
        Kind::Space | Kind::QuotedName | Kind::Word | Kind::Semicolon | Kind::Symbol => Style::new(),
    }
}

/// Enter ends a dot command, a whole statement and an empty line; else it begins the next line.
pub(super) struct Ending;

impl Validator for Ending {
    fn validate(&self, line: &str) -> ValidationResult {
        if line.starts_with('.') || lexer::is_whole(line) {
            ValidationResult::Complete
        } else {
            ValidationResult::Incomplete
        }
    }
}
