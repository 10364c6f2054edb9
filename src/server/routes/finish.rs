//! The outermost layer of the routes: writes errors down, names the request, counts it.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::server::app::App;
use crate::server::error::{self, ApiError};
use crate::server::front;
use crate::server::request_id::RequestId;

/// Label of requests that no route matched: their paths are made up by clients.
const UNMATCHED: &str = "unmatched";

/// Answers a request by the routes and finishes the answer.
pub(super) async fn finish(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let known = request.extensions().get::<RequestId>().cloned();
    let request_id = known.unwrap_or_else(|| RequestId::of(request.headers()));
    request.extensions_mut().insert(request_id.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    if let Some(error) = response.extensions().get::<ApiError>() {
        app.metrics.error(error.code());
    }
    let mut response = error::written(response, &request_id);
    front::sign(response.headers_mut(), &request_id);
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    app.metrics.request(&method, route, response.status(), began.elapsed());
    response
}
