//! The explorer: fields, values, events, side by side as far as there is room.

use ratatui_core::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::Room;
use super::overview::ranked;
use super::pen::{Pen, columns, number};
use crate::tui::state::State;
use crate::tui::state::explorer::Pane;
use crate::tui::state::overview::percent;
use crate::tui::text::{count, fill, short};

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, room: Room) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if let Some(failure) = &state.explorer.failure {
        return pen.failure(area, failure);
    }
    let pane = state.explorer.pane;
    match room {
        Room::Wide => {
            // Names of fields are seen whole if they can be; the rest is for values and events.
            let names = field_width(state).min(area.width / 3);
            let share = area.width - names;
            let places = columns(area, &[names, share * 45 / 100, share * 55 / 100], 2);
            fields(pen, places[0], state);
            values(pen, places[1], state);
            events(pen, places[2], state);
        }
        Room::Medium => {
            // Two of three lists: the one with the keys, and its neighbour.
            let names =
                if pane == Pane::Events { area.width * 2 / 5 } else { field_width(state).min(area.width * 2 / 5) };
            let places = columns(area, &[names, area.width - names], 2);
            if pane == Pane::Events {
                values(pen, places[0], state);
                events(pen, places[1], state);
            } else {
                fields(pen, places[0], state);
                values(pen, places[1], state);
            }
        }
        Room::Small => match pane {
            Pane::Fields => fields(pen, area, state),
            Pane::Values => values(pen, area, state),
            Pane::Events => events(pen, area, state),
        },
    }
}

/// Columns of the numbers behind the name of a field.
const SIZES: u16 = 12;

/// Returns the columns that the list of fields can use.
fn field_width(state: &State) -> u16 {
    let longest = state.explorer.names.iter().map(|name| name.width()).max().unwrap_or(0);
    u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(SIZES + 3).max(24)
}

/// Returns the first line of a list that shows the selected one.
fn start(selected: usize, height: u16) -> usize {
    selected.saturating_sub(usize::from(height / 2).max(1)).min(selected)
}

fn mark(pen: &mut Pen<'_>, place: Rect, has_keys: bool) {
    let style = if has_keys { pen.theme.selected } else { pen.theme.chosen };
    pen.style(place, style);
}

fn fields(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let explorer = &state.explorer;
    let body = pen.title(area, "Fields", "values    in");
    if explorer.names.is_empty() {
        return pen.empty(body, "no events yet");
    }
    let total = explorer.sizes.iter().map(|(_, events)| *events).max().unwrap_or(0);
    let from = start(explorer.field, body.height);
    for ((at, name), y) in explorer.names.iter().enumerate().skip(from).zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        let (distinct, events) = explorer.sizes.get(at).copied().unwrap_or_default();
        let width = place.width.saturating_sub(SIZES);
        let style = if events == 0 && !explorer.sizes.is_empty() { pen.theme.dim } else { pen.theme.text };
        pen.put(place.x, y, width, &fill(name, usize::from(width)), style);
        if !explorer.sizes.is_empty() {
            let share = format!("{:.0}%", percent(events, total));
            let text = number(&short(distinct as f64), 6) + &number(&share, 6);
            pen.put_right(place.x, y, place.width, &text, pen.theme.dim);
        }
        if at == explorer.field {
            mark(pen, place, explorer.pane == Pane::Fields);
        }
    }
}

fn values(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let explorer = &state.explorer;
    let note = if area.width >= 34 { "events   errors     p95" } else { "events errors" };
    let body = pen.title(area, explorer.field_name().unwrap_or("Values"), note);
    let Some(values) = &explorer.values else { return pen.empty(body, "asking …") };
    if values.is_empty() {
        return pen.empty(body, &state.why_nothing());
    }
    let from = start(explorer.value, body.height);
    for ((at, value), y) in values.iter().enumerate().skip(from).zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        ranked(pen, place, value);
        if at == explorer.value {
            mark(pen, place, explorer.pane == Pane::Values);
        }
    }
}

fn events(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let explorer = &state.explorer;
    let found = explorer.events.as_ref().map_or(0, Vec::len);
    let body = pen.title(area, "Events", &format!("newest {}", count(found as u64)));
    let Some(events) = &explorer.events else { return pen.empty(body, "asking …") };
    if events.is_empty() {
        return pen.empty(body, &state.why_nothing());
    }
    let from = start(explorer.event, body.height);
    for ((at, row), y) in events.iter().enumerate().skip(from).zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        super::live::line(pen, place, row, state.now - row.time > 86_400_000_000);
        if at == explorer.event {
            mark(pen, place, explorer.pane == Pane::Events);
        }
    }
}
