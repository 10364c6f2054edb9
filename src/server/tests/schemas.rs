use serde_json::json;

use super::harness::{Request, TestServer};

const SCHEMA: &str = r#"{"mode":"reject","schema":{"type":"object","required":["page"],"properties":{"page":{"type":"string"}}}}"#;
const GOOD: &str = r#"{"type":"web.click","source":"s","data":{"page":"/"}}"#;
const BAD: &str = r#"{"type":"web.click","source":"s","data":{"page":7}}"#;

async fn with_folder(folder: &tempfile::TempDir) -> TestServer {
    let dir = folder.path().join("schemas");
    TestServer::with(|options| options.schemas_dir = Some(dir)).await
}

#[tokio::test]
async fn schema_holds_from_the_next_request_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_folder(&folder).await;
    let path = "/api/v1/schemas/web.click";
    assert_eq!(server.get(path).await.error(), (404, "schema_not_found".to_owned()));
    assert_eq!(server.post_event(BAD).await.status, 201);

    let put = server.call(Request::new("PUT", path).json(SCHEMA)).await;
    assert_eq!((put.status, &put.json()["data"]["type"]), (200, &json!("web.click")), "{}", put.text());
    assert_eq!(server.post_event(BAD).await.error(), (422, "schema_violation".to_owned()));
    assert_eq!(server.post_event(GOOD).await.status, 201);
    assert_eq!(server.post_event(r#"{"type":"other","source":"s","data":{"page":7}}"#).await.status, 201);
    let list = server.get("/api/v1/schemas").await.json();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["mode"]), (1, &json!("reject")));

    let warn = SCHEMA.replace("reject", "warn");
    server.call(Request::new("PUT", path).json(&warn)).await;
    assert_eq!(server.post_event(BAD).await.status, 201);
    server.call(Request::new("PUT", path).json(SCHEMA)).await;
    assert_eq!(server.call(Request::new("DELETE", path)).await.status, 204);
    assert_eq!(server.post_event(BAD).await.status, 201);
    assert_eq!(server.call(Request::new("DELETE", path)).await.error(), (404, "schema_not_found".to_owned()));
}

#[tokio::test]
async fn schema_is_a_file_of_the_project_and_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let put = with_folder(&folder).await.call(Request::new("PUT", "/api/v1/schemas/web.click").json(SCHEMA)).await;
    assert_eq!(put.status, 200);
    let file = std::fs::read_to_string(folder.path().join("schemas/web.click.json")).unwrap();
    assert!(file.contains("\"x-streamflow-mode\": \"reject\""), "{file}");
    let server = with_folder(&folder).await;
    assert_eq!(server.post_event(BAD).await.error(), (422, "schema_violation".to_owned()));
}

#[tokio::test]
async fn what_is_no_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_folder(&folder).await;
    let check = async |path: &str, body: &str, status: u16, code: &str| {
        let answer = server.call(Request::new("PUT", &format!("/api/v1/schemas/{path}")).json(body)).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{path} {body}");
    };
    check("a", "{", 400, "invalid_json").await;
    check("a", "{}", 400, "invalid_parameter").await;
    check("a", r#"{"schema":{"type":"strng"}}"#, 400, "invalid_parameter").await;
    check("a", r#"{"schema":{},"mode":"maybe"}"#, 400, "invalid_parameter").await;
    check("a", r#"{"schema":{},"type":"b"}"#, 400, "invalid_parameter").await;
    check("..%2F..%2Fetc", r#"{"schema":{}}"#, 400, "invalid_parameter").await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
    let homeless = TestServer::start().await.call(Request::new("PUT", "/api/v1/schemas/a").json(r#"{"schema":{}}"#)).await;
    assert_eq!(homeless.error(), (503, "storage_unavailable".to_owned()));
}
