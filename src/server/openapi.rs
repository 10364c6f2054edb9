//! The description of the API, generated from the handlers and the wire types.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::OpenApi;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Ref, ResponseBuilder};
use utoipa::openapi::{OpenApi as Document, RefOr};

use crate::api;
use crate::server::answer;
use crate::server::routes::{self, Route};
use crate::server::{analytics, ingestion, live, probes, query, schemas, storage};

/// Collects what the handlers say of themselves.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "StreamFlow",
        description = "Events in, answers out. Errors have one form, `ErrorBody`; every code is in docs/error-codes.md.",
        license(name = "MIT")
    ),
    paths(
        probes::health, probes::ready, probes::metrics, probes::status,
        ingestion::openapi::post_events, ingestion::openapi::post_batch, ingestion::openapi::get_event,
        ingestion::openapi::websocket,
        analytics::openapi::event_trends, analytics::openapi::user_distribution, analytics::openapi::top_sources,
        analytics::openapi::top_pages, analytics::openapi::top_users, analytics::openapi::event_types,
        analytics::openapi::funnel, analytics::openapi::retention, analytics::openapi::sessions,
        analytics::openapi::paths, analytics::openapi::list_events, analytics::openapi::list_rejected,
        query::openapi::post_query, query::openapi::post_export, query::openapi::query_schema,
        live::openapi::live_sse, live::openapi::live_websocket,
        schemas::list, schemas::show, schemas::replace, schemas::remove,
        storage::stats, storage::seal, storage::segments, storage::compact, storage::retention, storage::verify,
        storage::backups, storage::create_backup,
        openapi_json,
    ),
    components(schemas(api::error::ErrorBody, api::live::LiveFrame)),
    security((), ("token" = [])),
)]
struct Described;

/// Describe this API.
#[utoipa::path(
    get, path = "/openapi.json", tag = "state",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object))
)]
pub(crate) async fn openapi_json() -> Response {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| answer::json_bytes(&document()));
    ([(CONTENT_TYPE, answer::JSON)], JSON.clone()).into_response()
}

/// Returns the document: the handlers' own words, and every route that is documented but not built.
pub(crate) fn document() -> Document {
    let mut document = Described::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_with(Components::new).add_security_scheme("token", token);
    for route in routes::all().iter().filter(|route| !route.is_built()) {
        add_not_built(&mut document, route);
    }
    document
}

fn add_not_built(document: &mut Document, route: &Route) {
    let body = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("ErrorBody")))).build();
    let response = ResponseBuilder::new().description("Not built in this version").content("application/json", body);
    let operation =
        OperationBuilder::new().summary(Some("Not built yet")).tag("later").response("501", response).build();
    let method = match route.method.as_str() {
        "GET" => HttpMethod::Get,
        "PUT" => HttpMethod::Put,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Post,
    };
    let item = PathItem::new(method, operation);
    match document.paths.paths.get_mut(route.path) {
        Some(known) => known.merge_operations(item),
        None => {
            document.paths.paths.insert(route.path.to_owned(), item);
        }
    }
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_this_description() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
        let page = reference::markdown(&serde_json::to_value(document()).unwrap());
        if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
            std::fs::write(path, &page).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap();
        assert!(kept == page, "run with UPDATE_DOCS=1 to rewrite docs/api.md");
    }
}
