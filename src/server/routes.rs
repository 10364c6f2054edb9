//! Every route of the server: which role has it and what answers it. `openapi.json` says the same, and a test compares.

mod finish;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Router, middleware};
use http::Method;

use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::options::Role;
use crate::server::{analytics, ingestion, live, openapi, probes, query, schemas, storage};

/// One method of one path.
pub(crate) struct Route {
    pub(crate) role: RoleSet,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    answer: MethodRouter<Arc<App>>,
    built: Built,
}

/// Whether a documented route does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Built {
    Yes,
    /// It answers 501.
    NotYet,
}

impl Route {
    pub(crate) fn is_built(&self) -> bool {
        self.built == Built::Yes
    }
}

/// Which ports have a route; the gateway has all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleSet {
    /// Every port.
    All,
    /// The port of this role.
    One(Role),
}

impl RoleSet {
    fn has(self, role: Role) -> bool {
        role == Role::Gateway || self == Self::All || self == Self::One(role)
    }
}

const EVERY: RoleSet = RoleSet::All;
const INGESTION: RoleSet = RoleSet::One(Role::Ingestion);
const ANALYTICS: RoleSet = RoleSet::One(Role::Analytics);
const ALERTING: RoleSet = RoleSet::One(Role::Alerting);
const STORAGE: RoleSet = RoleSet::One(Role::Storage);
const GATEWAY: RoleSet = RoleSet::One(Role::Gateway);

/// Returns all routes.
pub(crate) fn all() -> Vec<Route> {
    let route = |role, method, path, answer| Route { role, method, path, answer, built: Built::Yes };
    let not_built = |role, method: Method, path| {
        let answer = match method.as_str() {
            "GET" => get(not_built),
            "PUT" => put(not_built),
            "DELETE" => delete(not_built),
            _ => post(not_built),
        };
        Route { role, method, path, answer, built: Built::NotYet }
    };
    vec![
        route(EVERY, Method::GET, "/health", get(probes::health)),
        route(EVERY, Method::GET, "/ready", get(probes::ready)),
        route(EVERY, Method::GET, "/metrics", get(probes::metrics)),
        route(EVERY, Method::GET, "/api/v1/status", get(probes::status)),
        route(INGESTION, Method::POST, ingestion::EVENTS_PATH, post(ingestion::post_events)),
        route(INGESTION, Method::POST, "/events/batch", post(ingestion::post_batch)),
        route(INGESTION, Method::GET, "/events/{id}", get(ingestion::get_event)),
        route(INGESTION, Method::GET, "/ws", get(ingestion::websocket)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/event-trends", get(analytics::event_trends)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/user-distribution", get(analytics::user_distribution)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/top-sources", get(analytics::top_sources)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/top-pages", get(analytics::top_pages)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/top-users", get(analytics::top_users)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/event-types", get(analytics::event_types)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/funnel", get(analytics::funnel)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/retention", get(analytics::retention)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/sessions", get(analytics::sessions)),
        route(ANALYTICS, Method::GET, "/api/v1/analytics/paths", get(analytics::paths)),
        route(ANALYTICS, Method::POST, "/api/v1/query", post(query::post_query)),
        route(ANALYTICS, Method::POST, "/api/v1/export", post(query::post_export)),
        route(ANALYTICS, Method::GET, "/api/v1/query/schema", get(query::query_schema)),
        route(ANALYTICS, Method::GET, "/api/v1/events", get(analytics::list_events)),
        route(ANALYTICS, Method::GET, "/api/v1/rejected", get(analytics::list_rejected)),
        route(ANALYTICS, Method::GET, "/api/v1/events/live", get(live::live_sse)),
        route(ANALYTICS, Method::GET, "/api/v1/live", get(live::live_websocket)),
        route(STORAGE, Method::GET, "/api/v1/schemas", get(schemas::list)),
        route(STORAGE, Method::GET, "/api/v1/schemas/{type}", get(schemas::show)),
        route(STORAGE, Method::PUT, "/api/v1/schemas/{type}", put(schemas::replace)),
        route(STORAGE, Method::DELETE, "/api/v1/schemas/{type}", delete(schemas::remove)),
        route(STORAGE, Method::GET, "/api/v1/storage/stats", get(storage::stats)),
        route(STORAGE, Method::POST, "/api/v1/storage/seal", post(storage::seal)),
        route(STORAGE, Method::GET, "/api/v1/storage/segments", get(storage::segments)),
        route(STORAGE, Method::POST, "/api/v1/storage/compact", post(storage::compact)),
        route(STORAGE, Method::POST, "/api/v1/storage/retention", post(storage::retention)),
        route(STORAGE, Method::POST, "/api/v1/storage/verify", post(storage::verify)),
        route(STORAGE, Method::GET, "/api/v1/storage/backups", get(storage::backups)),
        route(STORAGE, Method::POST, "/api/v1/storage/backups", post(storage::create_backup)),
        route(GATEWAY, Method::GET, "/openapi.json", get(openapi::openapi_json)),
        not_built(ANALYTICS, Method::GET, "/api/v1/streams"),
        not_built(ANALYTICS, Method::GET, "/api/v1/metrics/custom"),
        Route {
            built: Built::NotYet,
            ..route(STORAGE, Method::POST, "/api/v1/storage/restore", post(storage::restore))
        },
        not_built(ALERTING, Method::GET, "/api/v1/alerts"),
        not_built(ALERTING, Method::GET, "/api/v1/rules"),
        not_built(ALERTING, Method::GET, "/alertmanager/api/v2/alerts"),
    ]
}

/// Returns the routes of one role.
pub(crate) fn router(app: &Arc<App>, role: Role) -> Router {
    let mut router = Router::new();
    for route in all() {
        if route.role.has(role) {
            router = router.route(route.path, route.answer);
        }
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(app), finish::finish))
        .with_state(Arc::clone(app))
}

async fn not_found(State(app): State<Arc<App>>, uri: http::Uri) -> ApiError {
    let path = uri.path();
    let routes = all();
    let known = routes.iter().map(|route| route.path);
    let error = ApiError::new("route_not_found", format!("there is no route {path} on this port"));
    if let Some(route) = routes.iter().find(|route| route.path == path) {
        return error.hint(elsewhere(&app, route.role));
    }
    match streamflow_core::suggest::nearest(path, known) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    }
}

/// Says which port has a route that this one has not.
fn elsewhere(app: &App, roles: RoleSet) -> String {
    let RoleSet::One(role) = roles else { return "every port has it".to_owned() };
    match app.ports().iter().find(|port| port.role == role || port.role == Role::Gateway) {
        Some(port) => format!("port {} ({}) has it", port.address.port(), port.role.setting()),
        None => format!("this server has not the role {0}; start it with `--role {0}`", role.setting()),
    }
}

async fn method_not_allowed(method: Method, uri: http::Uri) -> ApiError {
    ApiError::new("method_not_allowed", format!("{} does not take {method}", uri.path()))
}

async fn not_built(uri: http::Uri) -> ApiError {
    ApiError::new("not_built", format!("{} is documented but not built in this version", uri.path()))
}

#[cfg(test)]
mod tests;
