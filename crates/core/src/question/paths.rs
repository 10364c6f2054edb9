//! Which ways people take: the first steps of their sessions, and how many sessions begin like that.

use super::{QuestionError, Sessions, percentage_sql, within};

/// Steps of a path when nobody says how many.
pub const DEPTH_DEFAULT: usize = 5;
/// The most steps: longer ways are nearly all different.
pub const DEPTH_MAX: usize = 20;

const PATHS_MAX: usize = 1_000;

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathOf {
    /// The event's type.
    #[default]
    Types,
    /// `data.page`; events without a page are no step.
    Pages,
}

/// The most common first steps of sessions.
///
/// Rows: `path` (a list), `sessions`, `percentage` of all sessions with at least one step, most sessions first. The same
/// step twice in a row counts once; a session with fewer steps than asked for is a shorter path.
#[derive(Debug, Clone)]
pub struct Paths {
    sessions: Sessions,
    of: PathOf,
    depth: usize,
    limit: usize,
}

impl Paths {
    /// Returns the question.
    ///
    /// # Errors
    /// When `depth` or `limit` is out of its limits.
    pub fn new(sessions: Sessions, of: PathOf, depth: usize, limit: usize) -> Result<Self, QuestionError> {
        let depth = within("depth", depth, 1..=DEPTH_MAX)?;
        Ok(Self { sessions, of, depth, limit: within("limit", limit, 1..=PATHS_MAX)? })
    }

    /// Returns the question for one row more, which tells whether there are more than were asked for.
    #[must_use]
    pub fn with_one_more(self) -> Self {
        Self { limit: self.limit + 1, ..self }
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let step = match self.of {
            PathOf::Types => ", \"type\" AS step",
            PathOf::Pages => ", data.\"page\" AS step",
        };
        let (depth, limit) = (self.depth, self.limit);
        let percentage = percentage_sql("sessions", "sum(sessions) OVER ()");
        format!(
            "{}, compared AS (
  SELECT who, session, t, _partition, _offset, step,
    lag(step) OVER (PARTITION BY who, session ORDER BY t, _partition, _offset) AS before
  FROM numbered WHERE step IS NOT NULL
), counted AS (
  SELECT who, session, step, row_number() OVER (PARTITION BY who, session ORDER BY t, _partition, _offset) AS place
  FROM compared WHERE before IS NULL OR before <> step
), paths AS (
  SELECT who, session, array_agg(step ORDER BY place) AS path FROM counted WHERE place <= {depth} GROUP BY who, session
), tallied AS (
  SELECT path, count(*) AS sessions FROM paths GROUP BY path
)
SELECT path, sessions, {percentage} AS percentage FROM tallied ORDER BY sessions DESC, path LIMIT {limit}",
            self.sessions.numbered_sql(step)
        )
    }
}
