//! Chooses the columns of a table that a terminal has room for, so that what is shown can be read.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::{Column, Kind, Listing, cell};

/// Columns of text that a column of the table has at least, unless all of it is shorter.
const TEXT_WIDTH_MIN: usize = 8;
/// The same for a time, which says little without its seconds, and for a number, which says something else when it is cut.
const TIME_WIDTH_MIN: usize = 20;
/// What stands between two columns, as spaces behind each.
pub(super) const GAP: usize = 2;

/// Returns the listing with as many of its columns as fit, and how many do not. Columns without a value in any row go first,
/// then the last ones.
pub(super) fn fitted(listing: &Listing, width: usize) -> (Listing, usize) {
    let widths: Vec<usize> = (0..listing.columns.len()).map(|index| width_of(listing, index)).collect();
    if widths.iter().map(|own| own + GAP).sum::<usize>() <= width + GAP {
        return (listing.clone(), 0);
    }
    let mut room = width + GAP;
    let mut shown = Vec::new();
    for (index, own) in widths.iter().enumerate().filter(|(index, _)| !is_empty(listing, *index)) {
        let needed = least(listing.columns[index].kind, *own) + GAP;
        // The first column is shown however narrow the terminal is.
        if needed > room && !shown.is_empty() {
            break;
        }
        room = room.saturating_sub(needed);
        shown.push(index);
    }
    let columns: Vec<Column> = shown.iter().map(|index| listing.columns[*index].clone()).collect();
    let pick = |row: &Vec<Value>| shown.iter().map(|index| row[*index].clone()).collect();
    let rows = listing.rows.iter().map(pick).collect();
    let hidden = listing.columns.len() - columns.len();
    (Listing { columns, rows, ..listing.clone() }, hidden)
}

/// Returns how wide each column is drawn: the widest are cut, but not below what can be read while that is possible.
pub(super) fn widths(listing: &Listing, width: usize) -> Vec<usize> {
    let whole = (0..listing.columns.len()).map(|index| width_of(listing, index).min(width));
    let mut widths: Vec<usize> = whole.collect();
    let leasts: Vec<usize> =
        listing.columns.iter().zip(&widths).map(|(column, own)| least(column.kind, *own)).collect();
    while widths.iter().map(|own| own + GAP).sum::<usize>() > width + GAP {
        let above =
            (0..widths.len()).filter(|index| widths[*index] > leasts[*index]).max_by_key(|index| widths[*index]);
        let Some(widest) = above.or_else(|| (0..widths.len()).max_by_key(|index| widths[*index])) else { break };
        if widths[widest] <= 1 {
            break;
        }
        widths[widest] -= 1;
    }
    widths
}

/// Returns how wide a column is at least that would be `own` wide.
fn least(kind: Kind, own: usize) -> usize {
    own.min(if matches!(kind, Kind::Time | Kind::Number) { TIME_WIDTH_MIN } else { TEXT_WIDTH_MIN })
}

/// Returns the sentence about the columns that are not shown.
pub(super) fn note(hidden: usize) -> String {
    let columns = if hidden == 1 { "column" } else { "columns" };
    format!("{hidden} more {columns}: -o vertical shows all")
}

fn width_of(listing: &Listing, index: usize) -> usize {
    let cells = listing.rows.iter().map(|row| cell::shown(&row[index]).width());
    cells.chain([cell::visible(&listing.columns[index].name).width()]).max().unwrap_or_default()
}

/// Tells whether no row has anything in the column. Without rows nobody knows.
fn is_empty(listing: &Listing, index: usize) -> bool {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    !listing.rows.is_empty() && listing.rows.iter().all(|row| is_nothing(&row[index]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wide() -> Listing {
        let columns = ["time", "nothing", "type", "n", "list", "page", "user"]
            .map(|name| Column::new(name, if name == "time" { Kind::Time } else { Kind::Text }));
        let row = |n: i64| {
            let time = json!("2026-11-23T09:00:00.123456Z");
            vec![time, Value::Null, json!("web.click"), json!(n), json!([]), json!("/checkout/pay"), json!("user_123")]
        };
        Listing {
            name: "streamflow.sample/1".into(),
            columns: columns.into(),
            rows: vec![row(1), row(2)],
            truncated: false,
        }
    }

    #[track_caller]
    fn check(width: usize, expected: &[&str]) {
        let (shown, hidden) = fitted(&wide(), width);
        let names: Vec<&str> = shown.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names.as_slice(), hidden), (expected, 7 - expected.len()), "{width}");
        assert!(shown.rows.iter().all(|row| row.len() == expected.len()));
    }

    #[test]
    fn columns_that_are_empty_go_first_then_the_last_ones() {
        check(200, &["time", "nothing", "type", "n", "list", "page", "user"]);
        check(70, &["time", "type", "n", "page", "user"]);
        check(53, &["time", "type", "n", "page", "user"]);
        check(52, &["time", "type", "n", "page"]);
        check(42, &["time", "type", "n"]);
        check(5, &["time"]);
    }

    #[test]
    fn what_is_cut_stays_readable() {
        let (shown, _) = fitted(&wide(), 53);
        assert_eq!(widths(&shown, 53), [20, 8, 1, 8, 8]);
        assert_eq!(widths(&shown, 60), [21, 9, 1, 13, 8]);
        assert_eq!(widths(&wide(), 30).iter().map(|own| own + GAP).sum::<usize>(), 30 + GAP);
    }

    #[test]
    fn a_listing_without_rows_keeps_its_columns() {
        let (shown, hidden) = fitted(&Listing { rows: Vec::new(), ..wide() }, 60);
        assert_eq!((shown.columns.len(), hidden), (7, 0));
    }
}
