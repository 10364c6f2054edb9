//! The overview: numbers of now, events by type, errors, latency, and who and where.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

use super::chart;
use super::pen::{Pen, columns, number, split};
use super::{Room, panels};
use crate::tui::cursor::Range;
use crate::tui::state::State;
use crate::tui::state::overview::{Latency, Ranked, Rate, percent};
use crate::tui::text::{bytes, clock_of, count, cut, fill, millis, short, span};

/// Columns left of a chart, for the numbers of its axis.
const AXIS: u16 = 6;
/// Columns right of the chart of rates, for its legend.
const LEGEND: u16 = 26;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, room: Room) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if let Some(failure) = &state.overview.failure {
        return pen.failure(area, failure);
    }
    let heights = Heights::of(area.height, !state.panels.is_empty());
    let (tiles_area, rest) = split(area, if room == Room::Small { 2 } else { heights.tiles });
    tiles(pen, tiles_area, state);
    let Some(rate) = &state.overview.rate else { return pen.empty(rest, "asking …") };
    match room {
        Room::Small => {
            let (upper, lower) = split(rest, (rest.height * 3 / 5).max(4));
            rates(pen, upper, state, rate, false);
            top(pen, lower, state, state.overview.focus.0, true);
        }
        Room::Medium | Room::Wide => {
            let (rest, below) = split(rest, rest.height.saturating_sub(heights.panels));
            let (rest, lower) = split(rest, rest.height.saturating_sub(heights.tops));
            let (upper, middle) = split(rest, rest.height.saturating_sub(heights.lines));
            rates(pen, upper, state, rate, true);
            let halves = columns(middle, &[1, 1], 2);
            errors(pen, halves[0], rate);
            latency(pen, halves[1], state, rate);
            for (at, area) in columns(lower, &[1, 1, 1], 2).into_iter().enumerate() {
                top(pen, area, state, at, state.overview.focus.0 == at);
            }
            panels::draw(pen, below, state);
        }
    }
}

/// How many lines each row of the overview has; the chart of rates has what is left.
struct Heights {
    tiles: u16,
    /// Errors and latency.
    lines: u16,
    tops: u16,
    panels: u16,
}

impl Heights {
    /// Lines that the chart of rates needs to tell something: its title, its times, and three between.
    const RATES_MIN: u16 = 5;

    /// Shares lines out. Where there are few, panels are left out before what everybody looks for.
    fn of(height: u16, has_panels: bool) -> Self {
        let tight = Self { tiles: 2, lines: 4, tops: 4, panels: 4 };
        if has_panels && height < tight.sum() + Self::RATES_MIN {
            return Self::of(height, false);
        }
        let panels = if has_panels { (height.saturating_sub(3) / 3).max(tight.panels) } else { 0 };
        let rest = height.saturating_sub(3 + panels);
        let roomy = Self { tiles: 3, lines: (rest * 2 / 7).max(4), tops: (rest / 3).max(5), panels };
        if has_panels && height < roomy.sum() + Self::RATES_MIN { tight } else { roomy }
    }

    const fn sum(&self) -> u16 {
        self.tiles + self.lines + self.tops + self.panels
    }
}

struct Tile {
    name: String,
    value: String,
    style: Style,
    /// What it was in the period before.
    change: Option<f64>,
    is_more_good: bool,
}

fn tiles(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let tiles = all_tiles(pen, state);
    let wanted = usize::from(area.width / 13).clamp(1, tiles.len());
    let places = columns(area, &vec![1; wanted], 1);
    for (tile, place) in tiles.iter().zip(places) {
        pen.put(place.x, place.y, place.width, &tile.name, pen.theme.dim);
        let used = pen.put(place.x, place.y + 1, place.width, &tile.value, tile.style);
        if let Some(change) = tile.change {
            let (mark, style) = change_mark(pen, change, tile.is_more_good);
            pen.put(place.x + used + 1, place.y + 1, place.width.saturating_sub(used + 1), &mark, style);
        }
    }
}

fn change_mark(pen: &Pen<'_>, change: f64, is_more_good: bool) -> (String, Style) {
    let theme = pen.theme;
    if !change.is_finite() {
        return ("new".to_owned(), theme.dim);
    }
    let percent = (change * 100.0).round();
    let mark = if percent >= 0.0 { theme.glyphs.up() } else { theme.glyphs.down() };
    let style = match (percent.abs() < 5.0, (percent > 0.0) == is_more_good) {
        (true, _) => theme.dim,
        (false, true) => theme.good,
        (false, false) => theme.warn,
    };
    (format!("{mark}{:.0}%", percent.abs().min(999.0)), style)
}

fn all_tiles(pen: &Pen<'_>, state: &State) -> Vec<Tile> {
    let theme = pen.theme;
    let rate = state.overview.rate.as_ref();
    let (per_second, length) = rate.map_or((0.0, 0), Rate::newest);
    let before = state.overview.before.filter(|_| state.compares);
    let total = rate.map_or(0, Rate::total);
    let errors = rate.map_or(0.0, |rate| percent(rate.total_errors(), rate.total()));
    let p95 = state.overview.totals.and_then(|totals| totals.p95);
    let change = |now: f64, before: f64| (now - before) / before;
    let tile = |name, value, style| Tile { name, value, style, change: None, is_more_good: true };
    let status = state.status.as_ref();
    let memory = status.map_or_else(
        || "…".to_owned(),
        |status| format!("{} {:.0}%", bytes(status.tail.bytes), percent(status.tail.bytes, status.tail.bytes_max)),
    );
    vec![
        Tile {
            change: before.map(|before| change(total as f64, before.events as f64)),
            ..tile("EVENTS".to_owned(), count(total), theme.strong)
        },
        Tile {
            change: before.map(|before| change(errors, percent(before.errors, before.events))),
            is_more_good: false,
            ..tile("ERRORS".to_owned(), format!("{}%", short(errors)), theme.of_errors(errors))
        },
        Tile {
            change: before.and_then(|before| before.p95).zip(p95).map(|(before, now)| change(now, before)),
            is_more_good: false,
            ..tile("P95 LATENCY".to_owned(), p95.map_or_else(|| "no data".to_owned(), millis), theme.strong)
        },
        // All others are of the whole range.
        tile(format!("LAST {}", span(length).to_uppercase()), format!("{}/s", short(per_second)), theme.text),
        tile("MEMORY".to_owned(), memory, theme.text),
        tile(
            "STORED".to_owned(),
            status.map_or_else(|| "…".to_owned(), |status| count(status.events.stored)),
            theme.text,
        ),
    ]
}

fn rates(pen: &mut Pen<'_>, area: Rect, state: &State, rate: &Rate, has_legend: bool) {
    let seconds = rate.range.bucket as f64 / 1e6;
    let note = format!("events a second, {} a column", span(rate.range.bucket));
    let body = pen.title(area, "Events by type", &note);
    let legend = if has_legend && body.width > LEGEND + 30 { LEGEND } else { 0 };
    let plot = framed(pen, Rect { width: body.width - legend, ..body }, &rate.range, true);
    let most = rate.events.iter().copied().max().unwrap_or(0);
    let top = chart::nice_above(most as f64 / seconds);
    axis(pen, plot, &short(top));
    if most == 0 {
        pen.empty(plot, &state.why_nothing());
    }
    let series: Vec<(&[u64], Style)> =
        rate.series.iter().zip(pen.theme.series).map(|(one, style)| (one.counts.as_slice(), style)).collect();
    chart::stacked(pen, plot, &series, ((top * seconds).round() as u64).max(1));
    if legend > 0 {
        let place = Rect { x: body.right() - legend + 2, width: legend - 2, ..body };
        for ((at, one), y) in rate.series.iter().enumerate().zip(place.y..place.bottom()) {
            let mark = chart::swatch(pen, at);
            pen.put(place.x, y, 1, mark, pen.theme.series[at % pen.theme.series.len()]);
            pen.put(place.x + 2, y, place.width.saturating_sub(9), &one.name, pen.theme.text);
            pen.put_right(place.x, y, place.width, &short(one.total as f64), pen.theme.dim);
        }
    }
}

fn errors(pen: &mut Pen<'_>, area: Rect, rate: &Rate) {
    let total = rate.total_errors();
    let share = percent(total, rate.total());
    let body = pen.title(area, "Errors", &format!("{} are {}%", count(total), short(share)));
    let plot = framed(pen, body, &rate.range, false);
    let most = rate.errors.iter().copied().max().unwrap_or(0);
    let seconds = rate.range.bucket as f64 / 1e6;
    let top = chart::nice_above(most as f64 / seconds);
    if most == 0 {
        return pen.empty(body, "none");
    }
    axis(pen, plot, &short(top));
    let style = pen.theme.bad;
    chart::stacked(pen, plot, &[(rate.errors.as_slice(), style)], ((top * seconds).ceil() as u64).max(1));
}

fn latency(pen: &mut Pen<'_>, area: Rect, state: &State, rate: &Rate) {
    let Some(latency) = &state.overview.latency else {
        let body = pen.title(area, "Latency", "");
        return pen.empty(body, "no field tells how long things take");
    };
    let lines = [("p99", &latency.p99), ("p95", &latency.p95), ("p50", &latency.p50)];
    let styles = [pen.theme.series[3], pen.theme.series[1], pen.theme.series[0]];
    // The numbers beside the chart are of the newest column, which the note stands over.
    let field = cut(&latency.field, usize::from(area.width.saturating_sub(24)).clamp(8, 24));
    let body = pen.title(area, "Latency", &format!("{field}, log, newest"));
    let plot = framed(pen, Rect { width: body.width.saturating_sub(13), ..body }, &rate.range, false);
    let values = || lines.iter().flat_map(|(_, values)| values.iter().flatten().copied()).filter(|value| *value > 0.0);
    let (Some(least), Some(most)) = (values().reduce(f64::min), values().reduce(f64::max)) else {
        return pen.empty(body, "none in this time");
    };
    // Percentiles lie powers of ten apart; on an even scale the slow ones would press the others to the bottom.
    let (bottom, top) = (chart::nice_below(least), chart::nice_above(most));
    let top = if top > bottom { top } else { bottom * 10.0 };
    let label = |value: f64| millis(value).replace(' ', "").replace(".0", "");
    axis_between(pen, plot, &label(bottom), &label(top));
    let share = |value: f64| (value.max(bottom) / bottom).ln() / (top / bottom).ln();
    let scaled = lines.map(|(_, values)| values.iter().map(|value| value.map(share)).collect::<Vec<_>>());
    let drawn: Vec<(&[Option<f64>], Style)> =
        scaled.iter().zip(styles).map(|(values, style)| (values.as_slice(), style)).collect();
    chart::lines(pen, plot, &drawn, 1.0);
    for (((at, (name, values)), style), y) in lines.iter().enumerate().zip(styles).zip(body.y..body.bottom()) {
        let x = body.right().saturating_sub(12);
        let mark = chart::line_mark(pen, at);
        pen.put_all(x, y, 12, &[(mark, style), (" ", style), (name, pen.theme.text)]);
        let value = Latency::newest(values).map_or_else(String::new, millis);
        pen.put_right(x + 5, y, 7, &value, pen.theme.dim);
    }
}

/// Leaves room for the axis of values, and draws that of time where there is room for it.
pub(super) fn framed(pen: &mut Pen<'_>, area: Rect, range: &Range, has_time: bool) -> Rect {
    let has_time = has_time && area.height >= 4;
    let plot = Rect {
        x: area.x + AXIS.min(area.width),
        y: area.y,
        width: area.width.saturating_sub(AXIS),
        height: area.height.saturating_sub(u16::from(has_time)),
    };
    if has_time {
        time_axis(pen, Rect { y: plot.bottom(), height: 1, ..plot }, range);
    }
    plot
}

/// Writes times below a chart: its start, its end, and what is between as the width allows.
pub(super) fn time_axis(pen: &mut Pen<'_>, area: Rect, range: &Range) {
    const LABEL: u16 = 8;
    let dim = pen.theme.dim;
    let marks = (area.width / 16).clamp(1, 6);
    for mark in 0..marks {
        let x = area.x + area.width * mark / marks;
        // The end of the range stands at the right; a label just before it would run into it.
        if mark > 0 && x + LABEL + 4 > area.right().saturating_sub(LABEL) {
            break;
        }
        let time = range.since + (range.until - range.since) * i64::from(mark) / i64::from(marks);
        let text = clock_of(time - time.rem_euclid(range.bucket), range.bucket);
        pen.put(x, area.y, 10, &text, dim);
    }
    pen.put_right(area.x, area.y, area.width, &clock_of(range.until, range.bucket), dim);
}

/// Writes the highest value and 0 beside a chart.
pub(super) fn axis(pen: &mut Pen<'_>, plot: Rect, top: &str) {
    axis_between(pen, plot, "0", top);
}

/// Writes the lowest and the highest value beside a chart.
fn axis_between(pen: &mut Pen<'_>, plot: Rect, bottom: &str, top: &str) {
    let dim = pen.theme.dim;
    let x = plot.x.saturating_sub(AXIS);
    if plot.height > 1 {
        pen.put(x, plot.bottom() - 1, AXIS - 1, &number(bottom, usize::from(AXIS - 1)), dim);
    }
    pen.put(x, plot.y, AXIS - 1, &number(top, usize::from(AXIS - 1)), dim);
}

fn top(pen: &mut Pen<'_>, area: Rect, state: &State, at: usize, has_keys: bool) {
    let (title, _) = state.rankings()[at];
    let note = if area.width >= 34 { "events   errors     p95" } else { "events errors" };
    let body = pen.title(area, title, note);
    let Some(lines) = state.overview.tops.get(at).and_then(Option::as_ref) else { return };
    if lines.is_empty() {
        return pen.empty(body, "none");
    }
    let height = usize::from(body.height);
    let selected = state.overview.focus.1.min(lines.len() - 1);
    let start = if has_keys { (selected + 1).saturating_sub(height.max(1)) } else { 0 };
    for ((index, line), y) in lines.iter().enumerate().skip(start).zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        ranked(pen, place, line);
        if has_keys && index == selected {
            pen.style(place, pen.theme.chosen);
        }
    }
}

/// One line of a ranking: name, events, errors, and the latency where there is room.
pub(super) fn ranked(pen: &mut Pen<'_>, place: Rect, line: &Ranked) {
    let theme = pen.theme;
    let is_wide = place.width >= 34;
    let numbers: u16 = if is_wide { 23 } else { 13 };
    let name = place.width.saturating_sub(numbers + 1);
    pen.put(place.x, place.y, name, &fill(&line.name, usize::from(name)), theme.text);
    let share = percent(line.errors, line.events);
    let x = place.x + name + 1;
    pen.put(x, place.y, 6, &number(&short(line.events as f64), 6), theme.text);
    let errors = if line.errors == 0 { "-".to_owned() } else { format!("{}%", short(share)) };
    // A mark beside the number, so that it stands out without colour.
    let mark = if share >= 5.0 { "!" } else { "" };
    let gap = if is_wide { 9 } else { 7 };
    pen.put(x + 6, place.y, gap, &number(&format!("{mark}{errors}"), usize::from(gap)), theme.of_errors(share));
    if is_wide {
        let p95 = line.p95.map_or_else(|| "-".to_owned(), millis);
        pen.put(x + 15, place.y, 8, &number(&p95, 8), theme.dim);
    }
}
