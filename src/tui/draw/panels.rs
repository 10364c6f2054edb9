//! The user's own panels, side by side at the bottom of the overview.

use ratatui_core::layout::Rect;

use super::pen::{Pen, columns};
use super::sql::{draw_chart, table};
use crate::tui::state::State;
use crate::tui::state::overview::shown;
use crate::tui::state::panel::{Chart, Panel};
use crate::tui::state::sql::drawing;
use crate::tui::text::visible;

/// Columns that a panel needs.
const WIDTH_MIN: u16 = 34;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    if state.panels.is_empty() || area.height < 2 {
        return;
    }
    let fit = usize::from((area.width / WIDTH_MIN).max(1)).min(state.panels.len());
    // The newest are shown where not all fit: they were pinned for a reason.
    let shown = &state.panels[state.panels.len() - fit..];
    for (panel, place) in shown.iter().zip(columns(area, &vec![1; fit], 2)) {
        one(pen, place, state, panel);
    }
}

fn one(pen: &mut Pen<'_>, area: Rect, state: &State, panel: &Panel) {
    let is_other = !state.place.filter.is_empty() && panel.ignores_filter();
    let body = pen.title(area, &visible(&panel.written.title), if is_other { "not filtered" } else { "" });
    match &panel.answer {
        None => pen.empty(body, "asking …"),
        Some(Err(failure)) => pen.failure(body, failure),
        Some(Ok(answer)) if answer.rows.is_empty() => pen.empty(body, "no rows"),
        Some(Ok(answer)) => match panel.written.chart {
            Chart::Number => {
                let value = answer.rows[0].first().map(shown).unwrap_or_default();
                pen.put(body.x, body.y + body.height / 2, body.width, &value, pen.theme.strong);
            }
            Chart::Table => table(pen, body, answer, None),
            Chart::Auto => match drawing(answer) {
                Some(drawing) => draw_chart(pen, body, &drawing),
                None => table(pen, body, answer, None),
            },
        },
    }
}
