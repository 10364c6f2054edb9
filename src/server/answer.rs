//! The body of an answer: bytes that are ready, or whatever a route streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderValue;
use http_body::{Frame, SizeHint};
use serde::Serialize;

use crate::server::connection::InFlight;

/// Content type of nearly every answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A body; while it is alive its connection counts as busy.
#[derive(Debug)]
pub(crate) struct Answer {
    content: Content,
    in_flight: Option<InFlight>,
}

#[derive(Debug)]
enum Content {
    /// The ingestion path: no box, no stream.
    Whole(Option<Bytes>),
    Routed(axum::body::Body),
}

impl Answer {
    pub(crate) const fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(Some(bytes)), in_flight: None }
    }

    pub(crate) const fn routed(body: axum::body::Body) -> Self {
        Self { content: Content::Routed(body), in_flight: None }
    }

    /// Keeps the connection busy until this body was sent or given up.
    pub(crate) fn hold(&mut self, in_flight: InFlight) {
        self.in_flight = Some(in_flight);
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.get_mut().content {
            Content::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Routed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Routed(body) => body.size_hint(),
        }
    }
}

/// Returns a value of ours as JSON.
pub(crate) fn json_bytes<T: Serialize>(value: &T) -> Bytes {
    // Our own types have string keys and no failing serialisers.
    Bytes::from(serde_json::to_vec(value).expect("an answer of ours serialises"))
}

/// Returns a value of ours as the answer of a route.
pub(crate) fn json<T: Serialize>(value: &T) -> axum::response::Response {
    let mut response = axum::response::Response::new(axum::body::Body::from(json_bytes(value)));
    response.headers_mut().insert(http::header::CONTENT_TYPE, JSON);
    response
}
