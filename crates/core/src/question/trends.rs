//! How many events there were over time, in total and by type.

use jiff::Timestamp;

use super::bucket::{Interval, Zone, start_sql, starts};
use super::{QuestionError, Scope, time_sql};
use crate::filter;

/// Series of an answer; the smaller ones are added up as [`OTHER`]. No chart tells more colours apart, and no answer
/// grows with the number of types that somebody makes up.
pub const SERIES_MAX: usize = 50;

/// The series of all that is left.
pub const OTHER: &str = "other";

/// Events per bucket of time.
///
/// Rows: `timestamp` (the bucket's start), `name`, `events`, in order of time and then of events. Buckets without events
/// have no row; [`Trends::fill`] adds them.
#[derive(Debug, Clone)]
pub struct Trends {
    scope: Scope,
    interval: Interval,
    zone: Zone,
    by: String,
    starts: Vec<Timestamp>,
}

/// One bucket of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub timestamp: Timestamp,
    pub total: i64,
    /// Series with at least one event, most events first.
    pub types: Vec<(String, i64)>,
}

impl Trends {
    /// Returns the question. `by` is a column or a path inside `data`.
    ///
    /// # Errors
    /// When the interval makes too many buckets, or `by` is no column.
    pub fn new(scope: Scope, interval: Interval, by: &str, zone: Zone) -> Result<Self, QuestionError> {
        let starts = starts(scope.range(), interval, &zone)?;
        let by = filter::column_sql(by).map_err(|error| QuestionError {
            param: "by",
            code: "invalid_parameter",
            ..QuestionError::from(error)
        })?;
        Ok(Self { scope, interval, zone, by, starts })
    }

    /// Returns where each bucket begins.
    #[must_use]
    pub fn starts(&self) -> &[Timestamp] {
        &self.starts
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let bucket = start_sql(&self.starts, self.interval, &self.zone);
        let (by, condition) = (&self.by, self.scope.condition());
        let start = time_sql("bucket");
        format!(
            "WITH counted AS (
  SELECT {bucket} AS bucket, coalesce(CAST({by} AS VARCHAR), 'unknown') AS name, count(*) AS events
  FROM events WHERE {condition}
  GROUP BY 1, 2
), weighed AS (
  SELECT bucket, name, events, sum(events) OVER (PARTITION BY name) AS weight FROM counted
), placed AS (
  SELECT bucket, name, events, dense_rank() OVER (ORDER BY weight DESC, name) AS place FROM weighed
), kept AS (
  SELECT bucket, CASE WHEN place <= {SERIES_MAX} THEN name ELSE '{OTHER}' END AS name, events FROM placed
)
SELECT {start} AS \"timestamp\", name, sum(events) AS events
FROM kept GROUP BY bucket, name
ORDER BY bucket, events DESC, name"
        )
    }

    /// Returns one bucket for each interval of the range from the rows `(timestamp in microseconds, name, events)`.
    #[must_use]
    pub fn fill(&self, rows: impl IntoIterator<Item = (i64, String, i64)>) -> Vec<Bucket> {
        let empty = |&timestamp: &Timestamp| Bucket { timestamp, total: 0, types: Vec::new() };
        let mut buckets: Vec<Bucket> = self.starts.iter().map(empty).collect();
        for (micros, name, events) in rows {
            let after = self.starts.partition_point(|start| start.as_microsecond() <= micros);
            // A row from outside the range would be a bug of the engine; it is counted where it is nearest.
            if let Some(bucket) = buckets.get_mut(after.saturating_sub(1)) {
                bucket.total += events;
                bucket.types.push((name, events));
            }
        }
        buckets
    }
}
