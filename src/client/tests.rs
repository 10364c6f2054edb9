use std::convert::Infallible;
use std::time::Duration;

use ::http::{Response as HttpResponse, StatusCode};
use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use tower::service_fn;

use super::*;

/// A router that answers every request with this status, header and body, in pieces of three bytes.
fn answering(status: u16, retry_after: Option<&'static str>, body: &'static str) -> Client {
    Client::in_process(service_fn(move |_request: ::http::Request<Full<Bytes>>| async move {
        let pieces = body.as_bytes().chunks(3).map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece))));
        let mut response = HttpResponse::new(StreamBody::new(stream::iter(pieces)));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert("retry-after", seconds.parse().unwrap());
        }
        Ok(response)
    }))
}

/// A router that answers with what it was asked.
fn echo() -> Client {
    Client::in_process(service_fn(|request: ::http::Request<Full<Bytes>>| async move {
        let line = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Ok(HttpResponse::new(Full::new(Bytes::from(format!("{line}\n{}", String::from_utf8_lossy(&body))))))
    }))
}

async fn text(response: Response) -> String {
    String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_built() {
    let request = Request::post("/events").segment("a/b c").query("filter", "a='ü' & b").json(&[1, 2]);
    let echoed = text(echo().send(request).await.unwrap()).await;
    let (line, body) = echoed.split_once('\n').unwrap();
    assert!(line.starts_with("POST /events/a%2Fb%20c?filter=a%3D%27%C3%BC%27+%26+b "), "{line}");
    assert!(
        line.contains(r#""host": "localhost""#) && line.contains(r#""content-type": "application/json""#),
        "{line}"
    );
    assert_eq!(body, "[1,2]");
}

#[tokio::test]
async fn an_error_answer_becomes_its_code_hint_and_waiting_time() {
    let body =
        r#"{"error":{"code":"rate_limited","message":"too many requests","hint":"slow down","request_id":"r1"}}"#;
    let error = answering(429, Some("7"), body).send(Request::get("/events")).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    let ClientError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!((refusal.status, refusal.detail.code.as_str()), (429, "rate_limited"));
    assert_eq!(refusal.detail.hint.as_deref(), Some("slow down"));
}

#[tokio::test]
async fn a_foreign_answer_is_called_foreign_but_a_proxy_is_waited_for() {
    let error = answering(404, None, "<html>nothing here</html>").send(Request::get("/ready")).await.unwrap_err();
    assert!(matches!(error, ClientError::Foreign { .. }) && !error.is_transient(), "{error}");
    let error = answering(503, Some("2"), "<html>soon</html>").send(Request::get("/ready")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    let error = answering(200, None, "{").send(Request::get("/ready")).await.unwrap();
    assert!(matches!(error.json::<serde_json::Value>().await, Err(ClientError::Foreign { .. })));
}

#[tokio::test]
async fn lines_are_cut_wherever_the_pieces_end() {
    let mut lines = answering(200, None, "one\r\n\ntwo and more\nthree").send(Request::get("/")).await.unwrap().lines();
    for expected in ["one", "", "two and more", "three"] {
        assert_eq!(lines.next().await.unwrap().unwrap(), expected);
    }
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn server_sent_events_keep_their_data_and_lose_the_rest() {
    let body = ": alive\n\nevent: event\ndata: {\"a\":1}\n\ndata:two\ndata: lines\nid: 4\n\ndata: cut off";
    let mut events = answering(200, None, body).send(Request::get("/")).await.unwrap().sse_events();
    assert_eq!(events.next().await.unwrap().unwrap(), "{\"a\":1}");
    assert_eq!(events.next().await.unwrap().unwrap(), "two\nlines");
    assert_eq!(events.next().await.unwrap(), None);
}

#[tokio::test]
async fn nobody_waits_longer_than_the_patience() {
    let client = Client::in_process(service_fn(|_: ::http::Request<Full<Bytes>>| async {
        std::future::pending::<()>().await;
        Ok(HttpResponse::new(Full::new(Bytes::new())))
    }));
    let error = client.send(Request::get("/").within(Duration::from_millis(20))).await.unwrap_err();
    assert_eq!(error.to_string(), "the project's data did not answer within 0.02 s");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::http(&url, Some("secret")).unwrap().send(Request::get("/ready")).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to {url}: connection refused"));
}

#[test]
fn an_address_that_is_none_is_refused_at_once() {
    for url in ["localhost:8005", "ftp://localhost", "http://", ""] {
        assert!(matches!(Client::http(url, None), Err(ClientError::Unusable { .. })), "{url}");
    }
    assert!(matches!(Client::http("http://localhost:1", Some("a\nb")), Err(ClientError::Unusable { .. })));
}
