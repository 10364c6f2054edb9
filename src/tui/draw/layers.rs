//! What lies over a view: the list of commands, the line of a filter, an event.

use ratatui_core::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, split};
use crate::tui::state::State;
use crate::tui::state::detail::{Branch, Detail, Line};
use crate::tui::state::editor::Editor;
use crate::tui::state::layer::{Asked, Prompt, matching};
use crate::tui::text::{fill, right};

/// Columns of the list of commands.
const PALETTE_WIDTH: u16 = 66;
const PALETTE_HEIGHT: u16 = 14;

/// Draws a frame in the middle and returns what is inside.
fn framed(pen: &mut Pen<'_>, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    // A column to either side, so that nothing touches the frame.
    pen.clear(
        Rect { x: place.x.saturating_sub(1).max(area.x), width: width.saturating_add(2), ..place }.intersection(area),
    );
    let theme = pen.theme;
    let line = theme.glyphs.rule().repeat(usize::from(width));
    let (left, right, bottom) = (place.x, place.right().saturating_sub(1), place.bottom().saturating_sub(1));
    pen.put(left, place.y, width, &line, theme.accent);
    pen.put(left + 1, place.y, width.saturating_sub(2), &format!(" {title} "), theme.accent);
    if height > 1 {
        pen.put(left, bottom, width, &line, theme.accent);
    }
    for y in place.y + 1..bottom {
        pen.cell(left, y, theme.glyphs.column(), theme.accent);
        pen.cell(right, y, theme.glyphs.column(), theme.accent);
    }
    for (corner, (x, y)) in
        theme.glyphs.corners().into_iter().zip([(left, place.y), (right, place.y), (left, bottom), (right, bottom)])
    {
        pen.cell(x, y, corner, theme.accent);
    }
    Rect {
        x: place.x + 2.min(width),
        y: place.y + 1.min(height),
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    }
}

/// Writes a line that is typed, moved so that the cursor is seen. Returns where the cursor is.
fn typed(pen: &mut Pen<'_>, place: Rect, mark: &str, input: &Editor) -> Option<(u16, u16)> {
    let used = pen.put(place.x, place.y, place.width, mark, pen.theme.accent);
    let room = place.width.saturating_sub(used);
    if room == 0 {
        return None;
    }
    let text = input.text();
    let before: String = text.chars().take(input.cursor().1).collect();
    // Characters are left out at the start until the cursor is inside.
    let mut hidden = 0;
    let mut ahead = before.as_str();
    while ahead.width() >= usize::from(room) {
        let Some(c) = ahead.chars().next() else { break };
        hidden += c.len_utf8();
        ahead = &ahead[c.len_utf8()..];
    }
    pen.put(place.x + used, place.y, room, &text[hidden..], pen.theme.text);
    Some((place.x + used + u16::try_from(ahead.width()).unwrap_or(0), place.y))
}

pub(super) fn palette(
    pen: &mut Pen<'_>,
    area: Rect,
    state: &State,
    input: &Editor,
    selected: usize,
) -> Option<(u16, u16)> {
    let inside = framed(pen, area, PALETTE_WIDTH, PALETTE_HEIGHT, "Commands");
    let (line, list) = split(inside, 1);
    let cursor = typed(pen, line, ": ", input);
    let found = matching(&input.text());
    if found.is_empty() {
        pen.empty(list, "no command has these letters");
    }
    let start = (selected + 1).saturating_sub(usize::from(list.height));
    for ((at, entry), y) in found.iter().enumerate().skip(start).zip(list.y..list.bottom()) {
        let place = Rect { y, height: 1, ..list };
        let key = state.setup.keymap.key_of(entry.context, entry.cmd).map(|key| key.to_string()).unwrap_or_default();
        pen.put(place.x, y, 16, &fill(entry.name, 15), pen.theme.strong);
        pen.put(place.x + 16, y, place.width.saturating_sub(26), entry.about, pen.theme.text);
        pen.put_right(place.x, y, place.width, &right(&key, 9), pen.theme.dim);
        if at == selected {
            pen.style(place, pen.theme.selected);
        }
    }
    cursor
}

pub(super) fn prompt(pen: &mut Pen<'_>, area: Rect, prompt: &Prompt) -> Option<(u16, u16)> {
    let y = area.bottom().saturating_sub(2).max(area.y);
    let place = Rect { x: area.x, y, width: area.width, height: area.bottom() - y };
    pen.clear(place);
    let (line, below) = split(Rect { x: place.x + 1, width: place.width.saturating_sub(2), ..place }, 1);
    let (mark, help) = match prompt.asked {
        Asked::Filter => {
            ("/ ", "type=error  source!=web  latency_ms>500  page~checkout, or SQL:  type = 'a' OR severity = 'high'")
        }
        Asked::PanelName => ("name of the panel: ", "enter pins the answer to the overview, esc does not"),
    };
    let cursor = typed(pen, line, mark, &prompt.input);
    let (text, style) = match &prompt.fault {
        Some(fault) => (fault.as_str(), pen.theme.bad),
        None => (help, pen.theme.dim),
    };
    pen.put(below.x, below.y, if below.height == 0 { 0 } else { below.width }, text, style);
    if let (Some(offered), Some(at)) = (&prompt.offered, cursor) {
        super::sql::offer(pen, Rect { height: below.y.saturating_sub(area.y), ..area }, at, offered);
    }
    cursor
}

/// An event as a tree, and what has to do with it.
pub(super) fn detail(pen: &mut Pen<'_>, area: Rect, detail: &Detail) {
    pen.clear(area);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let related = detail.related.as_ref();
    let below_height = match related {
        Some((_, rows)) if rows.len() > 1 && area.height >= 10 => area.height / 3,
        Some(_) if area.height >= 10 => 1,
        _ => 0,
    };
    let (upper, lower) = split(area, area.height - below_height);
    let offset = detail.row.offset.map(|offset| format!("event {offset}")).unwrap_or_default();
    let body = pen.title(upper, &detail.row.kind, &offset);
    let lines = detail.lines();
    let start = detail
        .selected
        .saturating_sub(usize::from(body.height / 2))
        .min(lines.len().saturating_sub(usize::from(body.height)));
    let indent_of = |line: &Line| u16::try_from(line.depth * 2).unwrap_or(u16::MAX).min(body.width / 2);
    // All values begin at the same column, whatever is how deep; that of the longest key, if it leaves enough room.
    let keys =
        lines.iter().map(|line| u16::try_from(line.key.width()).unwrap_or(u16::MAX).saturating_add(indent_of(line)));
    let keys = keys.max().unwrap_or(0).saturating_add(4).clamp(20, (body.width / 2).max(20));
    for ((at, line), y) in lines.iter().enumerate().skip(start).zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        let mark = match line.branch {
            Branch::Leaf => " ",
            Branch::Open => pen.theme.glyphs.open(),
            Branch::Closed => pen.theme.glyphs.pointer(),
        };
        let indent = indent_of(line);
        let key = format!("{mark} {}", line.key);
        pen.put(place.x + indent, y, keys.saturating_sub(indent + 1), &key, pen.theme.accent);
        let at_x = place.x + keys;
        let style = if line.branch == Branch::Leaf { pen.theme.text } else { pen.theme.dim };
        pen.put(at_x, y, place.right().saturating_sub(at_x), &line.text, style);
        if at == detail.selected {
            pen.style(place, pen.theme.selected);
        }
    }
    if let Some((name, rows)) = related.filter(|_| below_height > 0) {
        let note = if rows.len() > 1 { "newest first" } else { "no other event" };
        let body = pen.title(lower, &format!("Same {name}"), note);
        for (row, y) in rows.iter().zip(body.y..body.bottom()) {
            let place = Rect { y, height: 1, ..body };
            super::live::line(pen, place, row, false);
            if row.offset == detail.row.offset {
                pen.style(place, pen.theme.chosen);
            }
        }
    }
}
