//! Parameters of the common questions, as text: the server checks each and names the wrong one.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// Parameters of `event-trends`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TrendsParams {
    /// Hours back from now, 24 when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone of days and weeks, `Europe/Oslo`; UTC when absent.
    pub tz: Option<String>,
    /// Width of a bucket: `60m` (default), `1h`, `1d`, `1w`, `hourly`, `daily`, `weekly`.
    pub interval: Option<String>,
    /// Column to split by, `type` when absent.
    pub by: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `user-distribution`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DistributionParams {
    /// Hours back from now, 168 (7 days) when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone in which `since` and `until` are read; UTC when absent.
    pub tz: Option<String>,
    /// `device_type` (default), `os`, `browser` or `country`.
    pub by: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `top-sources`, `top-pages`, `top-users` and `event-types`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TopParams {
    /// Hours back from now, 168 (7 days) when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone in which `since` and `until` are read; UTC when absent.
    pub tz: Option<String>,
    /// Rows at most, 1 to 1,000; 10 when absent.
    pub limit: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `funnel`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FunnelParams {
    /// Event types, or filters, in order and comma separated, 2 to 10.
    pub steps: Option<String>,
    /// Time from the first step to the last, `24h` when absent.
    pub within: Option<String>,
    /// Hours back from now, 168 (7 days) when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone in which `since` and `until` are read; UTC when absent.
    pub tz: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `retention`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RetentionParams {
    /// `day` (default) or `week`.
    pub period: Option<String>,
    /// Hours back from now, 720 (30 days) when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone of days and weeks; UTC when absent.
    pub tz: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `sessions`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionsParams {
    /// Silence that ends a session, `30m` when absent.
    pub gap: Option<String>,
    /// Hours back from now, 24 when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone in which `since` and `until` are read; UTC when absent.
    pub tz: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `paths`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PathsParams {
    /// Steps of a path, 1 to 20; 5 when absent.
    pub depth: Option<String>,
    /// What a step is: `type` (default) or `page`.
    pub of: Option<String>,
    /// Silence that ends a session, `30m` when absent.
    pub gap: Option<String>,
    /// Rows at most, 1 to 1,000; 20 when absent.
    pub limit: Option<String>,
    /// Hours back from now, 168 (7 days) when neither this nor `since` is given.
    pub hours: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`.
    pub since: Option<String>,
    /// End of the time range, now when absent.
    pub until: Option<String>,
    /// Time zone in which `since` and `until` are read; UTC when absent.
    pub tz: Option<String>,
    /// Only these events: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `GET /api/v1/events`: newest first, one page at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsParams {
    /// Rows of a page, 1 to 1,000; 50 when absent.
    pub limit: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Start of the time range: RFC 3339, `2h`, `yesterday`; the first event when absent.
    pub since: Option<String>,
    /// End of the time range; the last event when absent.
    pub until: Option<String>,
    /// Time zone in which `since` and `until` are read; UTC when absent.
    pub tz: Option<String>,
    /// Only these: a SQL boolean expression or `k=v` words.
    pub filter: Option<String>,
}

/// Parameters of `GET /api/v1/rejected`: newest first, one page at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RejectedParams {
    /// Rows of a page, 1 to 1,000; 50 when absent.
    pub limit: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Only rejections of this error code.
    pub code: Option<String>,
}
