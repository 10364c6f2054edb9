//! Draws the state. Decides nothing: the same state always looks the same.

mod chart;
mod explorer;
mod header;
mod health;
mod heatmap;
mod help;
mod layers;
mod live;
mod overview;
mod panels;
mod pen;
mod sql;

#[cfg(test)]
mod picture;
#[cfg(test)]
mod tests;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Modifier;

pub(super) use self::header::tab_at;
use self::pen::Pen;
use super::state::State;
use super::state::layer::Layer;
use super::state::place::View;
use super::theme::Theme;

/// Columns and lines of a screen that shows everything; below one of them things are left out.
const MEDIUM: (u16, u16) = (72, 20);
const WIDE: (u16, u16) = (110, 32);

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    Small,
    Medium,
    Wide,
}

impl Room {
    const fn of(area: Rect) -> Self {
        if area.width >= WIDE.0 && area.height >= WIDE.1 {
            Self::Wide
        } else if area.width >= MEDIUM.0 && area.height >= MEDIUM.1 {
            Self::Medium
        } else {
            Self::Small
        }
    }
}

/// Draws all of the screen. Returns where text is being typed, if it is.
pub(super) fn screen(state: &State, theme: &Theme, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let area = buffer.area;
    let mut pen = Pen::new(buffer, theme);
    if area.width == 0 || area.height == 0 {
        return None;
    }
    header::draw(&mut pen, area, state);
    let tour = header::tour_height(area, state);
    let top = area.height.min(3);
    let bottom = area.height.saturating_sub(1 + tour);
    let body = Rect { x: area.x, y: area.y + top, width: area.width, height: bottom.saturating_sub(top) };
    let room = Room::of(area);
    let typed = body_of(&mut pen, body, state, room);
    if state.is_stale() {
        grey(pen.buffer(), body);
    }
    header::tour(&mut pen, area, state, tour);
    header::footer(&mut pen, area, state);
    let mut typed = typed.filter(|_| state.layers.is_empty());
    for layer in &state.layers {
        typed = match layer {
            Layer::Help { scroll } => {
                help::draw(&mut pen, area, state, *scroll);
                None
            }
            Layer::Palette { input, selected } => layers::palette(&mut pen, area, state, input, *selected),
            Layer::Prompt(prompt) => layers::prompt(&mut pen, area, prompt),
            Layer::Detail(detail) => {
                layers::detail(&mut pen, body, detail);
                None
            }
        };
    }
    typed
}

fn body_of(pen: &mut Pen<'_>, body: Rect, state: &State, room: Room) -> Option<(u16, u16)> {
    match state.place.view {
        View::Overview => overview::draw(pen, body, state, room),
        View::Live => live::draw(pen, body, state),
        View::Explorer => explorer::draw(pen, body, state, room),
        View::Sql => return sql::draw(pen, body, state),
        View::Heatmap => heatmap::draw(pen, body, state),
        View::Health => health::draw(pen, body, state, room),
    }
    None
}

/// What was known before the server went: still there, but set back.
fn grey(buffer: &mut Buffer, area: Rect) {
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &mut buffer[(x, y)];
            cell.modifier.insert(Modifier::DIM);
            cell.modifier.remove(Modifier::BOLD);
        }
    }
}
