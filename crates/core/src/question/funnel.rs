//! How many users go through a list of steps, in order and in time.

use std::fmt::Write as _;
use std::time::Duration;

use super::{MICROS, QuestionError, Scope, micros_within, percentage_sql, within};
use crate::filter;

/// Steps of a funnel: each costs a pass over the sorted events, and no funnel that helps anybody has more.
pub const STEPS_MAX: usize = 10;
/// The time to finish when nobody says how long.
pub const WITHIN_DEFAULT: Duration = Duration::from_secs(86_400);

const WITHIN_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Users by the furthest step that they reached.
///
/// Rows: `step` as it was written, `users` who reached it, `conversion` as a percentage of the first step's users,
/// `median_seconds` from the first step to this one; one row a step, in order, also when there are no events.
///
/// A user reaches step n when there are n different events of theirs, in time order, that match the steps one after
/// another, the last at most `within` after the first. Other events may lie between them. Every event that matches step
/// one is tried as the start, so that a user who gives up and comes back a week later still counts (ClickHouse's
/// `windowFunnel` decides alike). Events of the same microsecond are ordered as they were stored. The time to a step is
/// that of the user's fastest way there; the median is over users.
#[derive(Debug, Clone)]
pub struct Funnel {
    scope: Scope,
    steps: Vec<Step>,
    within_micros: i64,
}

#[derive(Debug, Clone)]
struct Step {
    text: String,
    condition: String,
}

impl Funnel {
    /// Returns the question. A step is an event type, or a filter such as `type=web.click page=/cart`.
    ///
    /// # Errors
    /// When there are too few or too many steps, a step is empty or no filter, or `within` is out of its limits.
    pub fn new<'a>(
        scope: Scope,
        steps: impl IntoIterator<Item = &'a str>,
        within_time: Duration,
    ) -> Result<Self, QuestionError> {
        let steps = steps.into_iter().map(step).collect::<Result<Vec<_>, _>>()?;
        within("steps", steps.len(), 2..=STEPS_MAX)
            .map_err(|error| QuestionError { fault: format!("has {} of them", steps.len()), ..error })?;
        let within_micros = micros_within("within", within_time, Duration::from_micros(1)..=WITHIN_MAX)?;
        Ok(Self { scope, steps, within_micros })
    }

    /// Returns the question as SQL.
    ///
    /// For each event that reaches step n the SQL carries `s`n, the latest start from which it can be reached: the latest
    /// start leaves the most time, so that no other one needs to be kept. It is the largest `s` of the step before among
    /// the user's earlier events, if that is no longer than `within` ago.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut sql = self.matching_sql();
        for level in 2..=self.steps.len() {
            self.add_level(&mut sql, level);
        }
        self.add_answer(&mut sql);
        sql
    }

    /// Returns the events that match any step, each with a column that tells which.
    fn matching_sql(&self) -> String {
        let mut sql = format!("WITH matching AS (\n  SELECT user_id, {MICROS} AS t, _partition, _offset");
        for (step, level) in self.steps.iter().zip(1..) {
            push(&mut sql, format_args!(",\n    ({}\n    ) AS m{level}", step.condition));
        }
        push(&mut sql, format_args!("\n  FROM events WHERE {} AND user_id IS NOT NULL\n)", self.scope.condition()));
        let any: Vec<String> = (1..=self.steps.len()).map(|level| format!("m{level}")).collect();
        push(
            &mut sql,
            format_args!(
                ", level1 AS (\n  SELECT *, CASE WHEN m1 THEN t END AS s1 FROM matching WHERE {}\n)",
                any.join(" OR ")
            ),
        );
        sql
    }

    fn add_level(&self, sql: &mut String, level: usize) {
        let (before, within) = (level - 1, self.within_micros);
        push(
            sql,
            format_args!(
                ", earlier{level} AS (
  SELECT *, max(s{before}) OVER (
    PARTITION BY user_id ORDER BY t, _partition, _offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ) AS e{level} FROM level{before}
), level{level} AS (
  SELECT *, CASE WHEN m{level} AND t - e{level} <= {within} THEN e{level} END AS s{level} FROM earlier{level}
)"
            ),
        );
    }

    fn add_answer(&self, sql: &mut String) {
        let count = self.steps.len();
        let columns = |form: &dyn Fn(usize) -> String| (1..=count).map(form).collect::<Vec<_>>().join(", ");
        let fastest = columns(&|n| format!("min(t - s{n}) AS d{n}"));
        let totals = columns(&|n| format!("count(d{n}) AS n{n}, median(CAST(d{n} AS DOUBLE)) AS q{n}"));
        let rows = (1..).zip(&self.steps).map(|(n, step)| format!("({n}, {})", filter::text_sql(&step.text)));
        let rows = rows.collect::<Vec<_>>().join(", ");
        let chosen = |name: char| {
            let cases = (1..=count).map(|n| format!(" WHEN {n} THEN {name}{n}")).collect::<String>();
            format!("CASE position{cases} END")
        };
        let (users, median) = (chosen('n'), chosen('q'));
        let conversion = percentage_sql(&format!("({users})"), "n1");
        push(
            sql,
            format_args!(
                ", fastest AS (
  SELECT user_id, {fastest} FROM level{count} GROUP BY user_id
), totals AS (
  SELECT {totals} FROM fastest
)
SELECT step, {users} AS users, {conversion} AS conversion, {median} / 1000000.0 AS median_seconds
FROM totals CROSS JOIN (VALUES {rows}) AS steps(position, step)
ORDER BY position"
            ),
        );
    }
}

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = sql.write_fmt(text);
}

/// Reads a step: a bare word is an event type, anything else a filter.
fn step(text: &str) -> Result<Step, QuestionError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(QuestionError::new("steps", "has an empty step", "write steps as web.pageview,web.click"));
    }
    let bare = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/');
    let condition = if text.chars().all(bare) {
        format!("\"type\" = {}", filter::text_sql(text))
    } else {
        filter::to_sql(text).map_err(|error| QuestionError { param: "steps", ..QuestionError::from(error) })?
    };
    Ok(Step { text: text.to_owned(), condition })
}
