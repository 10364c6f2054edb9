//! The questions that everybody asks, as SQL: trends, distribution, top lists, funnels, retention, sessions, paths.
//!
//! Each question is a struct whose parameters are valid once it exists, with `sql` for the engine; where the answer has
//! a shape that SQL lacks (empty buckets, a matrix), the question also folds the rows into it. Output columns are named
//! as the answers of the API are. Nothing here runs SQL.
//!
//! All of them read event time, from the range's start inclusive to its end exclusive. Times are compared as literals, so
//! that the engine can pass over chunks of other times; durations are computed in whole microseconds.

mod bucket;
mod distribution;
mod funnel;
mod paths;
mod retention;
mod sessions;
mod top;
mod trends;

use crate::filter::{self, FilterError};
use crate::time::Range;

pub use bucket::{BUCKETS_MAX, Interval, Zone};
pub use distribution::{DIMENSIONS, Distribution, NAMES_MAX};
pub use funnel::{Funnel, STEPS_MAX, WITHIN_DEFAULT};
pub use paths::{DEPTH_DEFAULT, DEPTH_MAX, PathOf, Paths};
pub use retention::{Cohort, PERIODS_MAX, Period, Retention};
pub use sessions::{GAP_DEFAULT, SessionUsers, Sessions};
pub use top::{LIMIT_DEFAULT, LIMIT_MAX, Subject, Top};
pub use trends::{Bucket, OTHER, SERIES_MAX, Trends};

/// Which events a question is about.
#[derive(Debug, Clone)]
pub struct Scope {
    range: Range,
    filter: Option<String>,
}

impl Scope {
    /// Returns the scope of all events in a range.
    #[must_use]
    pub fn new(range: Range) -> Self {
        Self { range, filter: None }
    }

    /// Returns the scope with a filter in the one filter grammar.
    ///
    /// # Errors
    /// When the filter is shorthand that cannot mean anything.
    pub fn with_filter(self, text: &str) -> Result<Self, QuestionError> {
        let filter = Some(filter::to_sql(text)?).filter(|sql| sql != "true");
        Ok(Self { filter, ..self })
    }

    /// Returns the range of event time.
    #[must_use]
    pub fn range(&self) -> Range {
        self.range
    }

    /// Returns the condition that events of the scope meet.
    fn condition(&self) -> String {
        let (since, until) = self.range.micros();
        let times = format!(r#""timestamp" >= {} AND "timestamp" < {}"#, time_sql(since), time_sql(until));
        match &self.filter {
            // The line break ends a comment in the filter, which would otherwise swallow what follows.
            Some(filter) => format!("{times} AND ({filter}\n)"),
            None => times,
        }
    }
}

/// A parameter of a question that is out of its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{param} {fault}")]
pub struct QuestionError {
    /// The parameter as routes and commands name it.
    pub param: &'static str,
    /// What is wrong with it, to follow the name.
    pub fault: String,
    /// The next step.
    pub hint: String,
    /// Its error code.
    pub code: &'static str,
}

impl QuestionError {
    fn new(param: &'static str, fault: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { param, fault: fault.into(), hint: hint.into(), code: "invalid_parameter" }
    }
}

impl From<FilterError> for QuestionError {
    fn from(error: FilterError) -> Self {
        let fault = format!("is wrong: {error}");
        Self { param: "filter", fault, hint: error.hint, code: "invalid_filter" }
    }
}

/// The event time in microseconds.
const MICROS: &str = r#"CAST("timestamp" AS BIGINT)"#;

/// Returns a moment as a literal of the type of the column `timestamp`.
fn time_sql(micros: impl std::fmt::Display) -> String {
    format!(r#"arrow_cast({micros}, 'Timestamp(Microsecond, Some("UTC"))')"#)
}

/// Returns a count out of a total as a percentage with two decimals, 0 when there is nothing.
fn percentage_sql(part: &str, whole: &str) -> String {
    format!("coalesce(round(100.0 * {part} / nullif({whole}, 0), 2), 0.0)")
}

/// Returns a parameter that is inside its limits.
fn within(param: &'static str, value: usize, limits: std::ops::RangeInclusive<usize>) -> Result<usize, QuestionError> {
    if limits.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (limits.start(), limits.end());
    Err(QuestionError::new(param, format!("is {value}"), format!("choose a number from {least} to {most}")))
}

/// Returns a duration in microseconds that is inside its limits.
fn micros_within(
    param: &'static str,
    value: std::time::Duration,
    limits: std::ops::RangeInclusive<std::time::Duration>,
) -> Result<i64, QuestionError> {
    use crate::time::short_duration;
    if let (true, Ok(micros)) = (limits.contains(&value), i64::try_from(value.as_micros())) {
        return Ok(micros);
    }
    let hint =
        format!("choose a duration from {} to {}", short_duration(*limits.start()), short_duration(*limits.end()));
    Err(QuestionError::new(param, format!("is {}", short_duration(value)), hint))
}

#[cfg(test)]
mod tests;
