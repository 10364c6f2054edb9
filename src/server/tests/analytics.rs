use serde_json::{Value, json};

use super::harness::{Request, TestServer};

async fn filled() -> TestServer {
    let server = TestServer::start().await;
    let event = |user: &str, kind: &str, page: &str, minute: u32| {
        json!({"type": kind, "source": "web", "user_id": user, "session_id": user,
            "timestamp": format!("2026-03-02T10:{minute:02}:00Z"), "data": {"page": page}})
    };
    let events = json!([
        event("ann", "web.pageview", "/", 0),
        event("ann", "web.click", "/cart", 1),
        event("ann", "order.paid", "/paid", 2),
        event("bob", "web.pageview", "/", 3),
        event("bob", "web.click", "/cart", 4),
        event("cid", "web.pageview", "/", 5),
    ]);
    let answer = server.post_event(&events.to_string()).await;
    assert_eq!(answer.json()["accepted"], 6);
    server
}

const MARCH: &str = "since=2026-03-01&until=2026-03-04";

async fn ask(server: &TestServer, route: &str) -> Value {
    let separator = if route.contains('?') { '&' } else { '?' };
    let answer = server.get(&format!("/api/v1/analytics/{route}{separator}{MARCH}")).await;
    assert_eq!(answer.status, 200, "{route}: {}", answer.text());
    answer.json()["data"].clone()
}

#[tokio::test]
async fn questions_are_answered() {
    let server = filled().await;
    let trends = ask(&server, "event-trends?interval=daily").await;
    let expected = json!([
        {"timestamp": "2026-03-01T00:00:00Z", "total": 0, "types": {}},
        {"timestamp": "2026-03-02T00:00:00Z", "total": 6, "types": {"order.paid": 1, "web.click": 2, "web.pageview": 3}},
        {"timestamp": "2026-03-03T00:00:00Z", "total": 0, "types": {}},
    ]);
    assert_eq!(trends, expected);
    let top = ask(&server, "top-pages?limit=1").await;
    assert_eq!(top, json!([{"page": "/", "event_count": 3, "unique_users": 3, "last_seen": "2026-03-02T10:05:00Z"}]));
    let users = ask(&server, "top-users").await;
    assert_eq!(
        (&users[0]["user_id"], &users[0]["event_count"], &users[0]["unique_users"]),
        (&json!("ann"), &json!(3), &json!(1))
    );
    assert_eq!(ask(&server, "event-types?filter=user_id=cid").await[0]["type"], "web.pageview");
    let funnel = ask(&server, "funnel?steps=web.pageview,web.click,order.paid").await;
    let reached: Vec<_> = funnel.as_array().unwrap().iter().map(|step| step["users"].as_u64().unwrap()).collect();
    assert_eq!(reached, [3, 2, 1]);
    let retention = ask(&server, "retention").await;
    assert_eq!(retention[0]["periods"][0], json!({"period": 0, "users": 3, "percentage": 100.0}));
    assert_eq!(retention[0]["cohort"], "2026-03-02");
    let sessions = ask(&server, "sessions").await;
    assert_eq!((&sessions["sessions"], &sessions["single_event_sessions"]), (&json!(3), &json!(1)));
    let paths = ask(&server, "paths?of=page").await;
    assert_eq!(paths.as_array().unwrap().len(), 3);
    assert!(paths.as_array().unwrap().contains(&json!({"path": ["/", "/cart"], "sessions": 1, "percentage": 33.33})));
}

#[tokio::test]
async fn days_begin_where_the_zone_says() {
    let server = filled().await;
    let trends = ask(&server, "event-trends?interval=1d&tz=America%2FNew_York").await;
    assert_eq!(trends[0]["timestamp"], "2026-03-01T00:00:00-05:00");
}

#[tokio::test]
async fn column_that_no_event_has_is_not_taken_for_one_without_values() {
    let server = filled().await;
    let check = async |by: &str, hint: &str| {
        let answer = server.get(&format!("/api/v1/analytics/event-trends?by={by}&{MARCH}")).await;
        assert_eq!(answer.error(), (400, "unknown_column".to_owned()), "{by}: {}", answer.text());
        assert_eq!(answer.json()["error"]["hint"], hint, "{by}");
    };
    check("sevrity", "did you mean \"severity\"?").await;
    check("data.pge", "did you mean \"data.page\"?").await;
    check("pge", "did you mean \"data.page\"?").await;
    assert_eq!(ask(&server, "event-trends?by=page&interval=daily").await[1]["types"]["/"], 3);
    let nothing_yet = TestServer::start().await;
    assert_eq!(nothing_yet.get("/api/v1/analytics/event-trends?by=data.page").await.status, 200);
}

#[tokio::test]
async fn filter_can_not_end_the_brackets_around_it() {
    let server = filled().await;
    for filter in [
        "1=1) OR (1=1",
        "true) OR (true",
        "'a' = 'b') OR ('a' = 'a'",
        "false) -- ",
        "false)\n/*",
        "$$'$$ = 'x') OR ('y' <> '",
        "`'` = 'x') OR ('y' <> '",
        "true; SELECT 1",
        "true AS x",
    ] {
        let encoded: String = filter.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for route in ["analytics/event-types", "analytics/sessions", "events", "events/live"] {
            let answer = server.get(&format!("/api/v1/{route}?filter={encoded}")).await;
            assert_eq!(answer.error(), (400, "invalid_filter".to_owned()), "{route} {filter}: {}", answer.text());
        }
    }
    assert_eq!(ask(&server, "event-types?filter=(type='order.paid')%20--%20only").await[0]["event_count"], 1);
}

#[tokio::test]
async fn wrong_parameter_is_named() {
    let server = TestServer::start().await;
    let check = async |route: &str, parameter: &str| {
        let answer = server.get(&format!("/api/v1/{route}")).await;
        assert_eq!(answer.error(), (400, "invalid_parameter".to_owned()), "{route}");
        assert_eq!(answer.json()["error"]["details"]["parameter"], parameter, "{route}: {}", answer.text());
    };
    check("analytics/event-trends?hours=many", "hours").await;
    check("analytics/event-trends?hours=-1", "hours").await;
    check("analytics/event-trends?hour=24", "hour").await;
    check("analytics/event-trends?interval=fast", "interval").await;
    check("analytics/event-trends?hours=87600&interval=1s", "interval").await;
    check("analytics/event-trends?tz=Mars", "tz").await;
    check("analytics/user-distribution?by=shoe_size", "by").await;
    check("analytics/top-sources?limit=0", "limit").await;
    check("analytics/top-sources?since=whenever", "since").await;
    check("analytics/funnel?steps=one", "steps").await;
    check("analytics/funnel?steps=a,b&within=now", "within").await;
    check("analytics/retention?period=month", "period").await;
    check("analytics/sessions?gap=0s", "gap").await;
    check("analytics/paths?depth=99", "depth").await;
    check("events?cursor=abc", "cursor").await;
    check("events/live?max_rate=0", "max_rate").await;
    let filter = server.get("/api/v1/events?filter=sorce%20LIKE%20'x'").await;
    assert_eq!(filter.error().0, 400);
}

#[tokio::test]
async fn events_come_page_by_page_and_each_once() {
    let server = filled().await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/events?limit=4".to_owned();
    loop {
        let page = server.get(&path).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|event| event["_offset"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/events?limit=4&cursor={cursor}");
    }
    assert_eq!(seen, [5, 4, 3, 2, 1, 0]);
    let filtered =
        server.get("/api/v1/events?filter=user_id%3Dbob&since=2026-03-02T10:04&until=2026-03-03").await.json();
    assert_eq!(filtered["data"].as_array().unwrap().len(), 1, "{filtered}");
}

#[tokio::test]
async fn rejected_events_are_listed_with_what_came_in() {
    let server = TestServer::start().await;
    server.post_event(r#"[{"source":"x"},{"type":"t"}]"#).await;
    server.call(Request::post("/events").header("content-type", "application/x-ndjson").body("nonsense\n")).await;
    let page = server.get("/api/v1/rejected?limit=2").await.json();
    assert_eq!((page["data"].as_array().unwrap().len(), page["data"][0]["code"].as_str()), (2, Some("invalid_json")));
    assert_eq!(page["data"][0]["raw"], "nonsense");
    let next = page["next_cursor"].as_str().unwrap();
    let rest = server.get(&format!("/api/v1/rejected?limit=2&cursor={next}")).await.json();
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    let missing = server.get("/api/v1/rejected?code=missing_field").await.json();
    assert_eq!(missing["data"].as_array().unwrap().len(), 2);
}
