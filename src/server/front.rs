//! The first to see a request: access, request id, panics; single events go straight to ingestion, all else to the routes.
//!
//! A plain hyper service instead of layers around a router: on the way of an event there is no box, no clone of the
//! routes and no map of extensions.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use bytes::Bytes;
use futures::FutureExt;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tower_service::Service;

use crate::api::VERSION_HEADER;
use crate::server::access::{Principal, is_preflight};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::connection::{InFlight, Watch};
use crate::server::error::{self, ApiError};
use crate::server::options::{Echo, Role};
use crate::server::request_id::{REQUEST_ID, RequestId};
use crate::server::{cors, echo, ingestion};

const VERSION: HeaderName = HeaderName::from_static(VERSION_HEADER);

/// The service of one port.
#[derive(Debug)]
pub(crate) struct Front {
    app: Arc<App>,
    routes: Router,
    /// Whether events are taken on this port.
    ingests: bool,
    /// Whether a client may say that it has sent everything and still wait for its answer. Where answers take long, the
    /// end of what a client sends rather means that it is gone, and its query is given up.
    pub(crate) answers_half_closed: bool,
}

impl Front {
    pub(crate) fn new(app: Arc<App>, role: Role, routes: Router) -> Self {
        let ingests = matches!(role, Role::Ingestion | Role::Gateway);
        Self { app, routes, ingests, answers_half_closed: role == Role::Ingestion }
    }

    /// Answers one request of a connection.
    pub(crate) async fn serve(&self, request: Request<Incoming>, watch: Arc<Watch>) -> Response<Answer> {
        let in_flight = watch.request_began();
        let request_id = RequestId::of(request.headers());
        let origin = request.headers().get(ORIGIN).cloned();
        let serving = AssertUnwindSafe(self.answer(request, &request_id)).catch_unwind();
        let outcome = serving.await.unwrap_or_else(|_panic| {
            // The panic hook has logged where; this line connects it with the request.
            tracing::error!(request_id = request_id.as_str(), "a request panicked");
            Err(ApiError::plain("internal"))
        });
        let mut response = outcome.unwrap_or_else(|error| {
            self.app.metrics.error(error.code());
            error::answer(&error, &request_id)
        });
        if let Some(origin) = origin {
            cors::allow(&self.app.access, &origin, response.headers_mut());
        }
        finish(&mut response, &request_id, in_flight);
        response
    }

    async fn answer(&self, request: Request<Incoming>, request_id: &RequestId) -> Result<Response<Answer>, ApiError> {
        if is_preflight(&request) {
            return cors::preflight(&self.app.access, &request)
                .map(|response| response.map(|()| Answer::whole(Bytes::new())));
        }
        let principal = self.app.access.check(&request)?;
        let longest = self.app.options.limits.uri_bytes;
        if request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > longest) {
            return Err(ApiError::plain("uri_too_long").details(serde_json::json!({ "limit_bytes": longest })));
        }
        if self.ingests && request.method() == Method::POST {
            match request.uri().path() {
                ingestion::EVENTS_PATH => return self.events(principal, request).await,
                echo::ECHO_PATH if self.app.options.echo == Echo::On => return echo::answer(&self.app, request).await,
                _ => {}
            }
        }
        Ok(self.route(principal, request, request_id).await)
    }

    async fn events(&self, principal: Principal, request: Request<Incoming>) -> Result<Response<Answer>, ApiError> {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        let outcome = ingestion::accept(&self.app, principal, &head, body).await;
        let status = outcome.as_ref().map_or_else(ApiError::http_status, Response::status);
        self.app.metrics.event_request(status, began.elapsed());
        outcome.map(|response| response.map(Answer::whole))
    }

    async fn route(
        &self,
        principal: Principal,
        request: Request<Incoming>,
        request_id: &RequestId,
    ) -> Response<Answer> {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(principal);
        request.extensions_mut().insert(request_id.clone());
        let mut routes = self.routes.clone();
        let response = routes.call(request).await.unwrap_or_else(|infallible| match infallible {});
        response.map(Answer::routed)
    }
}

fn finish(response: &mut Response<Answer>, request_id: &RequestId, in_flight: InFlight) {
    sign(response.headers_mut(), request_id);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        in_flight.upgraded();
    }
    response.body_mut().hold(in_flight);
}

/// Tells the client the request's name, and one of another version that it is one.
pub(crate) fn sign(headers: &mut HeaderMap, request_id: &RequestId) {
    headers.insert(REQUEST_ID, request_id.header());
    headers.insert(VERSION, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
}
