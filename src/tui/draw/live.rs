//! The live view: the newest events at the bottom, and a line that tells the truth about those that are not there.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

use super::pen::Pen;
use crate::tui::row::{Row, Severity};
use crate::tui::state::{Source, State};
use crate::tui::text::{clock, clock_millis, count, date_clock, fill, millis};

/// Columns of a line before its data, by what they show: time, mark, type, source.
const TIME: u16 = 12;
/// Where there is little room, times go without their milliseconds.
const TIME_SHORT: u16 = 8;
/// Columns from which there is room for them.
const ROOM: u16 = 60;
const KIND: u16 = 16;
const SOURCE: u16 = 14;
const USER: u16 = 12;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let (text, note) = (badge(state), position(state));
    let body = pen.title(area, &text, &note);
    if state.tail.unseen() > 0 {
        // The title is a plain line; what is missing stands out in it.
        let at = text.find("not shown").map_or(0, |_| text.chars().count());
        pen.style(Rect { width: at as u16, height: 1, ..area }, pen.theme.warn);
    }
    if state.tail.is_empty() {
        let text = match (&state.setup.source, state.place.filter.is_empty()) {
            (_, false) => match state.mistake() {
                Some(mistake) => format!("{mistake} backspace takes the last condition off"),
                None => "no event passes the filter yet; backspace takes its last condition off".to_owned(),
            },
            (Source::History, true) => "no events before that; this is history, so none will come".to_owned(),
            (Source::Server, true) => "no events yet; send one:  streamflow send web.click -d page=/".to_owned(),
        };
        return pen.empty(body, &text);
    }
    let (_, rows, selected) = state.tail.window(usize::from(body.height));
    let is_other_day = rows.first().is_some_and(|row| state.now - row.time > 86_400_000_000);
    // Few events begin at the top, as everywhere; once they fill the screen the newest are at its bottom.
    for ((at, row), y) in rows.iter().enumerate().zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        line(pen, place, row, is_other_day);
        if selected == Some(at) {
            pen.style(place, pen.theme.selected);
        }
    }
}

/// What passed, what is shown of it, and how late that is.
fn badge(state: &State) -> String {
    let tail = &state.tail;
    let until = || clock(state.range().until);
    let mut text = match (state.setup.source, state.place.cursor.is_live(), tail.is_following()) {
        (Source::History, true, _) => return format!("{} events of history", count(tail.len() as u64)),
        (Source::History, false, _) => {
            return format!("The last {} events before {}", count(tail.len() as u64), until());
        }
        (Source::Server, false, _) => format!("Events before {}", until()),
        (Source::Server, true, true) => "Following".to_owned(),
        (Source::Server, true, false) => "Standing still".to_owned(),
    };
    if let Some(lag) = tail.lag.filter(|_| state.takes_rows()) {
        text += &format!("  lag {}", millis(lag as f64 / 1e3));
    }
    if tail.unseen() > 0 {
        text += &format!("  {} of {} not shown", count(tail.unseen()), count(tail.matched + tail.missed));
        if tail.missed > 0 {
            text += &format!(", {} of them missed", count(tail.missed));
        }
    }
    text
}

fn position(state: &State) -> String {
    match (state.setup.source, state.takes_rows()) {
        (_, true) => String::new(),
        (Source::History, false) => "[ and ] go on".to_owned(),
        (Source::Server, false) => "L follows again".to_owned(),
    }
}

/// One event on one line, with as many columns as there is room for.
pub(super) fn line(pen: &mut Pen<'_>, place: Rect, row: &Row, is_other_day: bool) {
    let theme = pen.theme;
    let bad = severity(pen, row.severity);
    let mut x = place.x;
    let mut left = place.width;
    let mut put = |pen: &mut Pen<'_>, text: &str, width: u16, style: Style| {
        let width = width.min(left);
        pen.put(x, place.y, width, &fill(text, usize::from(width)), style);
        let step = (width + 1).min(left);
        (x, left) = (x + step, left - step);
    };
    let (time, width) = match (is_other_day, place.width >= ROOM) {
        (true, _) => (date_clock(row.time), TIME),
        (false, true) => (clock_millis(row.time), TIME),
        (false, false) => (clock(row.time), TIME_SHORT),
    };
    put(pen, &time, width, theme.dim);
    put(pen, row.severity.mark(), 1, bad);
    let is_bad = row.severity >= Severity::High;
    put(pen, &row.kind, KIND, if is_bad { bad } else { theme.accent });
    if place.width >= ROOM {
        put(pen, &row.source, SOURCE, theme.text);
    }
    if place.width >= 100 {
        put(pen, &row.user, USER, theme.text);
    }
    put(pen, &row.data, u16::MAX, theme.dim);
}

pub(super) fn severity(pen: &Pen<'_>, severity: Severity) -> Style {
    match severity {
        Severity::Low | Severity::Medium => pen.theme.dim,
        Severity::High => pen.theme.warn,
        Severity::Critical => pen.theme.bad,
    }
}
