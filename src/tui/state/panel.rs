//! Panels of the user's own on the overview: a statement, and how its answer is drawn.

use serde::{Deserialize, Serialize};

use crate::api::query::QueryAnswer;
use crate::tui::cursor::Range;
use crate::tui::event::Failure;
use crate::tui::text::rfc3339;

/// Rows that a panel draws.
pub const ROWS_MAX: u64 = 500;
/// Panels that are shown; each is a question in every round.
pub const PANELS_MAX: usize = 8;

/// One panel.
#[derive(Debug, Clone)]
pub struct Panel {
    pub written: Written,
    pub answer: Option<Result<QueryAnswer, Failure>>,
}

/// A panel as `dashboards/*.yaml` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub title: String,
    /// One statement; `$since`, `$until` and `$bucket` stand for the range that is shown.
    pub sql: String,
    #[serde(default)]
    pub chart: Chart,
}

/// How an answer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chart {
    /// As lines when its first column is a time, else as bars.
    #[default]
    Auto,
    Table,
    /// The first number of the first row, large.
    Number,
}

/// A file of panels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub panels: Vec<Written>,
}

impl Panel {
    #[must_use]
    pub const fn new(written: Written) -> Self {
        Self { written, answer: None }
    }

    /// Returns the statement for a range.
    #[must_use]
    pub fn statement(&self, range: &Range) -> String {
        let quoted = |time| format!("'{}'", rfc3339(time));
        let sql = self.written.sql.replace("$since", &quoted(range.since)).replace("$until", &quoted(range.until));
        sql.replace("$bucket", &range.interval())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_asks_about_the_range_that_is_shown() {
        let written = Written {
            title: "x".to_owned(),
            sql: "SELECT date_bin($bucket, timestamp) FROM events WHERE timestamp >= $since AND timestamp < $until"
                .to_owned(),
            chart: Chart::Auto,
        };
        let range = Range { since: 0, until: 60_000_000, bucket: 1_000_000 };
        assert_eq!(
            Panel::new(written).statement(&range),
            "SELECT date_bin(INTERVAL '1 seconds', timestamp) FROM events \
             WHERE timestamp >= '1970-01-01T00:00:00Z' AND timestamp < '1970-01-01T00:01:00Z'"
        );
    }
}
