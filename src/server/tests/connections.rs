use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::harness::{CLICK, Request, TestServer, read_all, read_answer, read_until};
use crate::server::options::{HttpLimits, Role};
use crate::telemetry::task;

fn impatient() -> HttpLimits {
    HttpLimits {
        header_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(600),
        drain_timeout: Duration::from_secs(2),
        ..HttpLimits::default()
    }
}

#[tokio::test]
async fn slow_head_is_told_and_closed() {
    let server = TestServer::with_limits(impatient()).await;
    let mut stream = server.connect(Role::Ingestion).await;
    let dripping = async {
        // One byte at a time, for ever: each comes before any timeout of its own.
        for byte in b"POST /events HTTP/1.1\r\nhost: localhost\r\nx: ".iter().chain(std::iter::repeat(&b'x')) {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let began = Instant::now();
    assert!(tokio::time::timeout(Duration::from_secs(10), dripping).await.is_ok(), "the server never closed");
    assert!(began.elapsed() < Duration::from_secs(5));

    let mut stream = server.connect(Role::Ingestion).await;
    stream.write_all(b"GET /health HT").await.unwrap();
    assert_eq!(read_answer(&mut stream).await.error(), (408, "header_timeout".to_owned()));
}

#[tokio::test]
async fn slow_body_is_told_and_nothing_is_stored() {
    let server = TestServer::with_limits(impatient()).await;
    for announced in ["content-length: 300", "transfer-encoding: chunked"] {
        let mut stream = server.connect(Role::Ingestion).await;
        let head = format!(
            "POST /events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{announced}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(b"1\r\n{").await.unwrap();
        assert_eq!(read_answer(&mut stream).await.error(), (408, "body_timeout".to_owned()), "{announced}");
    }
    assert!(server.get("/metrics").await.text().contains("streamflow_ingest_events_accepted_total 0"));
}

#[tokio::test]
async fn body_that_ends_early_is_told() {
    let server = TestServer::start().await;
    let mut stream = server.connect(Role::Ingestion).await;
    let request = Request::post("/events").header("content-length", "5000").json(CLICK);
    stream.write_all(&request.bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // hyper does not answer a client that is gone; what matters is that it is not waited for, and nothing is stored.
    let mut answer = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
    tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("201"));
}

#[tokio::test]
async fn silent_connection_is_closed_without_a_word() {
    let server = TestServer::with_limits(impatient()).await;
    let mut silent = server.connect(Role::Gateway).await;
    assert_eq!(read_all_of_silent(&mut silent).await, b"");

    let mut used = server.connect(Role::Gateway).await;
    used.write_all(&Request::get("/health").header("connection", "keep-alive").bytes()).await.unwrap();
    read_until(&mut used, "\"checks\"").await;
    let began = Instant::now();
    read_all_of_silent(&mut used).await;
    assert!(began.elapsed() < Duration::from_secs(5), "closed after {:?}", began.elapsed());
}

async fn read_all_of_silent(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(stream, &mut bytes);
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("closed in time").unwrap();
    bytes
}

#[tokio::test]
async fn kept_connection_serves_many_requests_and_a_pause_between_them() {
    let server = TestServer::with_limits(impatient()).await;
    let mut stream = server.connect(Role::Ingestion).await;
    let request = Request::post("/events").header("connection", "keep-alive").json(CLICK).bytes();
    for nth in 0..5 {
        stream.write_all(&request).await.unwrap();
        read_until(&mut stream, &format!("\"offset\":{nth}}}")).await;
        // Longer than a head may take: silence between requests has its own limit.
        tokio::time::sleep(Duration::from_millis(350)).await;
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::start().await;
    let mut stream = server.connect(Role::Ingestion).await;
    let mut bytes = Request::post("/events").header("connection", "keep-alive").json(CLICK).bytes().repeat(3);
    bytes.extend_from_slice(&Request::get("/nowhere").bytes());
    stream.write_all(&bytes).await.unwrap();
    let answers = String::from_utf8(read_all(&mut stream).await).unwrap();
    let places: Vec<_> = ["\"offset\":0}", "\"offset\":1}", "\"offset\":2}", "route_not_found"]
        .map(|text| answers.find(text).unwrap())
        .into();
    assert!(places.is_sorted(), "{answers}");
}

#[tokio::test]
async fn what_hyper_refuses_has_the_error_body_too() {
    let server = TestServer::start().await;
    let check = async |bytes: Vec<u8>, status: u16, code: &str| {
        let mut stream = server.connect(Role::Gateway).await;
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.error(), (status, code.to_owned()));
    };
    check(Request::get("/health").header("x", &"x".repeat(40 << 10)).bytes(), 431, "headers_too_large").await;
    let many = (0..200).fold(Request::get("/health"), |request, _| request.header("x", "y"));
    check(many.bytes(), 431, "headers_too_large").await;
    check(Request::get(&format!("/{}", "x".repeat(10 << 10))).bytes(), 414, "uri_too_long").await;
    check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello over TLS\r\n\r\n".to_vec(), 400, "invalid_parameter")
        .await;
    check(b"GET / HTTP/1.1\r\nhost localhost\r\n\r\n".to_vec(), 400, "invalid_parameter").await;
    check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), 400, "invalid_parameter").await;
}

#[tokio::test]
async fn client_that_has_sent_everything_gets_its_answer() {
    let server = TestServer::start().await;
    let mut stream = server.connect(Role::Ingestion).await;
    stream.write_all(&Request::post("/events").json(CLICK).bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 201);
}

#[tokio::test]
async fn connection_over_the_cap_is_refused_and_the_others_go_on() {
    let server = TestServer::with_limits(HttpLimits { connections: 2, ..HttpLimits::default() }).await;
    let mut first = server.connect(Role::Gateway).await;
    first.write_all(&Request::get("/health").header("connection", "keep-alive").bytes()).await.unwrap();
    read_until(&mut first, "\"checks\"").await;
    let _second = server.connect(Role::Gateway).await;
    let mut third = server.connect(Role::Ingestion).await;
    assert_eq!(read_answer(&mut third).await.error(), (503, "too_many_connections".to_owned()));
    first.write_all(&Request::get("/health").bytes()).await.unwrap();
    assert_eq!(read_answer(&mut first).await.status, 200);
}

#[tokio::test]
async fn stopping_lets_a_running_request_end_and_takes_no_other() {
    let server = TestServer::with_limits(HttpLimits { body_timeout: Duration::from_secs(10), ..impatient() }).await;
    let address = server.address(Role::Ingestion);
    let mut busy = server.connect(Role::Ingestion).await;
    let request = Request::post("/events").header("connection", "keep-alive").json(CLICK).bytes();
    let (begin, end) = request.split_at(request.len() - 5);
    busy.write_all(begin).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut live = server.connect(Role::Analytics).await;
    live.write_all(&Request::get("/api/v1/events/live").bytes()).await.unwrap();
    read_until(&mut live, ": subscribed").await;

    let stopping = task::spawn("shutdown", server.running.shutdown());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
    busy.write_all(end).await.unwrap();
    assert_eq!(read_answer(&mut busy).await.status, 201);
    read_all(&mut live).await;
    tokio::time::timeout(Duration::from_secs(1), stopping).await.expect("nothing is left to drain").unwrap();
}
