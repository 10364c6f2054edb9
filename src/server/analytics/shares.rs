//! Questions about events: how many over time, and which sources, pages, users, types and devices they come from.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use streamflow_core::event::COLUMNS;
use streamflow_core::question::{Bucket, Distribution, Interval, LIMIT_DEFAULT, LIMIT_MAX, Subject, Top, Trends};
use streamflow_core::suggest;
use streamflow_engine::query::{Query, UnseenPath};

use crate::api::Success;
use crate::api::analytics::{
    DistributionParams, TopPage, TopParams, TopSource, TopUser, TrendBucket, TrendsParams, TypeCount, UserShare,
};
use crate::api::error::ErrorBody;
use crate::server::analytics::rows::{first, of_answer, rows};
use crate::server::analytics::scope::{Asked, duration, words, wrong_question};
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, number};
use crate::server::{answer, query};

/// Range of trends when nobody says which.
const TRENDS_HOURS: u64 = 24;
/// Range of distributions and top lists when nobody says which: 7 days.
const SHARES_HOURS: u64 = 7 * 24;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Count events over time.
///
/// One bucket for each interval of the range, also where nothing happened.
#[utoipa::path(
    get, path = "/api/v1/analytics/event-trends", tag = "analytics", params(TrendsParams),
    responses(
        (status = 200, description = "Buckets in order of time", body = Success<Vec<TrendBucket>>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn event_trends(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<TrendsParams>,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), TRENDS_HOURS, Timestamp::now())?;
    let interval = interval(parameters.interval.as_deref())?;
    let by = parameters.by.as_deref().unwrap_or("type");
    let question = Trends::new(asked.scope, interval, by, asked.zone).map_err(wrong_question)?;
    let found = query::run(&app, Query { sql: question.sql(), ..Query::default() }).await?;
    let counted: Vec<Counted> = of_answer(&found)?;
    if !counted.is_empty() {
        refuse_unseen(by, &found.unseen)?;
    }
    let counted = counted.into_iter().map(Counted::placed).collect::<Result<Vec<_>, _>>();
    let counted = counted.map_err(|error| ApiError::internal("a bucket has no time", &error))?;
    let filled = question.fill(counted);
    let buckets: Vec<_> = filled.into_iter().map(|bucket| trend(bucket, &asked.time_zone)).collect();
    Ok(answer::json(&Success::new(buckets)))
}

/// A column that no event has would make one series out of all of them, as if that said something.
fn refuse_unseen(by: &str, unseen: &[UnseenPath]) -> Result<(), ApiError> {
    let path = if by.starts_with("data.") { by.to_owned() } else { format!("data.{by}") };
    let Some(unseen) = unseen.iter().find(|unseen| unseen.path == path) else { return Ok(()) };
    let error = ApiError::new("unknown_column", format!("by={by:?}: no event has this column"))
        .details(serde_json::json!({ "parameter": "by", "value": by }));
    let near = suggest::nearest(by, COLUMNS).map(str::to_owned).or_else(|| unseen.nearest.clone());
    Err(match near {
        Some(near) => error.hint(format!("did you mean {near:?}?")),
        None => error.hint("`DESCRIBE events` lists the columns; a path is written data.NAME"),
    })
}

/// A row of [`Trends`].
#[derive(Debug, Deserialize)]
struct Counted {
    timestamp: String,
    name: String,
    events: i64,
}

impl Counted {
    fn placed(self) -> Result<(i64, String, i64), jiff::Error> {
        let start: Timestamp = self.timestamp.parse()?;
        Ok((start.as_microsecond(), self.name, self.events))
    }
}

fn interval(text: Option<&str>) -> Result<Interval, ApiError> {
    let length = match text {
        Some("hourly") => HOUR,
        Some("daily") => DAY,
        Some("weekly") => WEEK,
        text => duration("interval", text, HOUR)?,
    };
    Interval::new(length).map_err(wrong_question)
}

fn trend(bucket: Bucket, zone: &TimeZone) -> TrendBucket {
    let count = |events: i64| u64::try_from(events).unwrap_or(0);
    TrendBucket {
        timestamp: shown(bucket.timestamp, zone),
        total: count(bucket.total),
        types: bucket.types.into_iter().map(|(name, events)| (name, count(events))).collect(),
    }
}

/// Returns a moment as RFC 3339, with the offset of the zone that was asked for.
fn shown(moment: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return moment.to_string();
    }
    moment.display_with_offset(zone.to_offset(moment)).to_string()
}

/// Spread users over devices, systems, browsers or countries.
#[utoipa::path(
    get, path = "/api/v1/analytics/user-distribution", tag = "analytics", params(DistributionParams),
    responses(
        (status = 200, description = "Most users first", body = Success<Vec<UserShare>>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn user_distribution(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<DistributionParams>,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), SHARES_HOURS, Timestamp::now())?;
    let by = parameters.by.as_deref().unwrap_or("device_type");
    let question = Distribution::new(asked.scope, by).map_err(wrong_question)?;
    Ok(answer::json(&Success::new(rows::<UserShare>(&app, question.sql()).await?)))
}

/// List the sources with the most events.
///
/// The header `streamflow-truncated` is `true` when there are more than `limit`.
#[utoipa::path(
    get, path = "/api/v1/analytics/top-sources", tag = "analytics", params(TopParams),
    responses((status = 200, description = "Most events first", body = Success<Vec<TopSource>>))
)]
pub(crate) async fn top_sources(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<TopParams>,
) -> Result<Response, ApiError> {
    top::<TopSource>(&app, Subject::Sources, parameters).await
}

/// List the pages (`data.page`) with the most events.
///
/// The header `streamflow-truncated` is `true` when there are more than `limit`.
#[utoipa::path(
    get, path = "/api/v1/analytics/top-pages", tag = "analytics", params(TopParams),
    responses((status = 200, description = "Most events first", body = Success<Vec<TopPage>>))
)]
pub(crate) async fn top_pages(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<TopParams>,
) -> Result<Response, ApiError> {
    top::<TopPage>(&app, Subject::Pages, parameters).await
}

/// List the users with the most events.
///
/// The header `streamflow-truncated` is `true` when there are more than `limit`.
#[utoipa::path(
    get, path = "/api/v1/analytics/top-users", tag = "analytics", params(TopParams),
    responses((status = 200, description = "Most events first", body = Success<Vec<TopUser>>))
)]
pub(crate) async fn top_users(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<TopParams>,
) -> Result<Response, ApiError> {
    top::<TopUser>(&app, Subject::Users, parameters).await
}

/// List the event types with the most events.
///
/// The header `streamflow-truncated` is `true` when there are more than `limit`.
#[utoipa::path(
    get, path = "/api/v1/analytics/event-types", tag = "analytics", params(TopParams),
    responses((status = 200, description = "Most events first", body = Success<Vec<TypeCount>>))
)]
pub(crate) async fn event_types(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<TopParams>,
) -> Result<Response, ApiError> {
    top::<TypeCount>(&app, Subject::EventTypes, parameters).await
}

async fn top<T: DeserializeOwned + Serialize>(
    app: &App,
    subject: Subject,
    parameters: TopParams,
) -> Result<Response, ApiError> {
    let asked = Asked::read(words!(parameters), SHARES_HOURS, Timestamp::now())?;
    let limit = number("limit", parameters.limit.as_deref(), LIMIT_DEFAULT as u64, 1..=LIMIT_MAX as u64)?;
    let limit = usize::try_from(limit).unwrap_or(LIMIT_MAX);
    let question = Top::new(asked.scope, subject, limit).map_err(wrong_question)?.with_one_more();
    Ok(first(limit, rows::<T>(app, question.sql()).await?))
}
