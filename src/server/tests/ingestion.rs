use std::io::Write;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::harness::{CLICK, Request, TestServer};
use crate::server::options::{HttpLimits, RateLimit, Role};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn calls_of_existing_users_work_as_they_are() {
    let server = TestServer::start().await;
    let sent = server
        .call_on(Role::Ingestion, Request::post("/events").header("Content-Type", "application/json").body(CLICK))
        .await;
    assert_eq!((sent.status, sent.json()), (201, json!({"id": "0:0", "partition": 0, "offset": 0})));

    let ask = async |path: &str| {
        let request = Request::get(path).header("Authorization", "Bearer demo");
        let answer = server.call_on(Role::Analytics, request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(json["success"], true);
        json["data"].clone()
    };
    let trends = ask("/api/v1/analytics/event-trends?hours=24").await;
    let buckets = trends.as_array().unwrap();
    assert!((24..=25).contains(&buckets.len()), "{} buckets", buckets.len());
    let last = buckets.iter().rfind(|bucket| bucket["total"] == 1).expect("a bucket has the event");
    assert_eq!(last["types"], json!({"web.click": 1}));

    let users = ask("/api/v1/analytics/user-distribution").await;
    assert_eq!(users, json!([{"name": "mobile", "users": 1, "events": 1, "percentage": 100.0}]));
    let sources = ask("/api/v1/analytics/top-sources?limit=10").await;
    assert_eq!(sources[0]["source"], "web-app");
    assert_eq!((&sources[0]["event_count"], &sources[0]["unique_users"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn list_keeps_the_good_ones_and_names_the_bad() {
    let server = TestServer::start().await;
    let array = format!("[{CLICK}, {{\"source\":\"x\"}}, {CLICK}]");
    let lines = format!("{CLICK}\n\nnot json\n{CLICK}\n");
    let check = async |request: Request<'_>, code: &str| {
        let answer = server.call(request).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["accepted"], &json["rejected"]), (200, &json!(2), &json!(1)), "{json}");
        assert_eq!((&json["errors"][0]["index"], &json["errors"][0]["code"]), (&json!(1), &json!(code)));
    };
    check(Request::post("/events").json(&array), "missing_field").await;
    check(Request::post("/events").header("content-type", "application/x-ndjson").body(lines), "invalid_json").await;
    check(Request::post("/events/batch").json(&format!("{{\"events\":{array}}}")), "missing_field").await;
}

#[tokio::test]
async fn compressed_bodies_are_taken() {
    let server = TestServer::start().await;
    let check = async |encoding: &str, body: Vec<u8>| {
        let request = Request::post("/events").header("content-encoding", encoding);
        let answer = server.call(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, 201, "{encoding}: {}", answer.text());
    };
    check("gzip", gzip(CLICK.as_bytes())).await;
    check("zstd", zstd::encode_all(CLICK.as_bytes(), 3).unwrap()).await;
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(CLICK.as_bytes()).unwrap();
    check("deflate", deflate.finish().unwrap()).await;
}

#[tokio::test]
async fn each_bad_input_has_its_code() {
    let limits = HttpLimits { body_bytes: 2 << 20, decompressed_bytes: 3 << 19, ..HttpLimits::default() };
    let server = TestServer::with_limits(limits).await;
    let check = async |request: Request<'_>, status: u16, code: &str| {
        assert_eq!(server.call(request).await.error(), (status, code.to_owned()));
    };
    let event = |body: &str| Request::post("/events").json(body);
    let deep =
        format!(r#"{{"type":"t","source":"s","data":{}{}}}"#, "{\"a\":".repeat(80), "1".to_owned() + &"}".repeat(80));
    let abyss = "[".repeat(200_000);
    let keys: Vec<String> = (0..1_100).map(|key| format!("\"k{key}\":1")).collect();
    let keys = format!(r#"{{"type":"t","source":"s","data":{{{}}}}}"#, keys.join(","));
    let large = format!(r#"{{"type":"t","source":"s","data":{{"x":"{}"}}}}"#, "x".repeat(1 << 20));

    check(event("{"), 400, "invalid_json").await;
    check(event(""), 400, "invalid_json").await;
    check(event("{'type':1}"), 400, "invalid_json").await;
    check(event(&abyss), 400, "invalid_json").await;
    check(
        Request::post("/events").header("content-type", "application/json").body(b"{\"type\":\"\xff\"}".to_vec()),
        400,
        "invalid_utf8",
    )
    .await;
    check(event("42"), 422, "invalid_event").await;
    check(event(r#"{"source":"s"}"#), 422, "missing_field").await;
    check(event(r#"{"type":"","source":"s"}"#), 422, "invalid_field").await;
    check(event(r#"{"type":"t","source":"s","severity":"loud"}"#), 422, "invalid_field").await;
    check(event(r#"{"type":"t","source":"s","timestamp":"soon"}"#), 422, "invalid_field").await;
    check(event(r#"{"type":"t","type":"u","source":"s"}"#), 422, "duplicate_key").await;
    check(event("{\"type\":\"t\",\"source\":\"a\\u0000b\"}"), 422, "nul_byte").await;
    check(event(&deep), 422, "too_deep").await;
    check(event(&keys), 422, "too_many_keys").await;
    check(event(r#"{"type":"t","source":"s","data":{"n":1e999}}"#), 422, "number_out_of_range").await;
    check(event(&large), 413, "event_too_large").await;
    check(event("[{}]"), 422, "no_events_accepted").await;

    let typed = |content_type: &str| Request::post("/events").header("content-type", content_type).body(CLICK);
    check(typed("application/x-www-form-urlencoded"), 415, "unsupported_media_type").await;
    check(typed("text/plain"), 415, "unsupported_media_type").await;
    check(Request::post("/events").body(CLICK), 415, "unsupported_media_type").await;
    let encoded = |encoding: &str, body: Vec<u8>| {
        Request::post("/events")
            .header("content-encoding", encoding)
            .header("content-type", "application/json")
            .body(body)
    };
    check(encoded("br", CLICK.into()), 415, "unsupported_encoding").await;
    check(encoded("gzip, gzip", CLICK.into()), 415, "unsupported_encoding").await;
    check(encoded("gzip", CLICK.into()), 400, "invalid_encoding").await;
    check(encoded("gzip", gzip(&vec![b' '; 8 << 20])), 413, "decompressed_too_large").await;
    check(event(&" ".repeat((2 << 20) + 1)), 413, "body_too_large").await;
    let chunks = format!("{:x}\r\n{}\r\n", 3 << 20, " ".repeat(3 << 20));
    check(
        typed("application/json").header("transfer-encoding", "chunked").body(chunks + "0\r\n\r\n"),
        413,
        "body_too_large",
    )
    .await;

    check(Request::post("/events?ack=maybe").json(CLICK), 400, "invalid_parameter").await;
    check(Request::post("/events?hours=1").json(CLICK), 400, "invalid_parameter").await;
    check(event(CLICK).header("idempotency-key", &"k".repeat(256)), 400, "invalid_parameter").await;
    check(Request::get("/events/0:99999"), 404, "event_not_found").await;
    check(Request::get("/events/nothing"), 404, "event_not_found").await;
}

#[tokio::test]
async fn event_is_found_by_identity_and_by_its_own_id() {
    let server = TestServer::start().await;
    let sent = server.post_event(r#"{"type":"a.b","source":"s","id":"order 7/x","data":{"n":1}}"#).await;
    assert_eq!((sent.status, sent.json()), (201, json!({"id": "order 7/x", "partition": 0, "offset": 0})));
    let again = server.post_event(r#"{"type":"a.b","source":"s","id":"order 7/x"}"#).await;
    assert_eq!(again.json(), json!({"id": "order 7/x", "partition": 0, "offset": 0, "duplicate": true}));
    for path in ["/events/0:0", "/events/order%207%2Fx"] {
        let found = server.get(path).await;
        assert_eq!((found.status, &found.json()["data"]), (200, &json!({"n": 1})), "{path}: {}", found.text());
    }
}

#[tokio::test]
async fn request_with_a_key_counts_once() {
    let server = TestServer::start().await;
    let send = async || server.call(Request::post("/events").header("idempotency-key", "k-1").json(CLICK)).await;
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, first.json()), (second.status, second.json()));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), (None, Some("true")));
    let count = server.call(Request::post("/api/v1/query").json(r#"{"sql":"SELECT count(*) FROM events"}"#)).await;
    assert_eq!(count.json()["rows"], json!([[1]]));
}

#[tokio::test]
async fn acknowledgement_from_memory_says_so() {
    let server = TestServer::start().await;
    let answer = server.call(Request::post("/events?ack=memory").json(CLICK)).await;
    assert_eq!((answer.status, &answer.json()["ack"]), (201, &json!("memory")));
}

#[tokio::test]
async fn rate_limit_says_when_to_come_back() {
    let rate = Some(RateLimit { requests_per_second: 1, burst: 2 });
    let server = TestServer::with_limits(HttpLimits { rate, ..HttpLimits::default() }).await;
    let (first, second, third) =
        (server.post_event(CLICK).await, server.post_event(CLICK).await, server.post_event(CLICK).await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(third.error(), (429, "rate_limited".to_owned()));
    assert_eq!(third.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn websocket_answers_each_frame_in_order() {
    let server = TestServer::start().await;
    let url = format!("ws://{}/ws", server.address(Role::Ingestion));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let frames =
        [CLICK.to_owned(), "ping".to_owned(), "{".to_owned(), format!("{CLICK}\n{CLICK}"), format!("[{CLICK}]")];
    for frame in frames {
        socket.send(Message::text(frame)).await.unwrap();
    }
    let mut next = async || socket.next().await.unwrap().unwrap().into_text().unwrap().to_string();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    assert_eq!(json(next().await), json!({"id": "0:0", "partition": 0, "offset": 0, "seq": 1, "status": 201}));
    assert_eq!(next().await, "pong");
    let refused = json(next().await);
    assert_eq!(
        (&refused["seq"], &refused["status"], &refused["error"]["code"]),
        (&json!(2), &json!(400), &json!("invalid_json"))
    );
    let lines = json(next().await);
    assert_eq!((&lines["seq"], &lines["accepted"]), (&json!(3), &json!(2)));
    assert_eq!(json(next().await)["accepted"], 1);
}
