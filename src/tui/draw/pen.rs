//! Writes into a buffer and nowhere beside it, whatever the sizes are.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::tui::text::{cut, is_plain, right};
use crate::tui::theme::Theme;

/// A buffer with the theme it is drawn in.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    pub(super) theme: &'a Theme,
}

impl<'a> Pen<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    pub(super) fn buffer(&mut self) -> &mut Buffer {
        self.buffer
    }

    /// Writes text at a place, within `width` columns; one that is cut ends in `…`. Returns the columns it took.
    pub(super) fn put(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() || width == 0 {
            return 0;
        }
        let width = width.min(area.right() - x);
        let text = cut(text, usize::from(width));
        if !is_plain(&text) {
            self.buffer.set_stringn(x, y, &text, usize::from(width), style);
            return u16::try_from(text.width()).unwrap_or(width).min(width);
        }
        let columns = x..x + width;
        for (x, at) in columns.zip(0..text.len()) {
            self.buffer[(x, y)].set_symbol(&text[at..=at]).set_style(style);
        }
        u16::try_from(text.len()).unwrap_or(width).min(width)
    }

    /// Draws a line of this width.
    pub(super) fn rule(&mut self, x: u16, y: u16, width: u16, style: Style) {
        let symbol = self.theme.glyphs.rule();
        for x in x..x.saturating_add(width) {
            self.cell(x, y, symbol, style);
        }
    }

    /// Writes text that ends at the right edge of these columns.
    pub(super) fn put_right(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        let text = cut(text, usize::from(width));
        let used = u16::try_from(text.width()).unwrap_or(width).min(width);
        self.put(x + (width - used), y, used, &text, style);
    }

    /// Writes pieces one after the other. Returns the columns they took.
    pub(super) fn put_all(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) -> u16 {
        let mut used = 0;
        for (text, style) in pieces {
            used += self.put(x + used, y, width.saturating_sub(used), text, *style);
        }
        used
    }

    /// Gives a whole area a style, over what is there.
    pub(super) fn style(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, style);
    }

    /// Makes an area empty.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// Writes one cell.
    pub(super) fn cell(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if self.buffer.area.contains((x, y).into()) {
            self.buffer[(x, y)].set_symbol(symbol).set_style(style);
        }
    }

    /// Writes a title with a line behind it and a note at its end. Returns the area below.
    pub(super) fn title(&mut self, area: Rect, title: &str, note: &str) -> Rect {
        if area.height == 0 || area.width == 0 {
            return Rect { height: 0, ..area };
        }
        let theme = self.theme;
        // The rule begins behind the title: what is written over it would keep its colour, and a title has none of its own.
        let used = self.put(area.x, area.y, area.width, title, theme.strong);
        let behind = used.saturating_add(1).min(area.width);
        self.rule(area.x + behind, area.y, area.width - behind, theme.rule);
        let room = area.width.saturating_sub(used + 3);
        if !note.is_empty() && room > 4 {
            let note = format!(" {}", cut(note, usize::from(room)));
            self.put_right(area.x, area.y, area.width, &note, theme.dim);
        }
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }

    /// Says in the middle of an area why nothing is in it.
    pub(super) fn empty(&mut self, area: Rect, text: &str) {
        let style = self.theme.dim;
        let lines =
            if text.width() <= usize::from(area.width) { vec![text.to_owned()] } else { wrapped(text, area.width) };
        let above = area.height.saturating_sub(u16::try_from(lines.len().saturating_sub(1)).unwrap_or(0)) / 2;
        for (line, y) in lines.iter().zip(area.y + above..area.bottom()) {
            let width = u16::try_from(line.width()).unwrap_or(area.width).min(area.width);
            self.put(area.x + (area.width - width) / 2, y, width, line, style);
        }
    }

    /// Says what went wrong, and what to do.
    pub(super) fn failure(&mut self, area: Rect, failure: &crate::tui::event::Failure) {
        let theme = self.theme;
        let lines = wrapped(&format!("error: {}", crate::tui::text::visible(&failure.message)), area.width);
        let hint = failure.hint.as_ref().map(|hint| format!("hint:  {}", crate::tui::text::visible(hint)));
        let hints = hint.map(|hint| wrapped(&hint, area.width)).unwrap_or_default();
        let lines =
            lines.into_iter().map(|line| (line, theme.bad)).chain(hints.into_iter().map(|line| (line, theme.text)));
        for (y, (line, style)) in (area.y..area.bottom()).zip(lines) {
            self.put(area.x, y, area.width, &line, style);
        }
    }
}

/// Cuts text into lines between its words.
pub(super) fn wrapped(text: &str, width: u16) -> Vec<String> {
    let width = usize::from(width).max(1);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Returns areas beside each other, with a gap between, in these proportions.
pub(super) fn columns(area: Rect, shares: &[u16], gap: u16) -> Vec<Rect> {
    let total: u32 = shares.iter().map(|share| u32::from(*share)).sum::<u32>().max(1);
    let gaps = gap.saturating_mul(u16::try_from(shares.len().saturating_sub(1)).unwrap_or(0));
    let room = u32::from(area.width.saturating_sub(gaps));
    let mut x = area.x;
    let mut given = 0;
    let mut done = 0;
    let mut areas = Vec::with_capacity(shares.len());
    for share in shares {
        done += u32::from(*share);
        let width = u16::try_from(room * done / total).unwrap_or(0) - given;
        given += width;
        let left = area.right().saturating_sub(x);
        areas.push(Rect { x, width: width.min(left), ..area });
        x = x.saturating_add(width + gap);
    }
    areas
}

/// Returns the top `height` lines of an area, and what is below.
pub(super) fn split(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// Returns a number that stands right in so many columns.
pub(super) fn number(text: &str, width: usize) -> String {
    right(text, width)
}
