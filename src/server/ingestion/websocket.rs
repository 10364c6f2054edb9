//! Events over a WebSocket: each text frame is a body of `/events`, each answer carries its frame's number.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use streamflow_engine::ingest::{Ack, Body, Framing};

use crate::api::error::ErrorBody;
use crate::server::access::Principal;
use crate::server::app::{App, Place};
use crate::server::error::ApiError;
use crate::server::ingestion::acknowledgement::{self, Shape};
use crate::server::ingestion::store;
use crate::server::request_id::RequestId;
use crate::server::websocket::{self, Incoming};

/// Silence after which the peer is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Send events over a WebSocket.
///
/// Each text frame is a body of `/events`: an object, an array, or lines. The answer frame is the HTTP answer with `seq`,
/// the number of the frame from 1, and `status`; answers come in order. The text `ping` is answered `pong`.
#[utoipa::path(
    get, path = "/ws", tag = "ingestion",
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        (status = 400, description = "Not a WebSocket handshake", body = ErrorBody),
        (status = 403, description = "The page's origin is not in CORS_ORIGINS", body = ErrorBody),
    )
)]
pub(crate) async fn websocket(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    Extension(request_id): Extension<RequestId>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = websocket::upgrade(upgrade)?;
    let limit = app.options.limits.body_bytes;
    let place = Place::take(&app).ok_or_else(|| ApiError::plain("too_many_connections"))?;
    let session = Session { app, principal, request_id, seq: 0, _place: place };
    Ok(upgrade.max_message_size(limit).max_frame_size(limit).on_upgrade(move |socket| session.run(socket)))
}

/// One connection that sends events.
struct Session {
    app: Arc<App>,
    principal: Principal,
    request_id: RequestId,
    /// Frames of events so far.
    seq: u64,
    /// The connection gave its own place back when it became a WebSocket.
    _place: Place,
}

impl Session {
    /// Answers frames one after the other until either side goes.
    async fn run(mut self, mut socket: WebSocket) {
        let app = Arc::clone(&self.app);
        loop {
            let answer = match websocket::next(&mut socket, &app.stopping, PING_INTERVAL).await {
                Incoming::Text(text) if text.as_str() == "ping" => Utf8Bytes::from_static("pong"),
                Incoming::Text(text) => self.answer(Bytes::from(text)).await,
                Incoming::Binary => self.refused(&ApiError::new("invalid_event", "events come in text frames")),
                Incoming::Quiet => continue,
                Incoming::Stopping => return websocket::close(socket, websocket::GOING_AWAY).await,
                Incoming::Closed => return,
            };
            if socket.send(Message::Text(answer)).await.is_err() {
                return;
            }
        }
    }

    /// Stores one frame and returns its answer.
    async fn answer(&mut self, frame: Bytes) -> Utf8Bytes {
        self.app.metrics.websocket_frames.inc();
        match self.accept(frame).await {
            Ok((status, mut answer)) => {
                self.number(&mut answer, status);
                Utf8Bytes::from(answer.to_string())
            }
            Err(error) => self.refused(&error),
        }
    }

    async fn accept(&self, bytes: Bytes) -> Result<(u16, Value), ApiError> {
        if let Some(rate) = &self.app.rate {
            rate.take(self.principal, Instant::now())?;
        }
        let framing = framing(&bytes);
        let shape = Shape::of(framing, &bytes);
        let appended = store(&self.app, Body { bytes, framing }, Ack::Disk, None).await?;
        let response = acknowledgement::answer(shape, &appended, Ack::Disk)?;
        let body = serde_json::from_slice(response.body())
            .map_err(|error| ApiError::internal("an acknowledgement is not JSON", &error))?;
        Ok((response.status().as_u16(), body))
    }

    fn refused(&mut self, error: &ApiError) -> Utf8Bytes {
        self.app.metrics.error(error.code());
        let mut answer = serde_json::to_value(error.body(self.request_id.as_str())).unwrap_or_else(|_| json!({}));
        self.number(&mut answer, error.http_status().as_u16());
        Utf8Bytes::from(answer.to_string())
    }

    /// Puts the frame's number into its answer.
    fn number(&mut self, answer: &mut Value, status: u16) {
        self.seq += 1;
        if let Value::Object(fields) = answer {
            fields.insert("seq".to_owned(), self.seq.into());
            fields.insert("status".to_owned(), status.into());
        }
    }
}

/// A frame has no content type: more than one line that begins an object is NDJSON, all else is JSON.
fn framing(bytes: &[u8]) -> Framing {
    let trimmed = bytes.trim_ascii();
    let first_line_ends = trimmed.iter().position(|byte| *byte == b'\n');
    match first_line_ends {
        Some(end) if trimmed.starts_with(b"{") && trimmed[..end].trim_ascii_end().ends_with(b"}") => {
            match trimmed[end..].trim_ascii_start().first() {
                Some(b'{') => Framing::Lines,
                _ => Framing::Json,
            }
        }
        _ => Framing::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_of_several_objects_is_lines() {
        let check = |frame: &str, expected| assert_eq!(framing(frame.as_bytes()), expected, "{frame:?}");
        check("{}", Framing::Json);
        check("{}\n", Framing::Json);
        check("[{},\n{}]", Framing::Json);
        check("{\n\"a\": {}\n}", Framing::Json);
        check("{\"a\": {}\n}", Framing::Json);
        check("{\"a\": 1}\n{\"a\": 2}", Framing::Lines);
        check("{\"a\": 1}\r\n\r\n{\"a\": 2}\n", Framing::Lines);
    }
}
