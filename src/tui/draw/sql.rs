//! The workbench: the statement above, its answer below, as rows or as a chart.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::chart;
use super::overview::{axis, framed};
use super::pen::{Pen, number, split};
use crate::api::query::QueryAnswer;
use crate::tui::cursor::Range;
use crate::tui::event::Failure;
use crate::tui::state::State;
use crate::tui::state::completion::Offered;
use crate::tui::state::overview::shown;
use crate::tui::state::sql::{Answered, Drawing, Focus, KEYWORDS, ROWS_BYTES_MAX, ROWS_MAX, Sheet, Sql, drawing};
use crate::tui::text::{bytes, clock, count, counted, fill, millis, short, visible};

/// Lines of the editor, at most.
const EDITOR_HEIGHT: u16 = 12;
/// Columns of one value in a table.
const COLUMN_MAX: usize = 40;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) -> Option<(u16, u16)> {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let sheet = state.sql.sheet();
    let lines = u16::try_from(sheet.editor.lines().len()).unwrap_or(EDITOR_HEIGHT);
    let height = (lines + 1).clamp(5, EDITOR_HEIGHT).min(area.height / 2 + 1);
    let (upper, lower) = split(area, height);
    let cursor = editor(pen, upper, &state.sql);
    results(pen, lower, state);
    if let (Some(offered), Some(at)) = (&sheet.offered, cursor) {
        offer(pen, area, at, offered);
    }
    cursor.filter(|_| state.sql.focus == Focus::Editor)
}

fn editor(pen: &mut Pen<'_>, area: Rect, sql: &Sql) -> Option<(u16, u16)> {
    let sheet = sql.sheet();
    let note = match (sheet.running_since.is_some(), sql.focus) {
        (true, _) => "running, esc cancels",
        (false, Focus::Editor) => "ctrl-r runs, esc leaves the editor",
        (false, Focus::Results) => "ctrl-r runs",
    };
    let mut title = match sql.position() {
        (_, 1) => "Statement".to_owned(),
        (at, count) => format!("Statement {at} of {count}"),
    };
    if sql.focus == Focus::Results {
        title += " (i edits)";
    }
    let body = pen.title(area, &title, note);
    if body.height == 0 {
        return None;
    }
    let (line, column) = sheet.editor.cursor();
    let start = (line + 1).saturating_sub(usize::from(body.height));
    let before: String = sheet.editor.lines()[line].chars().take(column).collect();
    let hidden = hidden(before.width(), usize::from(body.width));
    for (text, y) in sheet.editor.lines().iter().skip(start).zip(body.y..body.bottom()) {
        coloured(pen, Rect { y, height: 1, ..body }, text, hidden);
    }
    let x = body.x + u16::try_from(before.width() - hidden).unwrap_or(u16::MAX).min(body.width.saturating_sub(1));
    let y = body.y + u16::try_from(line - start).unwrap_or(0);
    (y < body.bottom()).then_some((x, y))
}

/// Returns how many columns of all lines are left out at the left, so that the cursor is seen, and what is around it.
fn hidden(cursor: usize, width: usize) -> usize {
    let half = (width / 2).max(1);
    if cursor < width { 0 } else { ((cursor - width) / half + 1) * half }
}

/// Writes a line of SQL with its words, texts and numbers told apart, without its first columns.
fn coloured(pen: &mut Pen<'_>, place: Rect, line: &str, hidden: usize) {
    let mut x = place.x;
    let mut left_out = 0;
    for piece in pieces(line) {
        let style = style_of(pen, piece);
        let mut piece = piece;
        while left_out < hidden
            && let Some(c) = piece.chars().next()
        {
            left_out += c.width().unwrap_or(0);
            piece = &piece[c.len_utf8()..];
        }
        x += pen.put(x, place.y, place.right().saturating_sub(x), piece, style);
        if x >= place.right() {
            break;
        }
    }
    if hidden > 0 && left_out > 0 {
        pen.put(place.x, place.y, 1, "…", pen.theme.dim);
    }
}

fn style_of(pen: &Pen<'_>, piece: &str) -> Style {
    let theme = pen.theme;
    let is_keyword =
        KEYWORDS.iter().flat_map(|keyword| keyword.split(' ')).any(|keyword| keyword.eq_ignore_ascii_case(piece));
    match piece.chars().next() {
        _ if is_keyword => theme.accent,
        Some('\'') => theme.series[2],
        Some(c) if c.is_ascii_digit() => theme.series[1],
        _ if piece.starts_with("--") => theme.dim,
        _ => theme.text,
    }
}

/// Cuts a line into words, texts, comments and what is between.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = if rest.starts_with("--") {
            rest.len()
        } else if first == '\'' {
            rest[1..].find('\'').map_or(rest.len(), |end| end + 2)
        } else {
            let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let same = is_word(first);
            rest.char_indices()
                .find(|(at, c)| is_word(*c) != same || (*at > 0 && (*c == '\'' || rest[*at..].starts_with("--"))))
                .map_or(rest.len(), |(at, _)| at)
        };
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The words that may stand at the cursor, below it.
pub(super) fn offer(pen: &mut Pen<'_>, area: Rect, (x, y): (u16, u16), offered: &Offered) {
    let width = offered.words.iter().map(|word| word.width()).max().unwrap_or(0) as u16 + 2;
    let height = offered.words.len() as u16;
    let y = if y + 1 + height <= area.bottom() { y + 1 } else { y.saturating_sub(height) };
    let place = Rect { x: x.min(area.right().saturating_sub(width)), y, width, height }.intersection(area);
    pen.clear(place);
    for ((at, word), y) in offered.words.iter().enumerate().zip(place.y..place.bottom()) {
        let style = if at == offered.selected { pen.theme.selected } else { pen.theme.chosen };
        let line = Rect { y, height: 1, ..place };
        pen.style(line, style);
        pen.put(place.x, y, width, &format!(" {word} "), style);
    }
}

fn results(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let sheet = state.sql.sheet();
    let partial = sheet.result.as_ref().filter(|result| is_partial(sheet, result));
    let (area, result) = match (&sheet.failure, partial) {
        (Some(failure), None) => {
            let body = pen.title(area, "No answer", "");
            return pen.failure(body, &placed(failure));
        }
        (Some(failure), partial) => {
            let (upper, lower) = split(area, 4.min(area.height / 2));
            let body = pen.title(upper, "Broken off", "");
            pen.failure(body, &placed(failure));
            (lower, partial)
        }
        (None, _) => (area, sheet.result.as_ref()),
    };
    let Some(result) = result else {
        let body = pen.title(area, "Answer", "");
        let text = match (sheet.running_since.is_some(), sheet.is_cancelled) {
            (true, _) => "running …",
            (false, true) => "cancelled before there were rows",
            (false, false) => "ctrl-r runs the statement; i writes in it, and tab completes",
        };
        return pen.empty(body, text);
    };
    let answer = &result.answer;
    let body = pen.title(area, &told(sheet, result), &cost(result));
    let (notes, body) = split(body, u16::try_from(answer.notes.len().min(2)).unwrap_or(0));
    for (note, y) in answer.notes.iter().zip(notes.y..notes.bottom()) {
        pen.put(notes.x, y, notes.width, &format!("note: {}", visible(note)), pen.theme.warn);
    }
    if answer.rows.is_empty() {
        let text = match (result.is_over, sheet.is_cancelled) {
            (true, _) => "no rows",
            (false, true) => "cancelled before there were rows",
            (false, false) => "no rows so far",
        };
        return pen.empty(body, text);
    }
    match drawing(answer).filter(|_| sheet.as_chart) {
        Some(drawing) => draw_chart(pen, body, &drawing),
        None => table(pen, body, answer, Some((sheet.row, sheet.column, state.sql.focus == Focus::Results))),
    }
}

/// A failure with the place that it is about.
fn placed(failure: &Failure) -> Failure {
    let mut failure = failure.clone();
    if let Some((line, column)) = failure.place {
        failure.message = format!("line {line}, column {column}: {}", failure.message);
    }
    failure
}

/// Whether a failed statement gave rows before it failed.
fn is_partial(sheet: &Sheet, result: &Answered) -> bool {
    !result.is_over && sheet.failure.is_some() && !result.answer.rows.is_empty()
}

/// How many rows, and whether there are more.
fn told(sheet: &Sheet, result: &Answered) -> String {
    let answer = &result.answer;
    let rows = counted(answer.rows.len() as u64, "row", "rows");
    match (answer.rows.len(), result.is_over, answer.truncated) {
        (_, false, _) if sheet.running_since.is_some() => format!("{rows} so far"),
        (0, false, _) if sheet.is_cancelled => "cancelled".to_owned(),
        (_, false, _) if sheet.is_cancelled => format!("cancelled; the first {rows}"),
        (_, false, _) => format!("the first {rows}; the others were not waited for"),
        // Before it had rows: what is shown answers the statement before.
        (_, true, _) if sheet.is_cancelled => format!("cancelled; the answer before it has {rows}"),
        (_, true, false) => rows,
        (_, true, true) => format!(
            "the first {rows}; there are more (at most {} or {} are fetched)",
            count(ROWS_MAX),
            bytes(ROWS_BYTES_MAX as u64)
        ),
    }
}

fn cost(result: &Answered) -> String {
    if !result.is_over {
        return String::new();
    }
    let stats = &result.answer.stats;
    format!("{} events read in {}", count(stats.rows_scanned), millis(stats.elapsed_ms))
}

/// Rows with their columns, moved so that the chosen one is seen.
pub(super) fn table(pen: &mut Pen<'_>, area: Rect, answer: &QueryAnswer, chosen: Option<(usize, usize, bool)>) {
    let (row, column, has_keys) = chosen.unwrap_or((0, 0, false));
    let (head, body) = split(area, 1);
    let start = row
        .saturating_sub(usize::from(body.height / 2))
        .min(answer.rows.len().saturating_sub(usize::from(body.height)));
    let end = (start + usize::from(body.height)).min(answer.rows.len());
    let rows = &answer.rows[start..end];
    let mut x = area.x;
    for (at, info) in answer.columns.iter().enumerate().skip(column) {
        let is_number = rows.iter().any(|row| row.get(at).is_some_and(serde_json::Value::is_number));
        let cells: Vec<String> = rows.iter().map(|row| row.get(at).map_or_else(String::new, cell)).collect();
        let width = cells.iter().map(|cell| cell.width()).chain([info.name.width()]).max().unwrap_or(0).min(COLUMN_MAX);
        let fit = |text: &str| if is_number { number(text, width) } else { fill(text, width) };
        let room = area.right().saturating_sub(x);
        if room == 0 {
            break;
        }
        pen.put(x, head.y, room, &fit(&visible(&info.name)), pen.theme.accent);
        for (cell, y) in cells.iter().zip(body.y..body.bottom()) {
            pen.put(x, y, room, &fit(cell), pen.theme.text);
        }
        x = x.saturating_add(u16::try_from(width + 2).unwrap_or(u16::MAX));
    }
    if let (true, Some(line)) = (chosen.is_some(), row.checked_sub(start)) {
        let y = body.y + u16::try_from(line).unwrap_or(0);
        if y < body.bottom() {
            let style = if has_keys { pen.theme.selected } else { pen.theme.chosen };
            pen.style(Rect { y, height: 1, ..body }, style);
        }
    }
}

fn cell(value: &serde_json::Value) -> String {
    match value.as_f64() {
        // Sixteen digits of a mean tell nobody anything.
        Some(number) if !value.is_i64() && !value.is_u64() => format!("{number:.3}"),
        _ => shown(value),
    }
}

/// An answer as bars or lines.
pub(super) fn draw_chart(pen: &mut Pen<'_>, area: Rect, drawing: &Drawing) {
    match drawing {
        Drawing::Bars { bars, .. } => draw_bars(pen, area, bars),
        Drawing::Lines { times, lines } => draw_lines(pen, area, times, lines),
    }
}

fn draw_bars(pen: &mut Pen<'_>, area: Rect, bars: &[(String, f64)]) {
    let most = bars.iter().map(|(_, value)| value.abs()).fold(0.0, f64::max);
    let label = bars.iter().map(|(label, _)| label.width()).max().unwrap_or(0).min(usize::from(area.width / 3)) as u16;
    let room = area.width.saturating_sub(label + 10);
    for ((at, (name, value)), y) in bars.iter().enumerate().zip(area.y..area.bottom()) {
        if y + 1 == area.bottom() && at + 1 < bars.len() {
            pen.put(area.x, y, area.width, &format!("… {} more", bars.len() - at), pen.theme.dim);
            return;
        }
        pen.put(area.x, y, label, &fill(name, usize::from(label)), pen.theme.text);
        let bar = chart::bar(if most > 0.0 { value.abs() / most } else { 0.0 }, room, pen.theme.glyphs);
        let used = pen.put(area.x + label + 1, y, room, &bar, pen.theme.bar);
        pen.put(area.x + label + 2 + used, y, 9, &short(*value), pen.theme.dim);
    }
}

fn draw_lines(pen: &mut Pen<'_>, area: Rect, times: &[i64], lines: &[(String, Vec<Option<f64>>)]) {
    // A statement may order its rows as it likes; a chart goes from left to right.
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|at| times[*at]);
    let (Some(first), Some(last)) = (order.first(), order.last()) else { return };
    let range = Range { since: times[*first], until: times[*last] + 1, bucket: 1 };
    let most = lines.iter().flat_map(|(_, values)| values.iter().flatten()).copied().fold(0.0, f64::max);
    // Where there is little room, the lines have it.
    let (legend, body) = split(area, u16::from(area.height > 4));
    let plot = framed(pen, body, &range, false);
    if plot.height < 2 {
        return;
    }
    let plot = Rect { height: plot.height - 1, ..plot };
    pen.put(plot.x, plot.bottom(), 10, &clock(range.since), pen.theme.dim);
    pen.put_right(plot.x, plot.bottom(), plot.width, &clock(range.until), pen.theme.dim);
    let top = chart::nice_above(most);
    axis(pen, plot, &short(top));
    let styles = pen.theme.series;
    let sorted: Vec<Vec<Option<f64>>> =
        lines.iter().map(|(_, values)| order.iter().map(|at| values[*at]).collect()).collect();
    let drawn: Vec<(&[Option<f64>], Style)> =
        sorted.iter().enumerate().map(|(at, values)| (values.as_slice(), styles[at % styles.len()])).collect();
    chart::lines(pen, plot, &drawn, top);
    if legend.height == 0 {
        return;
    }
    let mut x = legend.x;
    for (at, (name, _)) in lines.iter().enumerate() {
        let mark = chart::line_mark(pen, at);
        let name = visible(name);
        x += pen.put_all(
            x,
            legend.y,
            legend.right().saturating_sub(x),
            &[
                (mark, styles[at % styles.len()]),
                (" ", pen.theme.text),
                (&name, pen.theme.text),
                ("   ", pen.theme.text),
            ],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{hidden, pieces};

    #[test]
    fn the_cursor_is_always_seen() {
        for width in 1..60 {
            for cursor in 0..300 {
                let left_out = hidden(cursor, width);
                assert!(left_out <= cursor && cursor - left_out < width, "{cursor} of {width}: {left_out}");
            }
        }
        assert_eq!([hidden(9, 10), hidden(10, 10), hidden(14, 10), hidden(15, 10)], [0, 5, 5, 10]);
    }

    #[test]
    fn a_line_of_sql_falls_into_words_texts_and_comments() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(pieces(line), expected);
            assert_eq!(pieces(line).concat(), line);
        };
        check("SELECT data.page, 'a b'", &["SELECT", " ", "data.page", ", ", "'a b'"]);
        check("x = 1 -- why", &["x", " = ", "1", " ", "-- why"]);
        check("'open", &["'open"]);
        check("ü('é')", &["ü", "(", "'é'", ")"]);
    }
}
