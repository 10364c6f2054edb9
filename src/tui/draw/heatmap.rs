//! The heatmap: time from left to right, latency from fast to slow, and how many events as shade.

use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};

use super::overview::time_axis;
use super::pen::{Pen, number};
use crate::tui::state::State;
use crate::tui::state::heat::{Cell, Map, floor_of};
use crate::tui::state::overview::percent;
use crate::tui::text::{clock, count, counted, millis, short, span};
use crate::tui::theme::{Glyphs, HEAT};

/// Columns for the latencies at the left.
const AXIS: u16 = 9;
const SHADES: [&str; HEAT] = ["·", "░", "▒", "▓", "█", "█"];
const SHADES_ASCII: [&str; HEAT] = [".", ":", "-", "+", "*", "#"];

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if let Some(failure) = &state.heat.failure {
        return pen.failure(area, failure);
    }
    let Some(map) = &state.heat.map else {
        let text = if state.schema.is_some() && state.latency_field().is_none() {
            "no field of the events tells how long things take, such as data.latency_ms"
        } else {
            "asking …"
        };
        return pen.empty(area, text);
    };
    let note = format!("{} events, {} a column", count(map.total), span(map.range.bucket));
    let body = pen.title(area, &format!("{} over time", map.field), &note);
    let Some((low, high)) = map.bounds() else { return pen.empty(body, &state.why_nothing()) };
    let legend_height = u16::from(body.height > 6);
    let plot = Rect {
        x: body.x + AXIS.min(body.width),
        width: body.width.saturating_sub(AXIS),
        height: body.height.saturating_sub(1 + legend_height),
        ..body
    };
    if plot.width == 0 || plot.height == 0 {
        return;
    }
    // As many levels a line as it takes to fit; the slowest are at the top.
    let levels = high - low + 1;
    let step = (levels + i64::from(plot.height) - 1) / i64::from(plot.height);
    let lines = u16::try_from((levels + step - 1) / step).unwrap_or(plot.height).min(plot.height);
    // Few levels are drawn tall, so that the map fills its place.
    let tall = (plot.height / lines.max(1)).max(1);
    let top = plot.bottom() - lines * tall;
    let labels_every = if tall == 1 { 2 } else { 1 };
    for line in 0..lines {
        let from = low + i64::from(line) * step;
        let y = plot.bottom() - (line + 1) * tall;
        if line % labels_every == 0 {
            let text = number(&millis(floor_of(from)), usize::from(AXIS - 2));
            pen.put(body.x, y + tall - 1, AXIS - 1, &text, pen.theme.dim);
        }
        for y in y..y + tall {
            draw_line(pen, Rect { y, height: 1, ..plot }, map, from..=(from + step - 1), state.heat.cell);
        }
    }
    time_axis(pen, Rect { y: plot.bottom(), height: 1, ..plot }, &map.range);
    if legend_height > 0 {
        legend(pen, Rect { y: plot.bottom() + 1, height: 1, ..body }, state, map);
    }
    if top > plot.y {
        pen.put(body.x, top.saturating_sub(1), AXIS - 1, &number("slower", usize::from(AXIS - 2)), pen.theme.dim);
    }
}

fn draw_line(
    pen: &mut Pen<'_>,
    place: Rect,
    map: &Map,
    levels: std::ops::RangeInclusive<i64>,
    chosen: Option<(usize, i64)>,
) {
    let buckets = map.range.buckets();
    for column in 0..place.width {
        let from = usize::from(column) * buckets / usize::from(place.width);
        let until = (usize::from(column + 1) * buckets / usize::from(place.width)).max(from + 1);
        let cell = map.sum(from..until, levels.clone());
        let is_chosen =
            chosen.is_some_and(|(bucket, level)| (from..until).contains(&bucket) && levels.contains(&level));
        let x = place.x + column;
        let (symbol, style) = shade(pen, cell, map.most);
        if is_chosen {
            pen.cell(
                x,
                place.y,
                if cell.events == 0 { "x" } else { symbol },
                style.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            );
        } else if cell.events > 0 {
            pen.cell(x, place.y, symbol, style);
        }
    }
}

/// How a cell looks. The scale is that of powers: a few slow events are seen beside thousands of fast ones.
fn shade(pen: &Pen<'_>, cell: Cell, most: u64) -> (&'static str, Style) {
    if cell.events == 0 {
        return (" ", Style::new());
    }
    let theme = pen.theme;
    let share = ((cell.events as f64).ln_1p() / (most.max(1) as f64).ln_1p()).clamp(0.0, 1.0);
    let at = ((share * HEAT as f64) as usize).min(HEAT - 1);
    let share_bad = percent(cell.errors, cell.events);
    let is_plain = theme.is_mono || theme.glyphs == Glyphs::Ascii;
    let symbol = match (share_bad >= 20.0, theme.glyphs, theme.is_mono) {
        (true, _, _) => "!",
        (false, Glyphs::Ascii, _) => SHADES_ASCII[at],
        (false, Glyphs::Blocks, true) => SHADES[at],
        (false, Glyphs::Blocks, false) => " ",
    };
    if is_plain {
        return (symbol, if share_bad >= 20.0 { theme.bad } else { theme.text });
    }
    (
        symbol,
        Style::new().bg(theme.heat[at]).patch(if share_bad >= 20.0 { contrast(theme.bad, at) } else { Style::new() }),
    )
}

/// A mark on a shade is seen on dark ones by its colour, on bright ones by being dark.
fn contrast(bad: Style, shade: usize) -> Style {
    if shade + 2 >= HEAT { Style::new().fg(ratatui_core::style::Color::Red).add_modifier(Modifier::BOLD) } else { bad }
}

fn legend(pen: &mut Pen<'_>, place: Rect, state: &State, map: &Map) {
    if let Some(chosen) = state.heat.chosen() {
        let text = format!(
            "{} to {}, {} to {}: {}, {}",
            clock(chosen.since),
            clock(chosen.until),
            millis(chosen.from),
            millis(chosen.below),
            counted(chosen.cell.events, "event", "events"),
            counted(chosen.cell.errors, "error", "errors")
        );
        pen.put(place.x, place.y, place.width, &text, pen.theme.accent);
        return;
    }
    let mut x = place.x + pen.put(place.x, place.y, place.width, "1 event ", pen.theme.dim);
    for at in 0..HEAT {
        let events = (((at as f64 + 0.5) / HEAT as f64) * (map.most.max(1) as f64).ln_1p()).exp_m1().round() as u64;
        let (symbol, style) = shade(pen, Cell { events: events.max(1), errors: 0 }, map.most);
        pen.cell(x, place.y, symbol, style);
        pen.cell(x + 1, place.y, symbol, style);
        x += 2;
    }
    x +=
        pen.put(x, place.y, place.right().saturating_sub(x), &format!(" {}   ", short(map.most as f64)), pen.theme.dim);
    pen.put(x, place.y, place.right().saturating_sub(x), "! a fifth or more are errors", pen.theme.bad);
}
