use super::harness::{CLICK, Request, TestServer};
use crate::server::options::{Echo, Role};

#[tokio::test]
async fn every_port_has_the_probes_and_its_own_routes_only() {
    let server = TestServer::start().await;
    for role in Role::ALL {
        for path in ["/health", "/ready", "/metrics", "/api/v1/status"] {
            let answer = server.call_on(role, Request::get(path)).await;
            assert_eq!(answer.status, 200, "{path} on {}: {}", role.as_str(), answer.text());
        }
        let sent = server.call_on(role, Request::post("/events").json(CLICK)).await;
        let expected = if matches!(role, Role::Ingestion | Role::Gateway) { 201 } else { 404 };
        assert_eq!(sent.status, expected, "{}", role.as_str());
        let listed = server.call_on(role, Request::get("/api/v1/events")).await;
        let expected = if matches!(role, Role::Analytics | Role::Gateway) { 200 } else { 404 };
        assert_eq!(listed.status, expected, "{}", role.as_str());
    }
}

#[tokio::test]
async fn route_that_is_not_there_is_told_apart_from_one_that_is_not_built() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/v1/nowhere").await.error(), (404, "route_not_found".to_owned()));
    let elsewhere = server.call_on(Role::Ingestion, Request::get("/api/v1/query/schema")).await;
    let port = server.address(Role::Analytics).port();
    assert_eq!(elsewhere.json()["error"]["hint"], format!("port {port} (analytics) has it"));
    let misspelt = server.get("/event").await;
    assert_eq!(misspelt.json()["error"]["hint"], "did you mean /events?");
    assert_eq!(server.get("/api/v1/streams").await.error(), (501, "not_built".to_owned()));
    let restore = server.call(Request::post("/api/v1/storage/restore").json("{}")).await;
    assert_eq!(restore.error(), (501, "not_built".to_owned()));
    assert!(restore.text().contains("streamflow backup restore"), "it says what to type");
    assert_eq!(server.call(Request::post("/echo").json("{}")).await.error(), (404, "route_not_found".to_owned()));
}

#[tokio::test]
async fn path_that_is_no_text_is_an_error_of_ours() {
    let server = TestServer::start().await;
    for path in ["/events/%ff", "/api/v1/schemas/%c3%28"] {
        assert_eq!(server.get(path).await.error(), (400, "invalid_parameter".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn wrong_method_is_told_the_right_ones() {
    let server = TestServer::start().await;
    for (method, path, allow) in
        [("DELETE", "/events", "POST"), ("POST", "/health", "GET,HEAD"), ("PUT", "/api/v1/query", "POST")]
    {
        let answer = server.call(Request::new(method, path)).await;
        assert_eq!(answer.error(), (405, "method_not_allowed".to_owned()), "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn echo_exists_for_a_benchmark_only_and_is_as_long_as_an_acknowledgement() {
    let server = TestServer::with(|options| options.echo = Echo::On).await;
    let echo = server.call_on(Role::Ingestion, Request::post("/echo").json(CLICK)).await;
    assert_eq!(echo.status, 201);
    let real = server.post_event(CLICK).await;
    assert!(echo.head.len().abs_diff(real.head.len()) <= 2, "{} and {}", echo.head, real.head);
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let server = TestServer::start().await;
    server.post_event(CLICK).await;
    server.post_event("{").await;
    server.get("/nowhere").await;
    let text = server.get("/metrics").await.text();
    for line in [
        "streamflow_http_requests_total{method=\"POST\",route=\"/events\",status=\"201\"} 1",
        "streamflow_http_requests_total{method=\"POST\",route=\"/events\",status=\"400\"} 1",
        "streamflow_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
        "streamflow_http_errors_total{code=\"invalid_json\"} 1",
        "streamflow_http_request_seconds_count{method=\"POST\",route=\"/events\"} 2",
        "streamflow_ingest_events_accepted_total 1",
        "streamflow_tail_events 1",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("streamflow_")), "{text}");
}

#[tokio::test]
async fn description_is_served_on_the_gateway() {
    let server = TestServer::start().await;
    let document = server.get("/openapi.json").await.json();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..2]), Some("3."));
    assert_eq!(server.call_on(Role::Ingestion, Request::get("/openapi.json")).await.status, 404);
}
