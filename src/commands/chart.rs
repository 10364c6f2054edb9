//! Draws small charts for a terminal: bars, a line of blocks, shaded percentages. They repeat what the table says and
//! add nothing to it, so that nothing is lost where they are not shown.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Session;
use crate::printer::{CommandError, Format, Kind, Listing};

/// A terminal that a chart is drawn on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) glyphs: Glyphs,
}

impl Canvas {
    /// Returns the terminal that tables go to; none when stdout is no terminal or another form was asked for.
    pub(super) fn of(session: &Session) -> Option<Self> {
        let printer = session.printer();
        let width = printer.width().filter(|_| printer.format() == Format::Table && printer.options().is_plain())?;
        Some(Self { width, ..Self::anywhere(session) })
    }
}

impl Canvas {
    /// Returns the terminal or, where there is none, as many columns as any terminal has.
    pub(super) fn anywhere(session: &Session) -> Self {
        let variable = |name| session.environment().get(name).filter(|value| !value.is_empty());
        let locale = variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG"));
        let width = session.printer().width().unwrap_or(WIDTH_ELSEWHERE);
        Self { width, glyphs: Glyphs::of_terminal(variable("TERM"), locale) }
    }
}

/// Columns of a chart that goes to a pipe or a file.
const WIDTH_ELSEWHERE: usize = 80;
/// Rows that become bars; what is longer is no picture any more.
const BARS_MAX: usize = 40;

/// Returns a chart of any rows: a line over time when there is a time, else bars. `columns` names label and value;
/// without them they are the first column that is no number, and the first number.
///
/// # Errors
/// When there is no such column, or none that could be drawn.
pub(super) fn of_listing(
    listing: &Listing,
    columns: Option<(&str, &str)>,
    canvas: Canvas,
) -> Result<String, CommandError> {
    let named = |name: &str| {
        listing.columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let names: Vec<&str> = listing.columns.iter().map(|column| column.name.as_str()).collect();
            CommandError::usage(format!("the result has no column {name:?}"))
                .with_hint(format!("it has: {}", names.join(", ")))
        })
    };
    let first = |wanted: fn(Kind) -> bool| listing.columns.iter().position(|column| wanted(column.kind));
    let (label, value) = match columns {
        Some((label, value)) => (Some(named(label)?), Some(named(value)?)),
        None => (first(|kind| kind != Kind::Number), first(|kind| kind == Kind::Number)),
    };
    let Some(value) = value else {
        return Err(CommandError::usage("the result has no number to draw")
            .with_hint("ask for one, such as SELECT type, count(*) … GROUP BY type"));
    };
    if listing.rows.is_empty() {
        return Ok("no rows\n".to_owned());
    }
    let text = |index: usize, row: usize| match &listing.rows[row][index] {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    };
    let values: Vec<f64> = listing.rows.iter().map(|row| row[value].as_f64().unwrap_or_default()).collect();
    if label.is_some_and(|label| listing.columns[label].kind == Kind::Time) && values.len() > 1 {
        return Ok(over_time(&values, &listing.columns[value].name, canvas, |row| text(label.unwrap_or(0), row)));
    }
    let rows: Vec<(String, f64)> = values
        .iter()
        .take(BARS_MAX)
        .enumerate()
        .map(|(row, value)| (label.map_or_else(|| (row + 1).to_string(), |label| text(label, row)), *value))
        .collect();
    let mut chart = bars(&rows, canvas.width, canvas.glyphs);
    if values.len() > BARS_MAX {
        // Writing to a string cannot fail.
        writeln!(chart, "the first {BARS_MAX} of {} rows", values.len()).unwrap_or_default();
    }
    Ok(chart)
}

/// Returns the values as blocks in the order of their times, oldest first, with both ends told.
fn over_time(values: &[f64], name: &str, canvas: Canvas, time: impl Fn(usize) -> String) -> String {
    let (mut values, mut first, mut last) = (values.to_vec(), time(0), time(values.len() - 1));
    if first > last {
        values.reverse();
        std::mem::swap(&mut first, &mut last);
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!(
        "{}\n{first} to {last}\n{name}: {} to {}\n",
        sparkline(&values, canvas.width, canvas.glyphs),
        number(least),
        number(most)
    )
}

/// Returns bars of a number column, labelled by a text column; both are given by their index.
pub(super) fn bars_of(listing: &Listing, label: usize, value: usize, canvas: Canvas) -> String {
    let rows: Vec<(String, f64)> = listing
        .rows
        .iter()
        .map(|row| {
            let text = row[label].as_str().map_or_else(|| row[label].to_string(), str::to_owned);
            (text, row[value].as_f64().unwrap_or_default())
        })
        .collect();
    format!("\n{}", bars(&rows, canvas.width, canvas.glyphs))
}

/// Characters that charts are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyphs {
    Blocks,
    Ascii,
}

/// Eighths of a character cell, from the left.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Heights of a character cell.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const HEIGHTS_ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];
/// Shares of a cell that are dark, from almost none to all.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
const SHADES_ASCII: [&str; 5] = [" ", ".", ":", "+", "#"];

/// Characters of a label; longer ones are cut, for the bar is what is looked at.
const LABEL_WIDTH_MAX: usize = 32;
/// Characters of the longest bar.
const BAR_WIDTH_MAX: usize = 60;

impl Glyphs {
    /// Returns what a terminal with this `TERM` and locale can show.
    pub(super) fn of_terminal(term: Option<&str>, locale: Option<&str>) -> Self {
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        if is_utf8 && term != Some("dumb") { Self::Blocks } else { Self::Ascii }
    }

    fn heights(self) -> [char; 8] {
        match self {
            Self::Blocks => HEIGHTS,
            Self::Ascii => HEIGHTS_ASCII,
        }
    }

    fn bar(self, eighths: usize) -> String {
        match self {
            Self::Blocks => {
                let mut bar = "█".repeat(eighths / 8);
                if !eighths.is_multiple_of(8) {
                    bar.push(EIGHTHS[eighths % 8]);
                }
                bar
            }
            Self::Ascii => "#".repeat(eighths.div_ceil(8)),
        }
    }
}

/// Returns a line a row: label, bar, value.
pub(super) fn bars(rows: &[(String, f64)], width: usize, glyphs: Glyphs) -> String {
    let labels: Vec<String> = rows.iter().map(|(label, _)| cut(label)).collect();
    let label_width = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let values: Vec<String> = rows.iter().map(|(_, value)| number(*value)).collect();
    let value_width = values.iter().map(String::len).max().unwrap_or(0);
    let room = width.saturating_sub(label_width + value_width + 4).clamp(1, BAR_WIDTH_MAX);
    let most = rows.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let mut text = String::new();
    for ((label, value), (_, amount)) in labels.iter().zip(&values).zip(rows) {
        let padding = " ".repeat(label_width - label.width());
        let bar = glyphs.bar(eighths(*amount, most, room));
        // Writing to a string cannot fail.
        writeln!(text, "{label}{padding}  {bar} {value}").unwrap_or_default();
    }
    text
}

/// Returns how many eighths of a cell a bar has; one that stands for something is never empty.
fn eighths(amount: f64, most: f64, cells: usize) -> usize {
    if amount <= 0.0 || most <= 0.0 {
        return 0;
    }
    ((amount / most * cells as f64 * 8.0).round() as usize).max(1)
}

/// Returns one character a value, or a group of neighbours where there are more values than `width`.
pub(super) fn sparkline(values: &[f64], width: usize, glyphs: Glyphs) -> String {
    let group = values.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<f64> = values.chunks(group).map(|values| values.iter().sum()).collect();
    let most = sums.iter().copied().fold(0.0, f64::max);
    let height = |sum: &f64| if most > 0.0 { (sum / most * 7.0).round() as usize } else { 0 };
    sums.iter().map(|sum| glyphs.heights()[height(sum)]).collect()
}

/// Returns a percentage behind as much shade as it is worth.
pub(super) fn shaded(percentage: f64, glyphs: Glyphs) -> String {
    let shades = match glyphs {
        Glyphs::Blocks => SHADES,
        Glyphs::Ascii => SHADES_ASCII,
    };
    let level = if percentage <= 0.0 { 0 } else { 1 + ((percentage / 100.0 * 4.0) as usize).min(3) };
    format!("{}{percentage:>4.0}%", shades[level].repeat(2))
}

/// Returns at most [`LABEL_WIDTH_MAX`] columns of a label, without what would move the cursor.
fn cut(label: &str) -> String {
    let label: String = label.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if label.width() <= LABEL_WIDTH_MAX {
        return label;
    }
    let mut kept = String::new();
    let mut width = 1; // of the dots
    for c in label.chars() {
        width += c.width().unwrap_or(0);
        if width > LABEL_WIDTH_MAX {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, f64)]) -> Vec<(String, f64)> {
        rows.iter().map(|(label, value)| ((*label).to_owned(), *value)).collect()
    }

    #[test]
    fn a_terminal_that_shows_no_blocks_gets_ascii() {
        let check = |term, locale, expected| assert_eq!(Glyphs::of_terminal(term, locale), expected);
        check(Some("xterm-256color"), Some("en_GB.UTF-8"), Glyphs::Blocks);
        check(Some("xterm"), Some("C.utf8"), Glyphs::Blocks);
        check(Some("dumb"), Some("en_GB.UTF-8"), Glyphs::Ascii);
        check(Some("xterm"), Some("C"), Glyphs::Ascii);
        check(None, None, Glyphs::Ascii);
    }

    #[test]
    fn bars_are_in_proportion_and_fit() {
        let rows = rows(&[("web-app", 100.0), ("api", 50.0), ("till", 0.5), ("none", 0.0)]);
        assert_eq!(
            bars(&rows, 23, Glyphs::Ascii),
            "web-app  ######### 100\napi      ##### 50\ntill     # 0.5\nnone      0\n"
        );
        assert_eq!(
            bars(&rows, 24, Glyphs::Blocks),
            "web-app  ██████████ 100\napi      █████ 50\ntill     ▏ 0.5\nnone      0\n"
        );
        for width in [0, 10, 80, 400] {
            assert!(bars(&rows, width, Glyphs::Blocks).lines().all(|line| line.width() <= width.max(20)));
        }
        assert_eq!(bars(&[], 80, Glyphs::Blocks), "");
    }

    #[test]
    fn long_labels_are_cut_and_hold_no_controls() {
        let text = bars(&rows(&[(&"ü".repeat(50), 1.0), ("a\x1b[2Jb\n", 1.0)]), 80, Glyphs::Ascii);
        assert!(text.starts_with(&format!("{}…  #", "ü".repeat(31))), "{text}");
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn a_line_of_blocks_has_the_width_it_may_have() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 7.0], 80, Glyphs::Blocks), "▁▂▃█");
        assert_eq!(sparkline(&[0.0, 7.0], 80, Glyphs::Ascii), "_#");
        assert_eq!(sparkline(&[1.0, 1.0, 1.0, 1.0, 2.0], 3, Glyphs::Blocks), "███");
        assert_eq!(sparkline(&[0.0, 0.0], 80, Glyphs::Blocks), "▁▁");
        assert_eq!(sparkline(&[], 80, Glyphs::Blocks), "");
    }

    #[test]
    fn a_percentage_is_readable_without_its_shade() {
        assert_eq!(shaded(100.0, Glyphs::Blocks), "██ 100%");
        assert_eq!(shaded(30.0, Glyphs::Ascii), "::  30%");
        assert_eq!(shaded(0.0, Glyphs::Blocks), "     0%");
    }
}
