//! The schemas of event types as routes: list, show, replace, remove. Each change holds from the next request on.

mod store;

pub(crate) use store::{Schemas, SchemasError};

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::api::Success;
use crate::api::error::ErrorBody;
use crate::api::schema::EventTypeSchema;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::ingestion::content;
use crate::server::parameters::Segment;
use crate::server::{answer, body};

/// List the schemas of event types.
#[utoipa::path(
    get, path = "/api/v1/schemas", tag = "storage",
    responses((status = 200, description = "All schemas, by type", body = Success<Vec<EventTypeSchema>>))
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Response {
    answer::json(&Success::new(app.schemas.all()))
}

/// Show the schema of an event type.
#[utoipa::path(
    get, path = "/api/v1/schemas/{type}", tag = "storage", params(("type" = String, Path, description = "An event type")),
    responses(
        (status = 200, description = "The schema", body = Success<EventTypeSchema>),
        (status = 404, description = "The type has no schema", body = ErrorBody),
    )
)]
pub(crate) async fn show(State(app): State<Arc<App>>, Segment(event_type): Segment) -> Result<Response, ApiError> {
    let schema = app.schemas.find(&event_type).ok_or_else(|| not_found(&event_type))?;
    Ok(answer::json(&Success::new(schema)))
}

/// Replace the schema of an event type, or give it its first one.
///
/// It is kept as `schemas/<type>.json` of the project and holds for every event from the next request on.
#[utoipa::path(
    put, path = "/api/v1/schemas/{type}", tag = "storage", params(("type" = String, Path, description = "An event type")),
    request_body = EventTypeSchema,
    responses(
        (status = 200, description = "The schema as it is kept", body = Success<EventTypeSchema>),
        (status = 400, description = "Not JSON, or no JSON Schema", body = ErrorBody),
        (status = 503, description = "There is no project folder to keep it in", body = ErrorBody),
    )
)]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    Segment(event_type): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, sent) = request.into_parts();
    content::require_json(&head.headers)?;
    let bytes = body::read(&head.headers, sent, &app.options.limits).await?;
    let schema = parse(event_type, &bytes)?;
    let kept = blocking(move || app.schemas.replace(&app.engine, schema)).await?;
    Ok(answer::json(&Success::new(kept)))
}

/// Remove the schema of an event type.
#[utoipa::path(
    delete, path = "/api/v1/schemas/{type}", tag = "storage",
    params(("type" = String, Path, description = "An event type")),
    responses(
        (status = 204, description = "The type has no schema any more"),
        (status = 404, description = "The type had none", body = ErrorBody),
    )
)]
pub(crate) async fn remove(State(app): State<Arc<App>>, Segment(event_type): Segment) -> Result<Response, ApiError> {
    let name = event_type.clone();
    match blocking(move || app.schemas.remove(&app.engine, &name)).await? {
        Some(_removed) => Ok(StatusCode::NO_CONTENT.into_response()),
        None => Err(not_found(&event_type)),
    }
}

/// The path names the type; a body that names another is a mistake.
fn parse(event_type: String, bytes: &[u8]) -> Result<EventTypeSchema, ApiError> {
    let mut schema: EventTypeSchema = serde_json::from_slice(bytes).map_err(|error| {
        let code = if error.is_data() { "invalid_parameter" } else { "invalid_json" };
        ApiError::new(code, error.to_string())
            .hint("send {\"mode\": \"reject\", \"schema\": {\"type\": \"object\", …}}")
    })?;
    if !schema.event_type.is_empty() && schema.event_type != event_type {
        return Err(ApiError::parameter("type", &schema.event_type, &format!("the path names {event_type:?}")));
    }
    schema.event_type = event_type;
    Ok(schema)
}

/// Files and compilation take their time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SchemasError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| ApiError::internal("a schema was not kept", &error))??)
}

fn not_found(event_type: &str) -> ApiError {
    ApiError::new("schema_not_found", format!("the type {event_type:?} has no schema"))
}

impl From<SchemasError> for ApiError {
    fn from(error: SchemasError) -> Self {
        match error {
            SchemasError::Schema(error) => Self::new("invalid_parameter", error.to_string()).hint(error.hint),
            SchemasError::NoFolder => Self::new("storage_unavailable", "there is no project folder to keep schemas in")
                .hint("make one with `streamflow init` and start the server there"),
            SchemasError::File { .. } => {
                tracing::error!(%error, "a schema was not kept");
                Self::plain("storage_unavailable")
            }
        }
    }
}
