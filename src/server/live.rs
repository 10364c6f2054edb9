//! Shows events as they come in: over SSE and over WebSocket, through a filter, with every loss told.

mod subscription;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::api::error::ErrorBody;
use crate::api::live::{LiveFrame, LiveParams};
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::parameters::Parameters;
use crate::server::websocket::{self, Incoming};

use subscription::{Frame, Subscription};

pub(crate) mod openapi {
    //! What the macros made for `openapi.json`.
    pub(crate) use super::{__path_live_sse, __path_live_websocket};
}

/// Silence after which a comment is sent, so that proxies keep the connection and a dead one is noticed.
const COMMENT_INTERVAL: Duration = Duration::from_secs(15);

/// Silence on a WebSocket after which the viewer is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Show events as they come in, as server-sent events.
///
/// Each frame's `data` is a `LiveFrame`; its kind is also the SSE event name: `event`, `gap`, `counters`.
#[utoipa::path(
    get, path = "/api/v1/events/live", tag = "analytics", params(LiveParams),
    responses(
        (status = 200, description = "Frames without end", body = LiveFrame, content_type = "text/event-stream"),
        (status = 400, description = "The filter is wrong", body = ErrorBody),
        (status = 429, description = "Too many live subscribers", body = ErrorBody),
    )
)]
pub(crate) async fn live_sse(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<LiveParams>,
) -> Result<Response, ApiError> {
    let subscription = Subscription::open(&app, &parameters)?;
    // A first comment at once tells the client that it is subscribed: what comes from now on is shown.
    let hello = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b": subscribed\n\n"))]);
    let frames = stream::unfold(subscription, |mut subscription| async {
        let bytes = sse_bytes(&mut subscription).await?;
        Some((Ok::<_, Infallible>(bytes), subscription))
    });
    let mut response = Response::new(Body::from_stream(futures::StreamExt::chain(hello, frames)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Returns the next frames as one piece, or nothing when the server stops.
async fn sse_bytes(subscription: &mut Subscription) -> Option<Bytes> {
    match tokio::time::timeout(COMMENT_INTERVAL, subscription.next()).await {
        Ok(Some(frames)) => Some(frames.iter().fold(Vec::new(), sse_append).into()),
        Ok(None) => None,
        Err(_silence) => Some(Bytes::from_static(b": \n\n")),
    }
}

fn sse_append(mut out: Vec<u8>, frame: &Frame) -> Vec<u8> {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(frame.kind().as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // JSON has no line breaks outside strings, and inside them they are escaped.
    frame.append_json(&mut out);
    out.extend_from_slice(b"\n\n");
    out
}

/// Show events as they come in, over a WebSocket.
///
/// Each text frame is a `LiveFrame`.
#[utoipa::path(
    get, path = "/api/v1/live", tag = "analytics", params(LiveParams),
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        (status = 400, description = "The filter is wrong, or this is no WebSocket handshake", body = ErrorBody),
        (status = 403, description = "The page's origin is not in CORS_ORIGINS", body = ErrorBody),
        (status = 429, description = "Too many live subscribers", body = ErrorBody),
    )
)]
pub(crate) async fn live_websocket(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<LiveParams>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = websocket::upgrade(upgrade)?;
    let subscription = Subscription::open(&app, &parameters)?;
    Ok(upgrade.on_upgrade(move |socket| show(app, socket, subscription)))
}

/// Sends frames until either side goes.
async fn show(app: Arc<App>, mut socket: WebSocket, mut subscription: Subscription) {
    loop {
        let frames = tokio::select! {
            frames = subscription.next() => frames,
            incoming = websocket::next(&mut socket, &app.stopping, PING_INTERVAL) => match incoming {
                Incoming::Text(_) | Incoming::Binary | Incoming::Quiet => continue,
                Incoming::Stopping => None,
                Incoming::Closed => return,
            },
        };
        let Some(frames) = frames else { return websocket::close(socket, websocket::GOING_AWAY).await };
        if send(&mut socket, &frames).await.is_err() {
            return;
        }
    }
}

async fn send(socket: &mut WebSocket, frames: &[Frame]) -> Result<(), axum::Error> {
    for frame in frames {
        let mut json = Vec::new();
        frame.append_json(&mut json);
        let text = Utf8Bytes::try_from(Bytes::from(json)).map_err(axum::Error::new)?;
        socket.send(Message::Text(text)).await?;
    }
    Ok(())
}
