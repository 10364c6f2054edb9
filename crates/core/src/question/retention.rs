//! How many users come back, by the day or week in which they were first seen.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};

use super::bucket::Zone;
use super::{QuestionError, Scope};

/// Periods of a range: the matrix has half their square of cells.
pub const PERIODS_MAX: i64 = 400;

/// How long a cohort gathers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    #[default]
    Day,
    /// From Monday.
    Week,
}

/// Users by the period in which they were first seen, and by the periods in which they were seen again.
///
/// Rows: `cohort` (its first date, as text), `period` (0 is the cohort's own), `users`, in this order; a cell that nobody
/// is in has no row. First seen means first inside the range.
#[derive(Debug, Clone)]
pub struct Retention {
    scope: Scope,
    period: Period,
    zone: Zone,
    first: i64,
    last: i64,
}

/// One line of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The first date of the period.
    pub cohort: Date,
    /// Users who were first seen in it.
    pub users: i64,
    /// Of them, those seen in each period from it to the range's end; the first is all of them.
    pub retained: Vec<i64>,
}

impl Retention {
    /// Returns the question.
    ///
    /// # Errors
    /// When the range has more than [`PERIODS_MAX`] periods.
    pub fn new(scope: Scope, period: Period, zone: Zone) -> Result<Self, QuestionError> {
        let index = |moment: Timestamp| period.index(zone.date(moment));
        let range = scope.range();
        let end = range.until().checked_sub(std::time::Duration::from_nanos(1)).unwrap_or(range.until());
        let (first, last) = (index(range.since()), index(end));
        if last - first >= PERIODS_MAX {
            let fault = format!("makes more than {PERIODS_MAX} cohorts of this range");
            return Err(QuestionError::new("period", fault, "choose weeks or a shorter range"));
        }
        Ok(Self { scope, period, zone, first, last })
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let days = format!("CAST(CAST({} AS DATE) AS INT)", self.zone.local_sql());
        let (index, first_day) = match self.period {
            Period::Day => (days, "first".to_owned()),
            Period::Week => (format!("({days} + {TO_MONDAY}) / 7"), format!("first * 7 - {TO_MONDAY}")),
        };
        let condition = self.scope.condition();
        format!(
            "WITH seen AS (
  SELECT DISTINCT user_id, {index} AS period FROM events WHERE {condition} AND user_id IS NOT NULL
), gathered AS (
  SELECT user_id, period, min(period) OVER (PARTITION BY user_id) AS first FROM seen
)
SELECT CAST(CAST(CAST({first_day} AS INT) AS DATE) AS VARCHAR) AS cohort, period - first AS period, count(*) AS users
FROM gathered GROUP BY first, period ORDER BY cohort, period"
        )
    }

    /// Returns the matrix from the rows `(cohort, period, users)`: one line for each period of the range in which somebody
    /// was new, since a line of zeros tells nothing. A row that is outside the range is left out.
    #[must_use]
    pub fn matrix<'a>(&self, rows: impl IntoIterator<Item = (&'a str, i64, i64)>) -> Vec<Cohort> {
        let cohorts = (self.first..=self.last).filter_map(|index| {
            let retained = vec![0; usize::try_from(self.last - index + 1).ok()?];
            Some(Cohort { cohort: self.period.first_date(index)?, users: 0, retained })
        });
        let mut cohorts: Vec<Cohort> = cohorts.collect();
        for (cohort, period, users) in rows {
            let line = cohort.parse().ok().map(|date| self.period.index(date) - self.first);
            let line = line.and_then(|line| cohorts.get_mut(usize::try_from(line).ok()?));
            let Some(line) = line else { continue };
            if period == 0 {
                line.users = users;
            }
            if let Some(cell) = usize::try_from(period).ok().and_then(|period| line.retained.get_mut(period)) {
                *cell = users;
            }
        }
        cohorts.retain(|line| line.retained.iter().any(|users| *users > 0));
        cohorts
    }
}

/// Days from the Monday before 1970-01-01, a Thursday, to that day.
const TO_MONDAY: i64 = 3;

impl Period {
    /// Returns which period since 1970 a date is in.
    fn index(self, date: Date) -> i64 {
        let days = days_since_1970(date);
        match self {
            Self::Day => days,
            Self::Week => (days + TO_MONDAY).div_euclid(7),
        }
    }

    fn first_date(self, index: i64) -> Option<Date> {
        let days = match self {
            Self::Day => index,
            Self::Week => index * 7 - TO_MONDAY,
        };
        let date = EPOCH.checked_add(std::time::Duration::from_secs(u64::try_from(days).ok()? * 86_400)).ok()?;
        debug_assert!(self == Self::Day || date.weekday() == Weekday::Monday);
        Some(date)
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn days_since_1970(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}
