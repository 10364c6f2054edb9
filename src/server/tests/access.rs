use super::harness::{CLICK, Request, TestServer};
use crate::server::options::Role;
use crate::server::{Exposure, Server, ServerOptions, StartError};

#[tokio::test]
async fn token_guards_everything_but_the_probes() {
    let server = TestServer::with(|options| options.token = Some("s3cret".to_owned())).await;
    let without = server.post_event(CLICK).await;
    assert_eq!(without.error(), (401, "unauthorized".to_owned()));
    assert_eq!(without.header("www-authenticate"), Some("Bearer"));
    for path in ["/api/v1/query/schema", "/metrics", "/api/v1/status", "/openapi.json", "/nowhere"] {
        assert_eq!(server.get(path).await.error(), (401, "unauthorized".to_owned()), "{path}");
    }
    assert_eq!((server.get("/health").await.status, server.get("/ready").await.status), (200, 200));
    let with = server.call(Request::post("/events").header("authorization", "Bearer s3cret").json(CLICK)).await;
    assert_eq!(with.status, 201);
}

#[tokio::test]
async fn web_page_of_another_origin_can_not_reach_a_local_server() {
    let server = TestServer::with(|options| options.cors_origins = vec!["http://app.example".to_owned()]).await;
    let refused = async |request: Request<'_>, code: &str| {
        let answer = server.call(request).await;
        assert_eq!(answer.error(), (403, code.to_owned()));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    };
    refused(Request::post("/events").header("origin", "http://evil.example").json(CLICK), "forbidden_origin").await;
    refused(Request::post("/events").header("host", "evil.example").json(CLICK), "forbidden_host").await;
    refused(Request::get("/api/v1/events").header("host", "evil.example:8005"), "forbidden_host").await;
    let handshake = Request::get("/api/v1/live").header("connection", "upgrade").header("upgrade", "websocket");
    let handshake =
        handshake.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    // The connection stays open after an answer, so the page's handshake is asked to close it.
    refused(handshake.header("connection", "close").header("origin", "http://evil.example"), "forbidden_origin").await;
    let preflight = |origin: &str| {
        Request::new("OPTIONS", "/events").header("origin", origin).header("access-control-request-method", "POST")
    };
    refused(preflight("http://evil.example"), "forbidden_origin").await;

    let asked = server.call(preflight("http://app.example")).await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, Some("http://app.example")));
    let sent = server.call(Request::post("/events").header("origin", "http://app.example").json(CLICK)).await;
    assert_eq!((sent.status, sent.header("access-control-allow-origin")), (201, Some("http://app.example")));
    let read = server.call(Request::get("/health").header("origin", "http://evil.example")).await;
    assert_eq!((read.status, read.header("access-control-allow-origin")), (200, None));
}

#[tokio::test]
async fn request_id_is_echoed_or_made() {
    let server = TestServer::start().await;
    for path in ["/health", "/nowhere"] {
        let echoed = server.call(Request::get(path).header("request-id", "abc-1")).await;
        assert_eq!(echoed.header("request-id"), Some("abc-1"), "{path}");
        assert!(server.get(path).await.header("request-id").is_some_and(|id| id.len() > 8), "{path}");
    }
    let echoed = server.call(Request::post("/events").header("x-request-id", "abc-2").json(CLICK)).await;
    assert_eq!(echoed.header("request-id"), Some("abc-2"));
}

#[tokio::test]
async fn other_addresses_need_a_token_or_a_word() {
    let options =
        ServerOptions { host: [0, 0, 0, 0].into(), ports: vec![(Role::Gateway, 0)], ..ServerOptions::default() };
    let start = async |options: ServerOptions| {
        let data = tempfile::tempdir().unwrap();
        let clock = std::sync::Arc::new(streamflow_engine::clock::SystemClock::default());
        let engine =
            streamflow_engine::Engine::open(streamflow_engine::EngineOptions::new(data.path()), clock).unwrap();
        Server::start(engine, options).await
    };
    assert!(matches!(start(options.clone()).await, Err(StartError::Exposed { .. })));
    start(ServerOptions { token: Some("t".to_owned()), ..options.clone() }).await.unwrap().shutdown().await;
    start(ServerOptions { exposure: Exposure::Insecure, ..options }).await.unwrap().shutdown().await;
}
