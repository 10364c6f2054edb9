//! The table form: columns in line, numbers to the right, cut to the terminal's width if there is one.

use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Color, Padding, Style, Width};

use super::fit::{self, GAP};
use super::options::Header;
use super::{Kind, Listing, cell};

pub(super) fn render(listing: &Listing, header: Header, width: Option<usize>) -> String {
    if listing.columns.is_empty() || (listing.rows.is_empty() && header == Header::Hidden) {
        return String::new();
    }
    let mut builder = Builder::with_capacity(listing.rows.len() + 1, listing.columns.len());
    if header == Header::Shown {
        builder.push_record(listing.columns.iter().map(|column| cell::visible(&column.name)));
    }
    for row in &listing.rows {
        builder.push_record(row.iter().map(cell::shown));
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::new(0, GAP, 0, 0));
    for (index, column) in listing.columns.iter().enumerate() {
        if column.kind == Kind::Number {
            table.modify(Columns::one(index), Alignment::right());
        }
    }
    if header == Header::Shown {
        table.modify(Rows::first(), Color::BOLD);
    }
    for (index, width) in width.map(|width| fit::widths(listing, width)).into_iter().flatten().enumerate() {
        // The space behind a column is part of it.
        table.modify(Columns::one(index), Width::truncate(width).suffix("…"));
    }
    table.to_string().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
