//! How long people stay: events of one person with no longer gap than so much between them are a session.

use std::time::Duration;

use super::{MICROS, QuestionError, Scope, micros_within, within};

/// The gap that ends a session when nobody says how long, as everywhere on the web.
pub const GAP_DEFAULT: Duration = Duration::from_secs(30 * 60);

const GAP_MAX: Duration = Duration::from_secs(7 * 86_400);
const USERS_MAX: usize = 10_000;

/// Sessions in total.
///
/// Rows, exactly one: `sessions`, `users`, `events`, `avg_seconds`, `median_seconds`, `avg_events`, `single_event_sessions`.
/// A person is a `user_id`, or for events without one a `session_id`; events with neither belong to no session. A session
/// lasts from its first event to its last. One that began before the range counts from its first event inside.
#[derive(Debug, Clone)]
pub struct Sessions {
    scope: Scope,
    gap_micros: i64,
}

impl Sessions {
    /// Returns the question.
    ///
    /// # Errors
    /// When `gap` is less than a second or more than a week.
    pub fn new(scope: Scope, gap: Duration) -> Result<Self, QuestionError> {
        Ok(Self { scope, gap_micros: micros_within("gap", gap, Duration::from_secs(1)..=GAP_MAX)? })
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        format!(
            "{},
{SESSIONS}
SELECT count(*) AS sessions, count(DISTINCT who) AS users, coalesce(sum(events), 0) AS events,
  coalesce(round(avg(seconds), 3), 0.0) AS avg_seconds, coalesce(median(seconds), 0.0) AS median_seconds,
  coalesce(round(avg(events), 2), 0.0) AS avg_events,
  count(*) FILTER (WHERE events = 1) AS single_event_sessions
FROM sessions",
            self.numbered_sql("")
        )
    }

    /// Returns the WITH clause whose last table, `numbered`, has the events in scope with the person `who`, their
    /// session's number `session`, the time `t` in microseconds, `_partition`, `_offset` and the `extra` columns.
    pub(super) fn numbered_sql(&self, extra: &str) -> String {
        let (gap, condition) = (self.gap_micros, self.scope.condition());
        format!(
            "WITH visits AS (
  SELECT coalesce(user_id, session_id) AS who, {MICROS} AS t, _partition, _offset{extra}
  FROM events WHERE {condition} AND coalesce(user_id, session_id) IS NOT NULL
), marked AS (
  SELECT *, CASE WHEN t - lag(t) OVER (PARTITION BY who ORDER BY t, _partition, _offset) <= {gap} THEN 0 ELSE 1 END AS begins
  FROM visits
), numbered AS (
  SELECT *, sum(begins) OVER (
    PARTITION BY who ORDER BY t, _partition, _offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS session FROM marked
)"
        )
    }
}

/// One row a session.
const SESSIONS: &str = "sessions AS (
  SELECT who, session, count(*) AS events, max(t) AS ended, CAST(max(t) - min(t) AS DOUBLE) / 1000000.0 AS seconds
  FROM numbered GROUP BY who, session
)";

/// Sessions by person.
///
/// Rows: `user_id` (the `session_id` of somebody without one), `sessions`, `events`, `avg_seconds`, `median_seconds`,
/// `last_seen`, most sessions first.
#[derive(Debug, Clone)]
pub struct SessionUsers {
    sessions: Sessions,
    limit: usize,
}

impl SessionUsers {
    /// Returns the question.
    ///
    /// # Errors
    /// When `limit` is out of its limits.
    pub fn new(sessions: Sessions, limit: usize) -> Result<Self, QuestionError> {
        Ok(Self { sessions, limit: within("limit", limit, 1..=USERS_MAX)? })
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let limit = self.limit;
        format!(
            "{},
{SESSIONS}
SELECT who AS user_id, count(*) AS sessions, sum(events) AS events, round(avg(seconds), 3) AS avg_seconds,
  median(seconds) AS median_seconds, {} AS last_seen
FROM sessions GROUP BY who ORDER BY sessions DESC, events DESC, user_id LIMIT {limit}",
            self.sessions.numbered_sql(""),
            super::time_sql("max(ended)"),
        )
    }
}
