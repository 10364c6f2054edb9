//! How users spread over devices, systems, browsers and countries.

use super::{QuestionError, Scope, percentage_sql};
use crate::suggest;

/// What users can be spread over.
pub const DIMENSIONS: [&str; 4] = ["device_type", "os", "browser", "country"];

/// Rows of an answer: more countries than there are.
pub const NAMES_MAX: usize = 1_000;

/// Users by device, system, browser or country.
///
/// Rows: `name` (`unknown` where the event does not tell), `users`, `events`, `percentage`, most users first. Users are
/// distinct `user_id`s. The percentage is of the users of all names, so that the column adds up to 100; a user with two
/// devices counts in both.
#[derive(Debug, Clone)]
pub struct Distribution {
    scope: Scope,
    by: &'static str,
}

impl Distribution {
    /// Returns the question.
    ///
    /// # Errors
    /// When `by` is not one of [`DIMENSIONS`].
    pub fn new(scope: Scope, by: &str) -> Result<Self, QuestionError> {
        match DIMENSIONS.into_iter().find(|&dimension| dimension == by) {
            Some(by) => Ok(Self { scope, by }),
            None => {
                let hint = match suggest::nearest(by, DIMENSIONS) {
                    Some(meant) => format!("did you mean {meant:?}?"),
                    None => format!("choose one of {}", DIMENSIONS.join(", ")),
                };
                Err(QuestionError::new("by", format!("is {by:?}"), hint))
            }
        }
    }

    /// Returns the question as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let (by, condition) = (self.by, self.scope.condition());
        let percentage = percentage_sql("users", "sum(users) OVER ()");
        format!(
            "WITH counted AS (
  SELECT coalesce({by}, 'unknown') AS name, count(DISTINCT user_id) AS users, count(*) AS events
  FROM events WHERE {condition}
  GROUP BY 1
)
SELECT name, users, events, {percentage} AS percentage
FROM counted ORDER BY users DESC, events DESC, name LIMIT {NAMES_MAX}"
        )
    }
}
