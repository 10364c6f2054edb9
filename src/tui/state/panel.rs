//! Panels of the user's own on the overview: a statement, and how its answer is drawn.

use serde::{Deserialize, Serialize};

use crate::api::query::QueryAnswer;
use crate::tui::event::Failure;
use crate::tui::statement::Scope;
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
    /// Whether its file can not be read: its answer is why, and there is nothing to ask.
    is_broken: bool,
}

/// What stands in a statement for the filter.
const FILTER: &str = "$filter";

/// A panel as `dashboards/*.yaml` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub title: String,
    /// One statement; `$since`, `$until` and `$bucket` stand for the range that is shown, `$filter` for the filter.
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
        Self { written, answer: None, is_broken: false }
    }

    /// Returns what stands in the place of panels that can not be read.
    #[must_use]
    pub const fn broken(title: String, failure: Failure) -> Self {
        let written = Written { title, sql: String::new(), chart: Chart::Auto };
        Self { written, answer: Some(Err(failure)), is_broken: true }
    }

    /// Returns the statement about these events; none when there is none to ask.
    #[must_use]
    pub fn statement(&self, scope: &Scope) -> Option<String> {
        if self.is_broken {
            return None;
        }
        let (range, quoted) = (scope.range, |time| format!("'{}'", rfc3339(time)));
        let sql = self.written.sql.replace("$since", &quoted(range.since)).replace("$until", &quoted(range.until));
        Some(sql.replace("$bucket", &range.interval()).replace(FILTER, &format!("({})", scope.filter())))
    }

    /// Returns whether it shows the same whatever the filter is: what its statement reads is its own affair.
    #[must_use]
    pub fn ignores_filter(&self) -> bool {
        !self.is_broken && !self.written.sql.contains(FILTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::cursor::Range;

    #[test]
    fn a_panel_asks_about_the_range_that_is_shown() {
        let written = Written {
            title: "x".to_owned(),
            sql: "SELECT date_bin($bucket, timestamp) FROM events WHERE timestamp >= $since AND timestamp < $until AND $filter"
                .to_owned(),
            chart: Chart::Auto,
        };
        let range = Range { since: 0, until: 60_000_000, bucket: 1_000_000 };
        let asked = |filter| Panel::new(written.clone()).statement(&Scope::new(range, filter).unwrap()).unwrap();
        let time = "SELECT date_bin(INTERVAL '1 seconds', timestamp) FROM events \
                    WHERE timestamp >= '1970-01-01T00:00:00Z' AND timestamp < '1970-01-01T00:01:00Z' AND";
        assert_eq!(asked(""), format!("{time} (true)"));
        assert_eq!(asked("os=iOS"), format!("{time} (\"os\" = 'iOS')"));
        assert!(!Panel::new(written.clone()).ignores_filter());
        let failure = Failure { message: "x".to_owned(), hint: None, is_transient: false, place: None };
        assert_eq!(Panel::broken("bad.yaml".to_owned(), failure).statement(&Scope::new(range, "").unwrap()), None);
    }
}
