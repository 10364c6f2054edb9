use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::harness::{CLICK, Request, TestServer};
use crate::server::options::Role;

fn ask<'a>(sql: &str) -> Request<'a> {
    Request::post("/api/v1/query").json(&json!({ "sql": sql }).to_string())
}

#[tokio::test]
async fn answer_has_the_form_that_is_accepted() {
    let server = TestServer::start().await;
    server.post_event(CLICK).await;
    let sql = "SELECT source, 1 AS n, user_id, CAST(NULL AS VARCHAR) AS nothing FROM events";
    let check = async |accept: &str, content_type: &str, start: &[u8]| {
        let answer = server.call(ask(sql).header("accept", accept)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{}", answer.text());
        assert!(answer.body.starts_with(start), "{accept}: {}", answer.text());
        assert_eq!(answer.header("streamflow-truncated"), Some("false"));
    };
    check(
        "application/x-ndjson",
        "application/x-ndjson",
        b"{\"source\":\"web-app\",\"n\":1,\"user_id\":\"user_12345\"",
    )
    .await;
    check("text/csv", "text/csv; charset=utf-8; header=present", b"source,n,user_id,nothing\nweb-app,1,user_12345,\n")
        .await;
    check("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream", b"\xff\xff\xff\xff").await;
    check("application/vnd.apache.parquet", "application/vnd.apache.parquet", b"PAR1").await;
    let json = server.call(ask(sql)).await.json();
    assert_eq!(json["rows"], json!([["web-app", 1, "user_12345", null]]));
    assert_eq!(
        (&json["columns"][1]["name"], &json["truncated"], &json["stats"]["rows"]),
        (&json!("n"), &json!(false), &json!(1))
    );
    assert_eq!(server.call(ask(sql).header("accept", "image/png")).await.error(), (406, "not_acceptable".to_owned()));
}

#[tokio::test]
async fn cut_answer_says_so_twice() {
    let server = TestServer::start().await;
    server.post_event(&format!("[{CLICK},{CLICK},{CLICK}]")).await;
    let body = r#"{"sql":"SELECT _offset FROM events ORDER BY 1","max_rows":2}"#;
    let answer = server.call(Request::post("/api/v1/query").json(body)).await;
    assert_eq!((answer.json()["rows"].clone(), answer.json()["truncated"].clone()), (json!([[0], [1]]), json!(true)));
    assert_eq!(answer.header("streamflow-truncated"), Some("true"));
}

#[tokio::test]
async fn parameters_go_by_name_or_number() {
    let server = TestServer::start().await;
    server.post_event(CLICK).await;
    let check = async |body: &str| {
        let answer = server.call(Request::post("/api/v1/query").json(body)).await;
        assert_eq!(answer.json()["rows"], json!([[1]]), "{body}");
    };
    check(r#"{"sql":"SELECT count(*) FROM events WHERE source = $s","params":{"s":"web-app"}}"#).await;
    check(r#"{"sql":"SELECT count(*) FROM events WHERE source = $1","params":["web-app"]}"#).await;
}

#[tokio::test]
async fn each_bad_statement_has_its_code() {
    let server = TestServer::start().await;
    server.post_event(CLICK).await;
    let check = async |sql: &str, status: u16, code: &str| {
        assert_eq!(server.call(ask(sql)).await.error(), (status, code.to_owned()), "{sql}");
    };
    check("SELEC 1", 400, "sql_syntax").await;
    check("SELECT 1; SELECT 2", 400, "several_statements").await;
    check("INSERT INTO events VALUES (1)", 400, "sql_read_only").await;
    check("DELETE FROM events", 400, "sql_read_only").await;
    check("DROP TABLE events", 400, "sql_read_only").await;
    check("CREATE TABLE x AS SELECT 1", 400, "sql_read_only").await;
    check("COPY events TO '/tmp/x.csv'", 400, "sql_read_only").await;
    check("SELECT * FROM evnts", 400, "unknown_table").await;
    check("SELECT sorce FROM events", 400, "unknown_column").await;
    check("SELECT frobnicate(1)", 400, "unknown_function").await;
    check("SELECT $x", 400, "missing_param").await;
    check("SELECT 1 / 0 FROM events", 422, "query_failed").await;
}

#[tokio::test]
async fn statement_that_runs_for_ever_is_stopped() {
    let server = TestServer::start().await;
    let endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    for sql in [endless, "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b"] {
        let body = json!({ "sql": sql, "timeout": "500ms" }).to_string();
        let began = std::time::Instant::now();
        let answer = server.call(Request::post("/api/v1/query").json(&body)).await;
        assert_eq!(answer.error(), (408, "query_timeout".to_owned()), "{sql}");
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{sql} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn schema_lists_tables_columns_paths_and_functions() {
    let server = TestServer::start().await;
    server.post_event(CLICK).await;
    let data = server.get("/api/v1/query/schema").await.json()["data"].clone();
    let names = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&data["tables"]), ["events", "rejected_events"]);
    assert_eq!(names(&data["tables"][0]["columns"]), streamflow_core::event::COLUMNS);
    assert!(names(&data["tables"][0]["paths"]).contains(&"data.page".to_owned()));
    assert!(data["functions"].as_array().unwrap().contains(&json!("count")));
}

/// What takes ten thousand million steps over a hundred events.
const LONG: &str = "count(*) FROM events a, events b, events c, events d, events e \
                    WHERE a._offset + b._offset + c._offset + d._offset + e._offset < 0";

/// Sends a statement that is answered in frames, and returns their data.
async fn frames(server: &TestServer, body: &str) -> Vec<Value> {
    let answer = server.call(Request::post("/api/v1/query").header("accept", "text/event-stream").json(body)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")), "{}", answer.text());
    let text = answer.text();
    let events = text.split_terminator("\n\n").map(|event| {
        let (kind, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], kind);
        data
    });
    events.collect()
}

#[tokio::test]
async fn rows_come_in_frames_while_they_are_found() {
    let server = TestServer::start().await;
    server.post_event(&format!("[{}]", vec![CLICK; 100].join(","))).await;
    let all = frames(&server, r#"{"sql":"SELECT _offset, data.nothing FROM events ORDER BY 1"}"#).await;
    let kinds: Vec<&str> = all.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["columns", "rows", "rows", "rows", "rows", "end"]);
    assert_eq!(all[0]["columns"][0], json!({"name": "_offset", "type": "integer"}));
    assert!(all[0]["notes"][0].as_str().unwrap().contains("data.nothing"), "{}", all[0]);
    let rows: Vec<u64> = all[1..5]
        .iter()
        .flat_map(|frame| frame["rows"].as_array().unwrap())
        .map(|row| row[0].as_u64().unwrap())
        .collect();
    assert_eq!(rows, (0..100).collect::<Vec<_>>());
    assert_eq!((&all[5]["truncated"], &all[5]["stats"]["rows"]), (&json!(false), &json!(100)));
    assert_eq!(all[5]["stats"]["rows_scanned"], json!(100));

    let cut = frames(&server, r#"{"sql":"SELECT _offset FROM events ORDER BY 1","max_rows":2}"#).await;
    assert_eq!(cut[1]["rows"], json!([[0], [1]]));
    assert_eq!((&cut[2]["truncated"], &cut[2]["stats"]["rows"], cut.len()), (&json!(true), &json!(2), 3));
    let whole = frames(&server, r#"{"sql":"SELECT _offset FROM events","max_rows":100}"#).await;
    assert_eq!(whole.last().unwrap()["truncated"], json!(false), "as many rows as were asked for are no more");
}

#[tokio::test]
async fn a_statement_that_fails_says_so_before_its_frames_or_in_the_last() {
    let server = TestServer::start().await;
    server.post_event(&format!("[{}]", vec![CLICK; 100].join(","))).await;
    let wrong =
        Request::post("/api/v1/query").header("accept", "text/event-stream").json(r#"{"sql":"SELECT nothing"}"#);
    assert_eq!(server.call(wrong).await.status, 400);
    let failed = frames(&server, r#"{"sql":"SELECT 1 / (_offset - 70) FROM events"}"#).await;
    let last = failed.last().unwrap();
    assert_eq!((&last["type"], &last["error"]["code"]), (&json!("error"), &json!("query_failed")), "{last}");
    let long = json!({ "sql": format!("SELECT {LONG}"), "timeout": "50ms" }).to_string();
    let late = frames(&server, &long).await;
    assert_eq!(late.last().unwrap()["error"]["code"], json!("query_timeout"), "{late:?}");
}

#[tokio::test]
async fn status_tells_which_statements_run_and_how_those_before_them_ended() {
    let server = TestServer::start().await;
    server.post_event(&format!("[{}]", vec![CLICK; 100].join(","))).await;
    server.call(ask("SELECT 1")).await;
    server.call(ask("SELECT nothing")).await;
    let mut asking = server.connect(Role::Analytics).await;
    asking.write_all(&ask(&format!("SELECT\n  {LONG}")).bytes()).await.unwrap();
    let status = async || server.get("/api/v1/status").await.json()["data"].clone();
    let running = async |count: usize| {
        for _ in 0..200 {
            let status = status().await;
            if status["queries"]["running"].as_array().unwrap().len() == count {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not {count} statements run: {}", status().await)
    };
    let told = running(1).await;
    assert_eq!(told["queries"]["running"][0]["sql"], json!(format!("SELECT {LONG}")));
    assert_eq!((&told["queries"]["answered"], &told["queries"]["failed"]), (&json!(1), &json!(1)));
    drop(asking);
    assert_eq!(running(0).await["queries"]["cancelled"], json!(1), "nobody waits for it any more");
    if cfg!(target_os = "linux") {
        assert!(told["process"]["memory_bytes"].as_u64().unwrap() > 1 << 20, "{told}");
        assert!(told["process"]["threads"].as_u64().unwrap() > 1, "{told}");
    }
    let metrics = server.get("/metrics").await.text();
    assert!(metrics.contains("streamflow_query_cancelled_total 1"), "{metrics}");
    assert!(metrics.contains("streamflow_query_running 0"), "{metrics}");
}
