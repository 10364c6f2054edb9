//! Forms with one row after the other: CSV, TSV, Markdown, and name-value blocks.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::options::Header;
use super::paint::{FAINT, HEADING};
use super::{CommandError, Listing, cell};

/// What stands between blocks of [`vertical`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    None,
    Numbered,
    Blank,
}

/// Returns CSV: minimal quotes, LF, a missing value is empty.
pub(super) fn csv(listing: &Listing, header: Header) -> Result<String, CommandError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    let broken = |error: &dyn std::fmt::Display| CommandError::bug(format!("cannot write csv: {error}"));
    if header == Header::Shown {
        let names = listing.columns.iter().map(|column| &column.name);
        writer.write_record(names).map_err(|error| broken(&error))?;
    }
    for row in &listing.rows {
        writer.write_record(row.iter().map(cell::bare)).map_err(|error| broken(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| broken(&error))?;
    String::from_utf8(bytes).map_err(|error| broken(&error))
}

/// Returns tab-separated values; tabs, line ends and backslashes inside values are escaped with a backslash.
pub(super) fn tsv(listing: &Listing, header: Header) -> String {
    let escape =
        |text: String| text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
    let names = listing.columns.iter().map(|column| escape(column.name.clone())).collect::<Vec<_>>();
    let rows = listing.rows.iter().map(|row| row.iter().map(|value| escape(cell::bare(value))).collect::<Vec<_>>());
    let header = (header == Header::Shown).then_some(names);
    header.into_iter().chain(rows).map(|row| row.join("\t") + "\n").collect()
}

/// Returns a Markdown table. Its header is part of the form, so `--no-header` leaves only rows for a table begun elsewhere.
pub(super) fn markdown(listing: &Listing, header: Header) -> String {
    let escape = |text: &str| cell::visible(text).replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = String::new();
    if header == Header::Shown {
        text += &line(listing.columns.iter().map(|column| escape(&column.name)).collect());
        text += &line(listing.columns.iter().map(|_| "---".to_owned()).collect());
    }
    for row in &listing.rows {
        text += &line(row.iter().map(|value| escape(&cell::bare(value))).collect());
    }
    text
}

/// Returns a block of `name  value` lines a row.
pub(super) fn vertical(listing: &Listing, separator: Separator) -> String {
    let width = listing.columns.iter().map(|column| column.name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, row) in listing.rows.iter().enumerate() {
        // Writing to a string cannot fail.
        match separator {
            Separator::None => {}
            Separator::Blank => text.push('\n'),
            Separator::Numbered => writeln!(text, "{FAINT}--- {} ---{FAINT:#}", index + 1).unwrap_or_default(),
        }
        for (column, value) in listing.columns.iter().zip(row) {
            let pad = " ".repeat(width - column.name.width());
            writeln!(text, "{HEADING}{}{HEADING:#}{pad}  {}", column.name, cell::shown(value)).unwrap_or_default();
        }
    }
    text
}
