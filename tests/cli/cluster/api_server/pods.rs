//! What a kubelet does for the API server: logs of pods, and connections to their ports.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::failure::Failure;
use super::query::Query;
use super::resource::{POD, Path};
use super::{Cluster, streamed};

/// The protocol of port-forward over WebSocket: a byte of channel, then data. Two channels a port: data, errors.
const PROTOCOL: &str = "v4.channel.k8s.io";
const DATA: u8 = 0;
const ERROR: u8 = 1;

struct Following {
    cluster: Arc<Cluster>,
    pod: (String, String),
    /// Lines that were given out.
    given: usize,
    follow: bool,
}

pub(super) fn log(cluster: &Arc<Cluster>, at: &Path, query: &Query) -> Result<Response, Failure> {
    if cluster.store.lock().get(&POD, &at.namespace, &at.name).is_none() {
        return Err(Failure::no_object(at));
    }
    let pod = (at.namespace.clone(), at.name.clone());
    let lines = cluster.logs.lock().get(&pod).map_or(0, Vec::len);
    let tail = query.get("tailLines").and_then(|tail| tail.parse().ok()).unwrap_or(lines);
    let given = lines.saturating_sub(tail);
    let following = Following { cluster: Arc::clone(cluster), pod, given, follow: query.is("follow") };
    Ok(streamed("text/plain", futures::stream::unfold(following, next)))
}

async fn next(mut following: Following) -> Option<(String, Following)> {
    loop {
        let cluster = Arc::clone(&following.cluster);
        let changed = cluster.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let line = cluster.logs.lock().get(&following.pod).and_then(|lines| lines.get(following.given)).cloned();
        match line {
            Some(line) => {
                following.given += 1;
                return Some((format!("{line}\n"), following));
            }
            None if following.follow => changed.await,
            None => return None,
        }
    }
}

pub(super) fn forward(cluster: &Arc<Cluster>, at: &Path, query: &Query, upgrade: WebSocketUpgrade) -> Response {
    let port: u16 = query.get("ports").and_then(|port| port.parse().ok()).unwrap();
    let backend = cluster.backends.lock().get(&(at.namespace.clone(), at.name.clone(), port)).copied();
    upgrade.protocols([PROTOCOL]).on_upgrade(move |socket| carry(socket, port, backend))
}

async fn carry(mut socket: WebSocket, port: u16, backend: Option<SocketAddr>) {
    let framed = |channel: u8, bytes: &[u8]| Message::Binary([&[channel], bytes].concat().into());
    for channel in [DATA, ERROR] {
        if socket.send(framed(channel, &port.to_le_bytes())).await.is_err() {
            return;
        }
    }
    let connected = match backend {
        Some(address) => TcpStream::connect(address).await.map_err(|error| error.to_string()),
        None => Err(format!("nothing listens on port {port} of the pod")),
    };
    let mut stream = match connected {
        Ok(stream) => stream,
        Err(error) => {
            drop(socket.send(framed(ERROR, error.as_bytes())).await);
            return;
        }
    };
    let mut bytes = vec![0; 32 << 10];
    loop {
        tokio::select! {
            read = stream.read(&mut bytes) => match read {
                Ok(0) | Err(_) => return,
                Ok(read) if socket.send(framed(DATA, &bytes[..read])).await.is_err() => return,
                Ok(_) => {}
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(message))) if message.first() == Some(&DATA) => {
                    if stream.write_all(&message[1..]).await.is_err() {
                        return;
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
