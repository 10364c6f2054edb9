//! The lines that every view has: whose events, the tabs, the range of time, the hints at the bottom.

use ratatui_core::layout::Rect;
use ratatui_core::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, wrapped};
use crate::tui::command::{Cmd, Context};
use crate::tui::state::layer::Layer;
use crate::tui::state::place::View;
use crate::tui::state::tour::STEPS;
use crate::tui::state::{Link, Source, State};
use crate::tui::text::{age, clock, cut, date_clock, span, visible};

/// Below this width tabs are digits, except the one that is shown.
const TABS_WIDTH: u16 = 72;
/// Lines of the tour, with the rule above it.
const TOUR_HEIGHT: u16 = 3;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    name(pen, area, state);
    tabs(pen, area, state);
    if area.height > 6 {
        pen.rule(area.x, area.y + 2, area.width, pen.theme.rule);
    }
}

/// Whose events on the left, which time on the right.
fn name(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let theme = pen.theme;
    let (badge, time) = (badge(pen, state), time(state));
    let right = badge.0.width() + 2 + time.width() + 1;
    let room = area.width.saturating_sub(u16::try_from(right).unwrap_or(u16::MAX) + 2);
    let used = pen.put(area.x + 1, area.y, room, "streamflow", theme.accent.add_modifier(Modifier::BOLD));
    let used = used + pen.put(area.x + 1 + used, area.y, room.saturating_sub(used), "  ", theme.text);
    let used =
        used + pen.put(area.x + 1 + used, area.y, room.saturating_sub(used), &visible(&state.setup.name), theme.strong);
    let warning = if state.setup.is_protected { "  PROTECTED, read-only" } else { "" };
    let used = used + pen.put(area.x + 1 + used, area.y, room.saturating_sub(used), warning, theme.warn);
    let address = format!("  {}", visible(&state.setup.address));
    if used + u16::try_from(address.width()).unwrap_or(u16::MAX) <= room {
        pen.put(area.x + 1 + used, area.y, room.saturating_sub(used), &address, theme.dim);
    }
    let width = area.width.saturating_sub(1);
    pen.put_right(area.x, area.y, width, &time, theme.text);
    let left = width.saturating_sub(u16::try_from(time.width() + 2).unwrap_or(u16::MAX));
    pen.put_right(area.x, area.y, left, &badge.0, badge.1);
}

/// Whether what is shown is the present, in a word and with a mark.
fn badge(pen: &Pen<'_>, state: &State) -> (String, ratatui_core::style::Style) {
    let theme = pen.theme;
    let dot = theme.glyphs.dot();
    match (&state.link, state.setup.source) {
        (Link::Down { since, .. }, _) => {
            let seconds = u64::try_from((state.now - since) / 1_000_000).unwrap_or(0);
            (format!("{dot} NO SERVER since {}", clock_or_age(*since, seconds)), theme.bad)
        }
        (Link::Refused { .. }, _) => (format!("{dot} FILTER REFUSED"), theme.bad),
        (Link::Connecting, _) => (format!("{dot} connecting"), theme.warn),
        (Link::Up, Source::History) => (format!("{dot} HISTORY, read-only"), theme.warn),
        (Link::Up, Source::Server) if state.stands_still() => (format!("{dot} PAUSED"), theme.warn),
        (Link::Up, Source::Server) => (format!("{dot} live"), theme.good),
    }
}

/// A time does not change while nothing happens, an age would.
fn clock_or_age(since: i64, seconds: u64) -> String {
    if seconds < 86_400 { clock(since) } else { format!("{} ago", age(seconds)) }
}

fn time(state: &State) -> String {
    let range = state.range();
    let length = span(range.until - range.since);
    if state.place.cursor.is_live() {
        return format!("last {length}");
    }
    if range.until - range.since < 86_400_000_000 {
        format!("{} to {} UTC", date_clock(range.since), clock(range.until))
    } else {
        format!("{} to {} UTC", date_clock(range.since), date_clock(range.until))
    }
}

/// How tabs are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tabs {
    /// With their names.
    Named,
    /// As digits, except the one that is shown.
    Digits,
}

/// Returns each tab with its text and its first column. Where there is no room for all names, or not beside the filter, they are
/// digits.
fn places(width: u16, state: &State) -> Vec<(View, String, u16)> {
    let named = places_of(Tabs::Named, state.place.view);
    let end = named.last().map_or(0, |(_, text, at)| usize::from(*at) + text.width());
    let filter = &state.place.filter;
    let needed = if filter.is_empty() { 0 } else { visible(filter).width() + "  / ".len() + 1 };
    let fits = width >= TABS_WIDTH && end + needed <= usize::from(width);
    if fits { named } else { places_of(Tabs::Digits, state.place.view) }
}

fn places_of(tabs: Tabs, shown: View) -> Vec<(View, String, u16)> {
    let mut x = 1;
    let tabs = View::ALL.into_iter().zip(1..).map(|(view, digit)| {
        let is_named = tabs == Tabs::Named || shown == view;
        let text = if is_named { format!(" {digit} {} ", view.title()) } else { format!(" {digit} ") };
        let at = x;
        x += u16::try_from(text.width()).unwrap_or(0) + u16::from(tabs == Tabs::Named);
        (view, text, at)
    });
    tabs.collect()
}

/// Returns the tab at a column.
pub(in crate::tui) fn tab_at(x: u16, state: &State) -> Option<View> {
    let found =
        places(state.size.0, state).into_iter().find(|(_, text, at)| (*at..*at + text.width() as u16).contains(&x));
    found.map(|(view, _, _)| view)
}

fn tabs(pen: &mut Pen<'_>, area: Rect, state: &State) {
    if area.height < 2 {
        return;
    }
    let theme = pen.theme;
    let mut end = 0;
    for (view, text, at) in places(area.width, state) {
        let style = if view == state.place.view { theme.selected } else { theme.text };
        end = at + pen.put(area.x + at, area.y + 1, area.width.saturating_sub(at), &text, style);
    }
    if !state.place.filter.is_empty() {
        let room = area.width.saturating_sub(end + 3);
        let filter = cut(&visible(&state.place.filter), usize::from(room.saturating_sub(2)));
        pen.put_right(area.x, area.y + 1, area.width.saturating_sub(1), &format!("/ {filter}"), theme.warn);
    }
}

/// Hints at the bottom, or a note.
pub(super) fn footer(pen: &mut Pen<'_>, area: Rect, state: &State) {
    if area.height < 3 {
        return;
    }
    let theme = pen.theme;
    let y = area.bottom() - 1;
    let width = area.width.saturating_sub(2);
    if let Some(note) = &state.note {
        pen.put(area.x + 1, y, width, &note.text, theme.accent);
        return;
    }
    if let Link::Down { reason, .. } | Link::Refused { reason } = &state.link {
        pen.put(area.x + 1, y, width, &visible(reason), theme.bad);
        return;
    }
    let mut x = area.x + 1;
    let context = state.context();
    for (cmd, words) in hints(state) {
        let Some(key) = state.setup.keymap.key_of(context, cmd) else { continue };
        let key = key.to_string();
        let needed = u16::try_from(key.width() + 1 + words.width()).unwrap_or(u16::MAX);
        if x + needed >= area.right() {
            break;
        }
        x += pen.put(x, y, needed, &key, theme.accent);
        x += pen.put(x, y, needed, &format!(" {words}"), theme.dim) + 2;
    }
}

/// What is worth a hint where the user is, the most useful first.
fn hints(state: &State) -> Vec<(Cmd, &'static str)> {
    let context = state.context();
    let own: &[(Cmd, &str)] = match (context, state.place.view) {
        (Context::Editor, _) => &[
            (Cmd::Leave, "leave the editor"),
            (Cmd::Run, "run"),
            (Cmd::Complete, "complete"),
            (Cmd::Chart, "chart"),
            (Cmd::Older, "older"),
            (Cmd::NewSheet, "another"),
        ],
        (Context::Prompt | Context::Palette, _) => &[(Cmd::Accept, "accept"), (Cmd::Leave, "leave")],
        _ if matches!(state.layers.last(), Some(Layer::Help { .. })) => {
            &[(Cmd::Back, "close"), (Cmd::Down, "down"), (Cmd::Up, "up")]
        }
        _ if !state.layers.is_empty() => &[
            (Cmd::Back, "close"),
            (Cmd::Down, "down"),
            (Cmd::Up, "up"),
            (Cmd::Enter, "filter by value"),
            (Cmd::Copy, "copy"),
        ],
        (Context::Results, _) => &[
            (Cmd::Write, "edit"),
            (Cmd::Run, "run"),
            (Cmd::Chart, "chart"),
            (Cmd::Pin, "pin"),
            (Cmd::NewSheet, "another"),
            (Cmd::Export, "export"),
        ],
        (_, View::Overview) => &[(Cmd::Enter, "filter by line"), (Cmd::Compare, "compare")],
        (_, View::Live) => &[(Cmd::Enter, "open"), (Cmd::Up, "stop and look"), (Cmd::Last, "follow")],
        (_, View::Explorer) => &[(Cmd::Enter, "filter"), (Cmd::Exclude, "exclude"), (Cmd::DropCondition, "undo")],
        (_, View::Heatmap) => &[(Cmd::Up, "choose a cell"), (Cmd::Enter, "its events")],
        (_, View::Health | View::Sql) => &[],
    };
    let rest: &[(Cmd, &str)] = if context.is_text() || !state.layers.is_empty() {
        &[]
    } else {
        &[
            (Cmd::Help, "help"),
            (Cmd::Quit, "quit"),
            (Cmd::Filter, "filter"),
            (Cmd::PanBack, "back"),
            (Cmd::PanForward, "forward"),
            (Cmd::ZoomIn, "zoom"),
            (Cmd::Pause, "pause"),
            (Cmd::Palette, "commands"),
        ]
    };
    let (first, later) = rest.split_at(rest.len().min(3));
    [first, own, later].concat()
}

/// Returns the lines that the tour takes.
pub(super) fn tour_height(area: Rect, state: &State) -> u16 {
    let is_shown = state.tour.as_ref().is_some_and(|tour| tour.current().is_some());
    if is_shown && area.height >= 18 && area.width >= 40 { TOUR_HEIGHT } else { 0 }
}

pub(super) fn tour(pen: &mut Pen<'_>, area: Rect, state: &State, height: u16) {
    let Some((step, tour)) = state.tour.as_ref().and_then(|tour| Some((tour.current()?, tour))) else { return };
    if height == 0 {
        return;
    }
    let theme = pen.theme;
    let y = area.bottom() - 1 - height;
    let place = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height };
    pen.clear(Rect { x: area.x, width: area.width, ..place });
    let title = format!("{} {}", theme.glyphs.pointer(), step.title);
    let text = pen.title(place, &title, &format!("tour {} of {}, t hides it", tour.step + 1, STEPS.len()));
    for (y, line) in (text.y..text.bottom()).zip(wrapped(step.text, text.width)) {
        pen.put(text.x, y, text.width, &line, theme.accent);
    }
}
