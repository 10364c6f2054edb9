//! Questions about what users do over time: funnels, retention, sessions, paths.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use streamflow_core::question::{
    Cohort, DEPTH_DEFAULT, DEPTH_MAX, Funnel, GAP_DEFAULT, LIMIT_MAX, PathOf, Paths, Period, Retention, Sessions,
    WITHIN_DEFAULT,
};

use crate::api::Success;
use crate::api::analytics::{
    FunnelParams, FunnelStep, PathCount, PathsParams, RetentionCohort, RetentionParams, RetentionPeriod,
    SessionSummary, SessionsParams,
};
use crate::api::error::ErrorBody;
use crate::server::analytics::rows::{first, rows};
use crate::server::analytics::scope::{Asked, duration, words, wrong_question};
use crate::server::answer;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, choice, number};

/// Range of funnels and paths when nobody says which: 7 days.
const WEEK_HOURS: u64 = 7 * 24;
/// Range of retention when nobody says which: 30 days.
const MONTH_HOURS: u64 = 30 * 24;
/// Range of sessions when nobody says which.
const DAY_HOURS: u64 = 24;
/// Paths of an answer when nobody says how many.
const PATHS_DEFAULT: u64 = 20;

/// Count the users who take a list of steps in order.
///
/// Each step is an event type, or a filter such as `type=web.click page=/cart`. A user counts once.
#[utoipa::path(
    get, path = "/api/v1/analytics/funnel", tag = "analytics", params(FunnelParams),
    responses(
        (status = 200, description = "One row a step, in order", body = Success<Vec<FunnelStep>>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn funnel(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<FunnelParams>,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), WEEK_HOURS, Timestamp::now())?;
    let within = duration("within", parameters.within.as_deref(), WITHIN_DEFAULT)?;
    let steps: Vec<&str> = parameters.steps.as_deref().unwrap_or_default().split(',').map(str::trim).collect();
    let question = Funnel::new(asked.scope, steps, within).map_err(wrong_question)?;
    Ok(answer::json(&Success::new(rows::<FunnelStep>(&app, question.sql()).await?)))
}

/// Count the users who come back, by when they first came.
#[utoipa::path(
    get, path = "/api/v1/analytics/retention", tag = "analytics", params(RetentionParams),
    responses(
        (status = 200, description = "One row a cohort that has users, in order of time", body = Success<Vec<RetentionCohort>>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn retention(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<RetentionParams>,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), MONTH_HOURS, Timestamp::now())?;
    let period = match choice("period", parameters.period.as_deref(), &["day", "week"])? {
        "week" => Period::Week,
        _ => Period::Day,
    };
    let question = Retention::new(asked.scope, period, asked.zone).map_err(wrong_question)?;
    let cells: Vec<Cell> = rows(&app, question.sql()).await?;
    let matrix = question.matrix(cells.iter().map(|cell| (cell.cohort.as_str(), cell.period, cell.users)));
    Ok(answer::json(&Success::new(matrix.iter().map(cohort).collect::<Vec<_>>())))
}

/// A row of [`Retention`].
#[derive(Debug, Deserialize)]
struct Cell {
    cohort: String,
    period: i64,
    users: i64,
}

fn cohort(line: &Cohort) -> RetentionCohort {
    let period = |(period, users): (u64, &i64)| RetentionPeriod {
        period,
        users: count(*users),
        percentage: percentage(*users, line.users),
    };
    RetentionCohort {
        cohort: line.cohort.to_string(),
        users: count(line.users),
        periods: (0..).zip(&line.retained).map(period).collect(),
    }
}

/// Returns a share in percent with two decimals, 0 of nothing.
fn percentage(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 * 10_000.0 / whole as f64).round() / 100.0 }
}

/// Measure how long people stay.
#[utoipa::path(
    get, path = "/api/v1/analytics/sessions", tag = "analytics", params(SessionsParams),
    responses(
        (status = 200, description = "Sessions in total", body = Success<SessionSummary>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn sessions(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<SessionsParams>,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), DAY_HOURS, Timestamp::now())?;
    let gap = duration("gap", parameters.gap.as_deref(), GAP_DEFAULT)?;
    let question = Sessions::new(asked.scope, gap).map_err(wrong_question)?;
    let summary = rows::<SessionSummary>(&app, question.sql()).await?.into_iter().next();
    let summary = summary.ok_or_else(|| ApiError::internal("sessions have no total", &"no row"))?;
    Ok(answer::json(&Success::new(summary)))
}

/// SQL counts with a sign.
fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}

/// List the ways that sessions begin.
///
/// The header `streamflow-truncated` is `true` when there are more than `limit`.
#[utoipa::path(
    get, path = "/api/v1/analytics/paths", tag = "analytics", params(PathsParams),
    responses(
        (status = 200, description = "Most sessions first", body = Success<Vec<PathCount>>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn paths(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<PathsParams>,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), WEEK_HOURS, Timestamp::now())?;
    let gap = duration("gap", parameters.gap.as_deref(), GAP_DEFAULT)?;
    let of = match choice("of", parameters.of.as_deref(), &["type", "page"])? {
        "page" => PathOf::Pages,
        _ => PathOf::Types,
    };
    let depth = size("depth", parameters.depth.as_deref(), DEPTH_DEFAULT as u64, DEPTH_MAX)?;
    let limit = size("limit", parameters.limit.as_deref(), PATHS_DEFAULT, LIMIT_MAX)?;
    let sessions = Sessions::new(asked.scope, gap).map_err(wrong_question)?;
    let question = Paths::new(sessions, of, depth, limit).map_err(wrong_question)?.with_one_more();
    Ok(first(limit, rows::<PathCount>(&app, question.sql()).await?))
}

fn size(name: &str, text: Option<&str>, default: u64, most: usize) -> Result<usize, ApiError> {
    Ok(usize::try_from(number(name, text, default, 1..=most as u64)?).unwrap_or(most))
}
