//! Which sources, pages, users and types have the most events.

use super::{QuestionError, Scope, within};

/// Rows when nobody says how many.
pub const LIMIT_DEFAULT: usize = 10;
/// The most rows: a longer list is a query.
pub const LIMIT_MAX: usize = 1_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Sources,
    Pages,
    Users,
    EventTypes,
}

impl Subject {
    /// All subjects.
    pub const ALL: [Self; 4] = [Self::Sources, Self::Pages, Self::Users, Self::EventTypes];

    /// Returns the name of the first column of the answer.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Sources => "source",
            Self::Pages => "page",
            Self::Users => "user_id",
            Self::EventTypes => "type",
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Sources => r#""source""#,
            Self::Pages => r#"data."page""#,
            Self::Users => r#""user_id""#,
            Self::EventTypes => r#""type""#,
        }
    }
}

/// The most frequent values of one column.
///
/// Rows: the subject's column, `event_count`, `unique_users`, `last_seen`, most events first. Events without the value are
/// left out.
#[derive(Debug, Clone)]
pub struct Top {
    scope: Scope,
    subject: Subject,
    limit: usize,
}

impl Top {
    /// Returns the question.
    ///
    /// # Errors
    /// When `limit` is 0 or more than [`LIMIT_MAX`].
    pub fn new(scope: Scope, subject: Subject, limit: usize) -> Result<Self, QuestionError> {
        Ok(Self { scope, subject, limit: within("limit", limit, 1..=LIMIT_MAX)? })
    }

    /// Returns the question for one row more, which tells whether there are more than were asked for.
    #[must_use]
    pub fn with_one_more(self) -> Self {
        Self { limit: self.limit + 1, ..self }
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let (column, value, limit) = (self.subject.column(), self.subject.sql(), self.limit);
        let condition = self.scope.condition();
        format!(
            "SELECT {value} AS \"{column}\", count(*) AS event_count, count(DISTINCT user_id) AS unique_users,
  max(\"timestamp\") AS last_seen
FROM events WHERE {condition} AND {value} IS NOT NULL
GROUP BY {value} ORDER BY event_count DESC, 1 LIMIT {limit}"
        )
    }
}
