use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::harness::{CLICK, Request, TestServer, read_until};
use crate::server::options::{HttpLimits, Role};

#[tokio::test]
async fn viewer_sees_what_passes_its_filter() {
    let server = TestServer::start().await;
    let mut viewer = server.connect(Role::Analytics).await;
    viewer.write_all(&Request::get("/api/v1/events/live?filter=type%3Derror").bytes()).await.unwrap();
    let head = read_until(&mut viewer, ": subscribed").await;
    assert!(head.contains("content-type: text/event-stream"));
    server.post_event(CLICK).await;
    server.post_event(r#"{"type":"error","source":"api","data":{"n":7}}"#).await;
    let frames = read_until(&mut viewer, "\n\n\r\n").await;
    assert!(frames.contains("event: event\ndata: {\"type\":\"event\",\"event\":{"), "{frames}");
    assert!(frames.contains("\"n\":7") && !frames.contains("web.click"), "{frames}");
}

#[tokio::test]
async fn websocket_viewer_gets_the_same_frames() {
    let server = TestServer::start().await;
    let url = format!("ws://{}/api/v1/live?filter=source%3Dweb-app", server.address(Role::Gateway));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    server.post_event(CLICK).await;
    let frame = socket.next().await.unwrap().unwrap().into_text().unwrap().to_string();
    let frame: Value = serde_json::from_str(&frame).unwrap();
    assert_eq!((&frame["type"], &frame["event"]["data"]["page"]), (&json!("event"), &json!("/dashboard")));
}

#[tokio::test]
async fn rate_cuts_what_is_sent_and_not_what_is_counted() {
    let server = TestServer::start().await;
    let mut viewer = server.connect(Role::Analytics).await;
    viewer.write_all(&Request::get("/api/v1/events/live?max_rate=3").bytes()).await.unwrap();
    read_until(&mut viewer, ": subscribed").await;
    server.post_event(&format!("[{}]", vec![CLICK; 40].join(","))).await;
    let frames = read_until(&mut viewer, "\"type\":\"counters\"").await;
    assert_eq!(frames.matches("\"type\":\"event\"").count(), 3);
    assert!(frames.contains("{\"type\":\"counters\",\"matched\":40,\"sent\":3}"), "{frames}");
}

#[tokio::test]
async fn viewers_have_a_limit_and_places_come_back() {
    let server = TestServer::with_limits(HttpLimits { subscribers: 1, ..HttpLimits::default() }).await;
    let mut first = server.connect(Role::Analytics).await;
    first.write_all(&Request::get("/api/v1/events/live").bytes()).await.unwrap();
    read_until(&mut first, ": subscribed").await;
    let second = server.get("/api/v1/events/live").await;
    assert_eq!(second.error(), (429, "rate_limited".to_owned()));
    drop(first);
    for _ in 0..100 {
        if server.get("/metrics").await.text().contains("streamflow_live_subscribers 0") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a viewer that went away keeps its place");
}

#[tokio::test]
async fn wrong_filter_is_told_before_anything_is_shown() {
    let server = TestServer::start().await;
    let answer = server.get("/api/v1/events/live?filter=sorce%20%3D%20'x'%20OR%201%3D1").await;
    assert_eq!(answer.error(), (400, "invalid_filter".to_owned()));
}
