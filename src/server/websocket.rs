//! What both WebSocket routes need of a socket: a handshake with our errors, frames with a deadline, an orderly end.

use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::server::error::ApiError;

/// Said to a peer when the server stops.
pub(crate) const GOING_AWAY: CloseFrame =
    CloseFrame { code: close_code::AWAY, reason: Utf8Bytes::from_static("the server is shutting down") };

/// Time for a peer to take the last frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What came from a peer, or why nothing did.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(Utf8Bytes),
    Binary,
    /// A frame that wants no answer, or a silence in which the peer was asked whether it is there.
    Quiet,
    /// The server is stopping.
    Stopping,
    /// The peer has gone.
    Closed,
}

/// Returns the handshake.
///
/// # Errors
/// When the request is no handshake.
pub(crate) fn upgrade(
    outcome: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, ApiError> {
    outcome.map_err(|rejection| {
        ApiError::new(
            "invalid_parameter",
            format!("this route is a WebSocket: {}", rejection.body_text().to_lowercase()),
        )
        .hint("open it with a WebSocket client")
    })
}

/// Waits for the next frame; after a silence asks the peer whether it is there, and after a second one gives it up.
pub(crate) async fn next(socket: &mut WebSocket, stopping: &CancellationToken, silence: Duration) -> Incoming {
    tokio::select! {
        biased;
        () = stopping.cancelled() => return Incoming::Stopping,
        frame = tokio::time::timeout(silence, socket.recv()) => if let Ok(frame) = frame { return sorted(frame) },
    }
    if socket.send(Message::Ping(Bytes::new())).await.is_err() {
        return Incoming::Closed;
    }
    tokio::select! {
        biased;
        () = stopping.cancelled() => Incoming::Stopping,
        frame = tokio::time::timeout(silence, socket.recv()) => frame.map_or(Incoming::Closed, sorted),
    }
}

fn sorted(frame: Option<Result<Message, axum::Error>>) -> Incoming {
    match frame {
        Some(Ok(Message::Text(text))) => Incoming::Text(text),
        Some(Ok(Message::Binary(_))) => Incoming::Binary,
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Incoming::Quiet,
        Some(Ok(Message::Close(_)) | Err(_)) | None => Incoming::Closed,
    }
}

/// Says goodbye.
pub(crate) async fn close(mut socket: WebSocket, goodbye: CloseFrame) {
    let said = tokio::time::timeout(CLOSE_TIMEOUT, socket.send(Message::Close(Some(goodbye)))).await;
    tracing::debug!(?said, "closed a websocket");
}
