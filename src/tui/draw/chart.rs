//! Charts in cells: stacked bars over time, lines, a row of heights, a bar.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

use super::pen::Pen;
use crate::tui::theme::{Dots, Glyphs};

/// Heights of a cell from the bottom, in eighths.
const LOWER: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Widths of a cell from the left, in eighths.
const LEFT: [&str; 9] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
/// Fillings that tell series apart where there are no colours.
const PATTERNS: [&str; 6] = ["█", "▓", "▒", "░", "▚", "·"];
const PATTERNS_ASCII: [&str; 6] = ["#", "%", "+", "o", "=", "."];
/// Dots of lines where there is no braille.
const DOTS_ASCII: [&str; 6] = ["*", "+", ".", "x", "o", "-"];

/// Returns the mark that stands for a series in a legend and, without colours, in its chart.
pub(super) fn swatch(pen: &Pen<'_>, series: usize) -> &'static str {
    match (pen.theme.glyphs, pen.theme.is_mono) {
        (Glyphs::Ascii, _) => PATTERNS_ASCII[series % PATTERNS_ASCII.len()],
        (Glyphs::Blocks, true) => PATTERNS[series % PATTERNS.len()],
        (Glyphs::Blocks, false) => "■",
    }
}

/// Returns the mark of a line in its chart.
pub(super) fn line_mark(pen: &Pen<'_>, series: usize) -> &'static str {
    match pen.theme.glyphs {
        Glyphs::Ascii => DOTS_ASCII[series % DOTS_ASCII.len()],
        Glyphs::Blocks => "■",
    }
}

/// Draws series upon each other; each has one value a bucket. All buckets fit into the width: wide ones are stretched, many
/// are joined, the highest of them shown.
pub(super) fn stacked(pen: &mut Pen<'_>, area: Rect, series: &[(&[u64], Style)], most: u64) {
    let buckets = series.iter().map(|(counts, _)| counts.len()).max().unwrap_or(0);
    if buckets == 0 || most == 0 {
        return;
    }
    let eighths_high = u64::from(area.height) * 8;
    for column in 0..area.width {
        let bucket = highest(series, span_of(column, area.width, buckets));
        let mut top = 0;
        let mut sum = 0;
        // Where each series ends, in eighths of a cell; what is there at all shows at least one.
        let mut ends = Vec::with_capacity(series.len());
        for (counts, _) in series {
            sum += counts.get(bucket).copied().unwrap_or(0);
            top = if sum > 0 { (sum * eighths_high / most).max(1).max(top) } else { top };
            ends.push(top);
        }
        draw_column(pen, area, column, series, &ends);
    }
}

fn draw_column(pen: &mut Pen<'_>, area: Rect, column: u16, series: &[(&[u64], Style)], ends: &[u64]) {
    let x = area.x + column;
    for line in 0..area.height {
        let y = area.bottom() - 1 - line;
        let floor = u64::from(line) * 8;
        let Some(first) = ends.iter().position(|end| *end > floor) else { return };
        let end = ends[first];
        let style = series[first].1;
        if pen.theme.is_mono || pen.theme.glyphs == Glyphs::Ascii {
            // One filling a cell: the series that has its middle.
            let Some(middle) = ends.iter().position(|end| *end > floor + 3) else {
                if line == 0 {
                    pen.cell(x, y, if pen.theme.glyphs == Glyphs::Ascii { "." } else { LOWER[1] }, style);
                }
                return;
            };
            let pattern = swatch(pen, middle);
            pen.cell(x, y, pattern, series[middle].1);
            continue;
        }
        let filled = end - floor;
        if filled >= 8 {
            pen.cell(x, y, LOWER[8], style);
            continue;
        }
        // What is above the first series in this cell.
        let above = ends.iter().position(|above| *above > end).map(|above| series[above].1);
        let style = match above.and_then(|above| above.fg) {
            Some(colour) if ends[ends.len() - 1] >= floor + 8 => style.bg(colour),
            _ => style,
        };
        pen.cell(x, y, LOWER[usize::try_from(filled).unwrap_or(8)], style);
    }
}

/// Returns the buckets that a column stands for.
fn span_of(column: u16, width: u16, buckets: usize) -> std::ops::Range<usize> {
    let (column, width) = (usize::from(column), usize::from(width.max(1)));
    let from = column * buckets / width;
    let until = ((column + 1) * buckets / width).max(from + 1).min(buckets);
    from.min(buckets - 1)..until
}

fn highest(series: &[(&[u64], Style)], span: std::ops::Range<usize>) -> usize {
    let sum = |bucket: usize| series.iter().map(|(counts, _)| counts.get(bucket).copied().unwrap_or(0)).sum::<u64>();
    let first = span.start;
    span.max_by_key(|bucket| sum(*bucket)).unwrap_or(first)
}

/// Draws lines over the same buckets; later ones lie upon earlier ones. A value of 0 is at the bottom, `most` at the top.
pub(super) fn lines(pen: &mut Pen<'_>, area: Rect, lines: &[(&[Option<f64>], Style)], most: f64) {
    if most <= 0.0 || area.width == 0 || area.height == 0 {
        return;
    }
    match pen.theme.glyphs {
        Glyphs::Ascii => lines_in_cells(pen, area, lines, most),
        Glyphs::Blocks => lines_in_dots(pen, area, lines, most, pen.theme.dots),
    }
}

fn lines_in_cells(pen: &mut Pen<'_>, area: Rect, lines: &[(&[Option<f64>], Style)], most: f64) {
    for (at, (values, style)) in lines.iter().enumerate() {
        for column in 0..area.width {
            let Some(value) = value_at(values, column, area.width) else { continue };
            let height = (value / most * f64::from(area.height - 1)).round().clamp(0.0, f64::from(area.height - 1));
            pen.cell(area.x + column, area.bottom() - 1 - height as u16, DOTS_ASCII[at % DOTS_ASCII.len()], *style);
        }
    }
}

fn lines_in_dots(pen: &mut Pen<'_>, area: Rect, lines: &[(&[Option<f64>], Style)], most: f64, dots: Dots) {
    let high = dots.high();
    let (width, height) = (area.width * 2, area.height * high);
    let mut cells: Vec<(u8, Style)> = vec![(0, Style::new()); usize::from(area.width) * usize::from(area.height)];
    let mut dot = |x: u16, y: u16, style: Style| {
        let at = usize::from(y / high) * usize::from(area.width) + usize::from(x / 2);
        cells[at].0 |= 1 << (y % high * 2 + x % 2);
        cells[at].1 = style;
    };
    for (values, style) in lines {
        let mut before: Option<u16> = None;
        for x in 0..width {
            let y = value_at(values, x, width).map(|value| {
                let up = (value / most * f64::from(height - 1)).round().clamp(0.0, f64::from(height - 1));
                height - 1 - up as u16
            });
            if let Some(y) = y {
                // The line is joined to where it was, so that a leap is a stroke and not two dots.
                let (from, to) = before.map_or((y, y), |before| (before.min(y), before.max(y)));
                (from..=to).for_each(|y| dot(x, y, *style));
            }
            before = y;
        }
    }
    for (at, (bits, style)) in cells.into_iter().enumerate() {
        if bits > 0 {
            let (x, y) = (at % usize::from(area.width), at / usize::from(area.width));
            pen.cell(area.x + x as u16, area.y + y as u16, &dots.symbol(bits).to_string(), style);
        }
    }
}

/// The value that a column stands for: the highest of its buckets.
fn value_at(values: &[Option<f64>], column: u16, width: u16) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    values[span_of(column, width, values.len())].iter().flatten().copied().reduce(f64::max)
}

/// Returns a bar of at most `width` columns.
pub(super) fn bar(share: f64, width: u16, glyphs: Glyphs) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * f64::from(width) * 8.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    match glyphs {
        Glyphs::Ascii => "#".repeat(eighths.div_ceil(8)),
        Glyphs::Blocks => {
            let part = if eighths.is_multiple_of(8) { "" } else { LEFT[eighths % 8] };
            LEFT[8].repeat(eighths / 8) + part
        }
    }
}

/// Returns a row of heights, the newest value last.
pub(super) fn heights(values: &[f64], width: u16, glyphs: Glyphs) -> String {
    const ASCII: [&str; 9] = [" ", "_", ".", ",", "-", "=", "+", "*", "#"];
    let width = usize::from(width);
    let shown = &values[values.len().saturating_sub(width)..];
    let most = shown.iter().copied().fold(0.0, f64::max);
    let level = |value: &f64| if most > 0.0 { (value / most * 7.0).round().clamp(0.0, 7.0) as usize + 1 } else { 1 };
    let symbols = match glyphs {
        Glyphs::Blocks => LOWER,
        Glyphs::Ascii => ASCII,
    };
    shown.iter().map(|value| symbols[level(value)]).collect()
}

/// Round numbers of one power of ten.
const STEPS: [f64; 11] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];

/// Returns a round number that is not below the given one: where an axis ends.
pub(super) fn nice_above(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    STEPS.into_iter().find(|step| step * power >= value * 0.999).unwrap_or(10.0) * power
}

/// Returns a round number that is not above the given one, which is more than 0: where an axis of powers begins.
pub(super) fn nice_below(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    STEPS.into_iter().rev().find(|step| step * power <= value * 1.001).unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_not_far_above() {
        for (value, expected) in
            [(0.0, 1.0), (1.0, 1.0), (1.1, 1.2), (7.0, 8.0), (99.0, 100.0), (0.031, 0.04), (2_100.0, 2_500.0)]
        {
            assert!((nice_above(value) - expected).abs() < expected * 1e-6, "{value}: {}", nice_above(value));
        }
        for (value, expected) in [(1.0, 1.0), (1.1, 1.0), (9.9, 8.0), (99.9, 80.0), (99.99, 100.0), (0.031, 0.03)] {
            assert!((nice_below(value) - expected).abs() < expected * 1e-6, "{value}: {}", nice_below(value));
        }
    }

    #[test]
    fn every_bucket_has_a_column_and_every_column_a_bucket() {
        for (width, buckets) in [(60, 60), (17, 60), (200, 48), (1, 92), (7, 1)] {
            let spans: Vec<_> = (0..width).map(|column| span_of(column, width, buckets)).collect();
            assert_eq!((spans[0].start, spans[usize::from(width) - 1].end), (0, buckets));
            assert!(spans.iter().all(|span| !span.is_empty()));
            if usize::from(width) <= buckets {
                assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
        }
    }

    #[test]
    fn bars_are_in_proportion_and_what_is_there_shows() {
        assert_eq!(
            [bar(1.0, 4, Glyphs::Ascii), bar(0.5, 4, Glyphs::Ascii), bar(0.001, 4, Glyphs::Ascii)],
            ["####", "##", "#"]
        );
        assert_eq!(
            [bar(0.5, 3, Glyphs::Blocks), bar(0.0, 3, Glyphs::Blocks), bar(f64::NAN, 3, Glyphs::Blocks)],
            ["█▌", "", ""]
        );
        assert_eq!(heights(&[0.0, 1.0, 7.0], 2, Glyphs::Blocks), "▂█");
    }
}
