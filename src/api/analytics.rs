//! Parameters and answers of the common questions.

mod params;

pub use params::{
    DistributionParams, EventsParams, FunnelParams, PathsParams, RejectedParams, RetentionParams, SessionsParams,
    TopParams, TrendsParams,
};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Events in one interval of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrendBucket {
    /// Start of the interval, RFC 3339.
    pub timestamp: String,
    pub total: u64,
    /// Events by the values of `by=`.
    pub types: BTreeMap<String, u64>,
}

/// Users and events that share a device type, operating system, browser or country.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserShare {
    pub name: String,
    pub users: u64,
    pub events: u64,
    /// Share of all users, 0 to 100.
    pub percentage: f64,
}

/// A source and how much came from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopSource {
    pub source: String,
    pub event_count: u64,
    pub unique_users: u64,
    /// Event time of its newest event, RFC 3339.
    pub last_seen: String,
}

/// A page (`data.page`) and how much happened on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopPage {
    pub page: String,
    pub event_count: u64,
    pub unique_users: u64,
    /// Event time of its newest event, RFC 3339.
    pub last_seen: String,
}

/// A user and how much they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopUser {
    pub user_id: String,
    pub event_count: u64,
    /// Always 1; here so that all top lists have the same columns.
    pub unique_users: u64,
    /// Event time of their newest event, RFC 3339.
    pub last_seen: String,
}

/// An event type and how often it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeCount {
    #[serde(rename = "type")]
    pub event_type: String,
    pub event_count: u64,
    pub unique_users: u64,
    /// Event time of its newest event, RFC 3339.
    pub last_seen: String,
}

/// One step of a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FunnelStep {
    pub step: String,
    /// Users who reached this step, having done the earlier ones in order.
    pub users: u64,
    /// Share of the first step's users, 0 to 100.
    pub conversion: f64,
    /// Median time from the first step to this one; absent when nobody reached it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_seconds: Option<f64>,
}

/// Users whose first day (or week) is the same, and how many came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RetentionCohort {
    /// First date of the cohort's period, `2026-11-23`.
    pub cohort: String,
    pub users: u64,
    pub periods: Vec<RetentionPeriod>,
}

/// Users of a cohort who were active in a later period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RetentionPeriod {
    /// Periods after the first one, from 0.
    pub period: u64,
    pub users: u64,
    /// Share of the cohort, 0 to 100.
    pub percentage: f64,
}

/// Sessions in total, a session ending when its user is silent for the gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionSummary {
    pub sessions: u64,
    pub users: u64,
    pub events: u64,
    pub avg_seconds: f64,
    pub median_seconds: f64,
    /// Events a session.
    pub avg_events: f64,
    pub single_event_sessions: u64,
}

/// A sequence of steps that sessions began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PathCount {
    /// Event types (or pages) in order.
    pub path: Vec<String>,
    pub sessions: u64,
    /// Share of all sessions, 0 to 100.
    pub percentage: f64,
}
