//! One request: takes a review within its limits, has it decided, answers.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use streamflow_core::admission::{self, Injection, Outcome, Reviewed};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::metrics::Metrics;
use super::{Shared, limits};

/// Where an API server sends its reviews.
pub(super) const PATH: &str = "/mutate";

/// What a review is decided with.
#[derive(Debug)]
pub(super) struct Handler {
    injection: Injection,
    /// Room for bodies, KiB.
    room: Semaphore,
}

/// A request that is no review.
struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl Handler {
    pub(super) fn new(injection: Injection) -> Self {
        let room = usize::try_from(limits::BODIES_KIB_MAX).unwrap_or(Semaphore::MAX_PERMITS);
        Self { injection, room: Semaphore::new(room) }
    }

    async fn review(&self, request: Request<Incoming>, metrics: &Metrics) -> Result<Reviewed, Refused> {
        check_head(&request)?;
        let waiting = tokio::time::timeout(limits::BODY_TIMEOUT, self.body(request));
        let (body, _room) = waiting.await.unwrap_or_else(|_late| {
            Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "the review did not come within 10 s"))
        })?;
        let began = Instant::now();
        let reviewed = admission::review(&body, &self.injection, Timestamp::now())
            .map_err(|refusal| Refused::new(StatusCode::BAD_REQUEST, refusal.to_string()))?;
        metrics.reviewed(&reviewed, began.elapsed());
        Ok(reviewed)
    }

    async fn body(&self, request: Request<Incoming>) -> Result<(Bytes, SemaphorePermit<'_>), Refused> {
        let too_large = || Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "a review is at most 16 MiB");
        let bytes = length(request.headers()).unwrap_or(limits::BODY_BYTES_MAX);
        if bytes > limits::BODY_BYTES_MAX {
            return Err(too_large());
        }
        let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(limits::BODIES_KIB_MAX);
        let room = self.room.acquire_many(kib).await;
        let room = room.map_err(|_closed| Refused::new(StatusCode::SERVICE_UNAVAILABLE, "stopping"))?;
        let body = Limited::new(request.into_body(), limits::BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => too_large(),
            false => Refused::new(StatusCode::BAD_REQUEST, "the body ended early"),
        })?;
        Ok((body.to_bytes(), room))
    }
}

fn check_head(request: &Request<Incoming>) -> Result<(), Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::new(StatusCode::NOT_FOUND, "reviews are taken at /mutate"));
    }
    if request.method() != Method::POST {
        return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "reviews are taken by POST"));
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a review is application/json"));
    }
    Ok(())
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Answers one request.
pub(super) async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match shared.handler.review(request, &shared.metrics).await {
        Ok(reviewed) => {
            log(&reviewed);
            shared.teller.tell(&reviewed, Timestamp::now(), &shared.metrics);
            answer(StatusCode::OK, "application/json", reviewed.answer)
        }
        Err(refused) => {
            shared.metrics.refused(refused.status);
            let mut response = answer(refused.status, "text/plain", format!("{}\n", refused.message));
            if refused.status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            response
        }
    }
}

/// Names are the cluster's, so they are logged as quoted text.
fn log(reviewed: &Reviewed) {
    let summary = &reviewed.summary;
    let (namespace, name) = (&summary.namespace, &summary.name);
    match &reviewed.outcome {
        Outcome::Patched(patch) if !summary.dry_run => {
            let operation = summary.operation.name();
            let additions = patch.additions().len();
            tracing::info!(?namespace, ?name, operation, additions, uid = ?summary.uid, "monitoring keys were added");
        }
        Outcome::Unreadable(fault) => tracing::warn!(?namespace, ?name, ?fault, "an object was not understood"),
        Outcome::Patched(_) | Outcome::Complete | Outcome::Skipped(_) => {}
    }
}

pub(super) fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
