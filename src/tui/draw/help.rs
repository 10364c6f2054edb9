//! All keys, from the table of commands.

use ratatui_core::layout::Rect;

use super::pen::{Pen, columns};
use crate::tui::command::Context;
use crate::tui::state::State;
use crate::tui::state::place::View;
use crate::tui::text::fill;

/// Columns for the keys of a command.
const KEYS: u16 = 20;

/// One line of the page.
enum Line {
    Title(&'static str),
    Key(String, String),
    Space,
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: usize) {
    let area = Rect { y: area.y + area.height.min(2), height: area.height.saturating_sub(3), ..area };
    pen.clear(area);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let body = pen.title(area, "Keys", "esc closes, j and k scroll");
    let lines = lines(state);
    let places = if body.width >= 100 { columns(body, &[1, 1], 3) } else { vec![body] };
    // The page is read column by column; scrolling moves all of them.
    let height = usize::from(body.height);
    let shown = (height * places.len()).max(1);
    let scroll = scroll.min(lines.len().saturating_sub(shown));
    for (place, chunk) in places.into_iter().zip(lines[scroll..].chunks(height.max(1))) {
        for (line, y) in chunk.iter().zip(place.y..place.bottom()) {
            match line {
                Line::Title(title) => _ = pen.put(place.x, y, place.width, title, pen.theme.accent),
                Line::Key(keys, about) => {
                    pen.put(place.x, y, KEYS, &fill(keys, usize::from(KEYS)), pen.theme.strong);
                    pen.put(place.x + KEYS, y, place.width.saturating_sub(KEYS), about, pen.theme.text);
                }
                Line::Space => {}
            }
        }
    }
}

fn lines(state: &State) -> Vec<Line> {
    let contexts = [
        Context::Everywhere,
        Context::Explorer,
        Context::Heatmap,
        Context::Results,
        Context::Editor,
        Context::Prompt,
        Context::Palette,
    ];
    let mut lines = Vec::new();
    for context in contexts {
        if !lines.is_empty() {
            lines.push(Line::Space);
        }
        lines.push(Line::Title(context.title()));
        for (entry, keys) in state.setup.keymap.entries().filter(|(entry, _)| entry.context == context) {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let about = match View::of_command(entry.cmd) {
                Some(view) => format!("{}: {}", view.title(), entry.about),
                None => entry.about.to_owned(),
            };
            lines.push(Line::Key(keys.join("  "), about));
        }
    }
    lines
}
