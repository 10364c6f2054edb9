//! Draws small charts for a terminal: bars, a line of blocks, shaded percentages. They repeat what the table says and
//! add nothing to it, so that nothing is lost where they are not shown.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Session;
use crate::printer::{Format, Listing};

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
        let variable = |name| session.environment().get(name).filter(|value| !value.is_empty());
        let locale = variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG"));
        Some(Self { width, glyphs: Glyphs::of_terminal(variable("TERM"), locale) })
    }
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
