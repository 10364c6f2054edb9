//! How the server is: what it takes in, what it holds, what it refused, and what it says about itself.

use ratatui_core::layout::Rect;

use super::pen::{Pen, columns, split};
use super::{Room, chart};
use crate::api::state::Status;
use crate::tui::row::micros;
use crate::tui::state::State;
use crate::tui::state::overview::percent;
use crate::tui::text::{age, bytes, clock, count, counted, date_clock, fill, millis, short, visible};

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, room: Room) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let Some(status) = &state.status else { return pen.empty(area, "asking …") };
    let (head, rest) = split(area, 2);
    verdict(pen, head, status);
    if room == Room::Small {
        let (upper, lower) = split(rest, 5);
        events(pen, upper, state, status);
        store(pen, lower, status);
        return;
    }
    // The last line of each row stays empty, so that blocks stand apart.
    let (upper, rest) = split(rest, 8);
    let halves = columns(upper, &[1, 1], 3);
    events(pen, short_of_one(halves[0]), state, status);
    store(pen, short_of_one(halves[1]), status);
    // On a low screen what is wrong comes before what is kept.
    let has_history = state.storage.is_some() && rest.height >= 15;
    let (middle, lower) = split(rest, if has_history { 7 } else { 6 });
    let halves = columns(middle, if has_history { &[1, 1] } else { &[3, 2] }, 3);
    if has_history {
        history(pen, short_of_one(halves[0]), state);
        ports(pen, short_of_one(halves[1]), status);
        let (middle, lower) = split(lower, 4);
        checks(pen, short_of_one(middle), state);
        rejected(pen, lower, state);
    } else {
        checks(pen, halves[0], state);
        ports(pen, halves[1], status);
        rejected(pen, lower, state);
    }
}

fn short_of_one(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(1), ..area }
}

fn verdict(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let theme = pen.theme;
    let is_good = status.status == "healthy";
    let style = if is_good { theme.good } else { theme.bad };
    let up = age(status.uptime_seconds);
    let text = format!("  version {}, up {up}, process {}", visible(&status.version), status.pid);
    let dot = theme.glyphs.dot();
    pen.put_all(
        area.x,
        area.y,
        area.width,
        &[(dot, style), (" ", style), (&visible(&status.status), style), (&text, theme.dim)],
    );
}

/// A name and its value, as lines.
fn pairs(pen: &mut Pen<'_>, area: Rect, pairs: &[(&str, String)]) {
    const NAME: u16 = 16;
    for ((name, value), y) in pairs.iter().zip(area.y..area.bottom()) {
        pen.put(area.x, y, NAME, &fill(name, usize::from(NAME)), pen.theme.dim);
        pen.put(area.x + NAME, y, area.width.saturating_sub(NAME), value, pen.theme.text);
    }
}

fn events(pen: &mut Pen<'_>, area: Rect, state: &State, status: &Status) {
    let counters = &status.events;
    let newest = state.taken.last().copied().unwrap_or(0.0);
    let body = pen.title(area, "Events", &format!("{}/s", short(newest)));
    let (chart_area, rest) = split(body, 1);
    let row = chart::heights(&state.taken, chart_area.width, pen.theme.glyphs);
    let style = pen.theme.bar;
    pen.put_right(chart_area.x, chart_area.y, chart_area.width, &row, style);
    pairs(
        pen,
        rest,
        &[
            ("stored", count(counters.stored)),
            ("since start", count(counters.accepted)),
            ("duplicates", count(counters.duplicates)),
            ("refused", refused(counters.rejected, counters.rejected_dropped)),
            ("unknown keys", count(counters.unknown_keys)),
        ],
    );
}

/// Refused events, and those of them that nobody can look at any more.
fn refused(rejected: u64, dropped: u64) -> String {
    if dropped == 0 { count(rejected) } else { format!("{}, {} forgotten", count(rejected), count(dropped)) }
}

fn store(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let (tail, journal) = (&status.tail, &status.journal);
    let share = percent(tail.bytes, tail.bytes_max);
    let body = pen.title(area, "Store", &format!("memory {share:.0}% full"));
    let (gauge, rest) = split(body, 1);
    let bar = chart::bar(share / 100.0, gauge.width, pen.theme.glyphs);
    let style = if share >= 80.0 { pen.theme.warn } else { pen.theme.bar };
    let empty = pen.theme.glyphs.rule().repeat(usize::from(gauge.width));
    pen.put(gauge.x, gauge.y, gauge.width, &empty, pen.theme.rule);
    pen.put(gauge.x, gauge.y, gauge.width, &bar, style);
    let failure = journal.failure.as_deref().map(visible);
    pairs(
        pen,
        rest,
        &[
            ("in memory", format!("{} of {}", bytes(tail.bytes), bytes(tail.bytes_max))),
            ("not sealed", counted(tail.rows, "event", "events")),
            ("journal", format!("{} in {}", bytes(journal.bytes), counted(journal.files, "file", "files"))),
            ("syncs", format!("{}, {} each", count(journal.syncs), millis(journal.sync_micros_mean as f64 / 1e3))),
            // Free space says little where nothing can be written.
            match failure {
                Some(failure) => ("writes fail", failure),
                None => ("disk free", bytes(journal.disk_free_bytes)),
            },
        ],
    );
}

/// What lies in files, and whether it is in few of them.
fn history(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let Some(storage) = &state.storage else { return };
    let body = pen.title(area, "History", "streamflow storage stats");
    let each =
        storage.bytes_per_event.map_or_else(String::new, |each| format!(", {} each", bytes(each.round() as u64)));
    let waiting = match storage.merge_waiting_files {
        0 => "no file waits".to_owned(),
        1 => "1 file waits".to_owned(),
        files => format!("{} files wait", count(files)),
    };
    let range = storage.first_ingested_at.as_deref().zip(storage.last_ingested_at.as_deref());
    let range = range.map_or_else(
        || "nothing is sealed yet".to_owned(),
        |(first, last)| format!("{} to {} UTC", date_clock(micros(first)), date_clock(micros(last))),
    );
    pairs(
        pen,
        body,
        &[
            ("events", format!("{}{each}", count(storage.events))),
            ("files", format!("{}, {}", counted(storage.files, "file", "files"), bytes(storage.bytes))),
            ("merging", format!("{waiting}, {} so far", counted(storage.merges, "merge", "merges"))),
            ("arrived", range),
        ],
    );
}

fn checks(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let body = pen.title(area, "Checks", "");
    let Some(health) = &state.health else { return };
    for (check, y) in health.checks.iter().zip(body.y..body.bottom()) {
        let style = match check.status.as_str() {
            "ok" => pen.theme.good,
            "warning" => pen.theme.warn,
            _ => pen.theme.bad,
        };
        let used = pen.put(body.x, y, body.width, &fill(&visible(&check.status), 9), style);
        let text = format!("{}: {}", visible(&check.name), visible(&check.message));
        pen.put(body.x + used, y, body.width.saturating_sub(used), &text, pen.theme.text);
    }
}

fn ports(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let note = format!(
        "{}, {}",
        counted(status.connections, "connection", "connections"),
        format_args!("{} live", count(status.live_subscribers))
    );
    let body = pen.title(area, "Ports", &note);
    for (port, y) in status.ports.iter().zip(body.y..body.bottom()) {
        let text = format!("{} {}", fill(&visible(&port.role), 11), visible(&port.address));
        let style = if port.serving { pen.theme.text } else { pen.theme.bad };
        pen.put(body.x, y, body.width, &text, style);
    }
}

fn rejected(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let body = pen.title(area, "Refused lately", "streamflow events rejected");
    if state.rejected.is_empty() {
        let style = pen.theme.dim;
        pen.put(body.x, body.y, if body.height > 0 { body.width } else { 0 }, "none", style);
        return;
    }
    for (event, y) in state.rejected.iter().zip(body.y..body.bottom()) {
        let text =
            format!("{}  {}  {}", clock(micros(&event.received_at)), visible(&event.code), visible(&event.message));
        pen.put(body.x, y, body.width, &text, pen.theme.text);
    }
}
