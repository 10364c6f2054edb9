//! How the server is: what it takes in, what it holds, what it refused, and what it says about itself.

use ratatui_core::layout::Rect;

use super::pen::{Pen, columns, split};
use super::{Room, chart};
use crate::api::state::Status;
use crate::tui::row::micros;
use crate::tui::state::State;
use crate::tui::state::overview::percent;
use crate::tui::text::{age, bytes, clock, count, counted, date_clock, fill, millis, short, visible, width_of};

/// Columns of a name before its value.
const NAME: u16 = 16;
/// Lines that every block with its space needs.
const TALL: u16 = 30;

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
    if area.height < TALL {
        return low(pen, rest, state, status);
    }
    // The last line of each row stays empty, so that blocks stand apart.
    let mut rest = rest;
    let mut row = |height: u16| {
        let (row, below) = split(rest, height);
        rest = below;
        columns(short_of_one(row), &[1, 1], 3)
    };
    let (first, second, third) = (row(8), row(6), row(7));
    events(pen, first[0], state, status);
    store(pen, first[1], status);
    queries(pen, second[0], status);
    process(pen, second[1], state, status);
    history(pen, third[0], state);
    ports(pen, third[1], status);
    let (middle, lower) = split(rest, 4);
    checks(pen, short_of_one(middle), state);
    rejected(pen, lower, state);
}

/// On a low screen what is wrong comes before what is kept.
fn low(pen: &mut Pen<'_>, area: Rect, state: &State, status: &Status) {
    let (upper, rest) = split(area, 7);
    let (middle, rest) = split(rest, 4);
    let (lower, rest) = split(rest, 3);
    let halves = |area: Rect| columns(area, &[1, 1], 3);
    events(pen, halves(upper)[0], state, status);
    store(pen, halves(upper)[1], status);
    queries(pen, halves(middle)[0], status);
    process(pen, halves(middle)[1], state, status);
    let parts = columns(lower, &[3, 2], 3);
    checks(pen, parts[0], state);
    ports(pen, parts[1], status);
    rejected(pen, rest, state);
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
                None => ("disk free", disk_free(journal.disk_free_bytes)),
            },
        ],
    );
}

/// Before anything was written the server has not looked, which it says with 0 or the largest number there is.
fn disk_free(free: u64) -> String {
    if (1..u64::MAX).contains(&free) { bytes(free) } else { "not known yet".to_owned() }
}

/// What is asked, and what takes longest.
fn queries(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let queries = &status.queries;
    let body = pen.title(area, "Queries", &format!("{} each", millis(queries.elapsed_ms_mean)));
    let running = match queries.running.len() {
        0 => format!("none of {}", queries.running_max),
        some => format!("{some} of {} in {}", queries.running_max, bytes(queries.memory_bytes)),
    };
    let failed = format!("{}, {} cancelled", count(queries.failed), count(queries.cancelled));
    pairs(pen, body, &[("running", running), ("answered", count(queries.answered)), ("failed", failed)]);
    let (_, longest) = split(body, 3);
    for (query, y) in queries.running.iter().zip(longest.y..longest.bottom()) {
        let used = pen.put(longest.x, y, NAME, &fill(&millis(query.elapsed_ms), usize::from(NAME)), pen.theme.warn);
        pen.put(longest.x + used, y, longest.width.saturating_sub(used), &visible(&query.sql), pen.theme.text);
    }
}

/// What the server takes of its machine.
fn process(pen: &mut Pen<'_>, area: Rect, state: &State, status: &Status) {
    let process = &status.process;
    let body = pen.title(area, "Process", &state.processor.map_or_else(String::new, share_of_core));
    let (Some(cpu), Some(memory), Some(threads)) = (process.cpu_seconds, process.memory_bytes, process.threads) else {
        let style = pen.theme.dim;
        pen.put(body.x, body.y, if body.height > 0 { body.width } else { 0 }, "not told by its system", style);
        return;
    };
    let share = cpu / (status.uptime_seconds.max(1) as f64);
    let files = match (process.open_files, process.open_files_max) {
        (Some(open), Some(most)) => format!(", {} of {} files", count(open), count(most)),
        _ => String::new(),
    };
    pairs(
        pen,
        body,
        &[
            ("processor", format!("{}, {}", age(cpu as u64), share_of_core(share))),
            ("memory", bytes(memory)),
            ("threads", format!("{}{files}", count(threads))),
        ],
    );
}

/// Returns a share of a core as people say it; more than one core is more than 100%.
fn share_of_core(share: f64) -> String {
    format!("{:.*}% of a core", usize::from(share < 0.1), share * 100.0)
}

/// What lies in files, and whether it is in few of them.
fn history(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let body = pen.title(area, "History", "streamflow storage stats");
    let Some(storage) = &state.storage else {
        let style = pen.theme.dim;
        pen.put(body.x, body.y, if body.height > 0 { body.width } else { 0 }, "not told on this port", style);
        return;
    };
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
    if usize::from(body.height) < status.ports.len() {
        return ports_closely(pen, body, status);
    }
    for (port, y) in status.ports.iter().zip(body.y..body.bottom()) {
        let text = format!("{} {}", fill(&visible(&port.role), 11), visible(&port.address));
        let style = if port.serving { pen.theme.text } else { pen.theme.bad };
        pen.put(body.x, y, body.width, &text, style);
    }
}

/// The ports without their host, several a line.
fn ports_closely(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let (mut x, mut y) = (area.x, area.y);
    for port in &status.ports {
        let number = port.address.rsplit(':').next().unwrap_or_default();
        let text = format!("{} {}", visible(&port.role), visible(number));
        let width = u16::try_from(width_of(&text)).unwrap_or(u16::MAX);
        if x > area.x && x.saturating_add(width) > area.right() {
            (x, y) = (area.x, y + 1);
        }
        if y >= area.bottom() {
            return;
        }
        let style = if port.serving { pen.theme.text } else { pen.theme.bad };
        x += pen.put(x, y, area.right().saturating_sub(x), &text, style) + 2;
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
