use super::*;

fn outcome(options: &ServerOptions, method: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::builder().method(method).uri("/events");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match Access::new(options).check(&request.body(()).unwrap()) {
        Ok(principal) => principal.name.to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn host_is_loopback_or_named() {
    let named = ServerOptions { hosts: vec!["Flow.example".to_owned()], ..ServerOptions::default() };
    let check = |host: &str, expected: &str| assert_eq!(outcome(&named, "GET", &[("host", host)]), expected, "{host}");
    check("localhost", "local");
    check("LOCALHOST:8001", "local");
    check("127.0.0.1:8001", "local");
    check("127.9.9.9", "local");
    check("[::1]:8001", "local");
    check("[::ffff:127.0.0.1]:1", "local");
    check("flow.example:8001", "local");
    check("evil.example", "forbidden_host");
    check("localhost.evil.example", "forbidden_host");
    check("evil.example:localhost", "forbidden_host");
    check("192.168.1.5", "forbidden_host");
    check("", "forbidden_host");
    assert_eq!(outcome(&named, "GET", &[]), "forbidden_host", "no host at all");
    let two = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(outcome(&named, "GET", &two), "forbidden_host", "one of two");
}

#[test]
fn address_of_an_exposed_server_names_it() {
    let exposed = ServerOptions { host: IpAddr::from([0, 0, 0, 0]), ..ServerOptions::default() };
    assert_eq!(outcome(&exposed, "GET", &[("host", "192.168.1.5:8001")]), "local");
    assert_eq!(outcome(&exposed, "GET", &[("host", "rebound.example")]), "forbidden_host");
}

#[test]
fn absolute_address_is_checked_like_the_header() {
    let request = Request::get("http://evil.example/events").header("host", "localhost").body(()).unwrap();
    let refused = Access::new(&ServerOptions::default()).check(&request).unwrap_err();
    assert_eq!(refused.code(), "forbidden_host");
}

#[test]
fn page_of_another_origin_may_not_write() {
    let listed = ServerOptions { cors_origins: vec!["http://app.example".to_owned()], ..ServerOptions::default() };
    let check = |method: &str, origin: &str, upgrade: bool, expected: &str| {
        let mut headers = vec![("host", "localhost"), ("origin", origin)];
        if upgrade {
            headers.push(("upgrade", "websocket"));
        }
        assert_eq!(outcome(&listed, method, &headers), expected, "{method} {origin}");
    };
    check("POST", "http://app.example", false, "local");
    check("POST", "http://evil.example", false, "forbidden_origin");
    check("POST", "null", false, "forbidden_origin");
    check("DELETE", "http://app.example.evil.example", false, "forbidden_origin");
    check("GET", "http://evil.example", false, "local");
    check("GET", "http://evil.example", true, "forbidden_origin");
    check("GET", "http://app.example", true, "local");
}

#[test]
fn token_is_asked_for_when_there_is_one() {
    let guarded = ServerOptions { token: Some("s3cret".to_owned()), ..ServerOptions::default() };
    let open = ServerOptions::default();
    let check = |options: &ServerOptions, sent: &str, expected: &str| {
        assert_eq!(outcome(options, "POST", &[("host", "localhost"), ("authorization", sent)]), expected, "{sent}");
    };
    check(&guarded, "Bearer s3cret", "token");
    check(&guarded, "bearer s3cret", "token");
    check(&guarded, "Bearer s3cre", "unauthorized");
    check(&guarded, "Bearer s3crets", "unauthorized");
    check(&guarded, "Basic s3cret", "unauthorized");
    check(&guarded, "s3cret", "unauthorized");
    check(&open, "Bearer demo", "local");
    assert_eq!(outcome(&guarded, "POST", &[("host", "localhost")]), "unauthorized");
    assert_eq!(outcome(&open, "POST", &[("host", "localhost")]), "local");
}
