//! History as routes: what it holds, sealing, merging, removing what is too old, looking for damage.

mod describe;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use streamflow_engine::object::Location;

use crate::api::error::ErrorBody;
use crate::api::storage::{
    BackupAnswer, BackupInfo, BackupParams, CompactAnswer, RetentionAnswer, SealAnswer, SegmentInfo, SegmentsParams,
    StorageStats, VerifyAnswer,
};
use crate::api::{Page, Success};
use crate::server::answer;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, choice, number};

/// Files of a page when nobody says how many.
const PAGE_FILES_DEFAULT: u64 = 100;
/// The most files of a page.
const PAGE_FILES_MAX: u64 = 1_000;

/// Show what is stored and where it stands.
#[utoipa::path(
    get, path = "/api/v1/storage/stats", tag = "storage",
    responses(
        (status = 200, description = "Events, files and bytes", body = Success<StorageStats>),
        (status = 503, description = "The catalog can not be read", body = ErrorBody),
    )
)]
pub(crate) async fn stats(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let engine = app.engine.clone();
    let stats = blocking(move || Ok(describe::stats(&engine.history_stats()?, &engine.stats()))).await?;
    Ok(answer::json(&Success::new(stats)))
}

/// Seal every event acknowledged so far, so that other engines see it.
#[utoipa::path(
    post, path = "/api/v1/storage/seal", tag = "storage",
    responses(
        (status = 200, description = "What was sealed", body = Success<SealAnswer>),
        (status = 503, description = "Nothing was sealed; the events are in the journal", body = ErrorBody),
    )
)]
pub(crate) async fn seal(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let engine = app.engine.clone();
    let report = blocking(move || Ok(engine.seal()?)).await?;
    Ok(answer::json(&Success::new(describe::sealed(report))))
}

/// List the files of history, oldest offsets first.
#[utoipa::path(
    get, path = "/api/v1/storage/segments", tag = "storage", params(SegmentsParams),
    responses(
        (status = 200, description = "One page", body = Page<SegmentInfo>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn segments(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<SegmentsParams>,
) -> Result<Response, ApiError> {
    let limit = number("limit", parameters.limit.as_deref(), PAGE_FILES_DEFAULT, 1..=PAGE_FILES_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let table = choice("table", parameters.table.as_deref(), &["", "events", "rejected_events"])?.to_owned();
    let engine = app.engine.clone();
    let mut files: Vec<SegmentInfo> = blocking(move || {
        let files = engine.history_files()?.into_iter().filter(|file| table.is_empty() || file.table == table);
        Ok(files.map(describe::segment).collect())
    })
    .await?;
    if let Some(cursor) = &parameters.cursor {
        let after = read_cursor(cursor)?;
        files.retain(|file| place(file) > after);
    }
    let more = files.len() > limit;
    files.truncate(limit);
    let next_cursor = files.last().filter(|_| more).map(|file| {
        let (table, offset, name) = place(file);
        format!("{table}:{offset}:{name}")
    });
    Ok(answer::json(&Page { success: true, data: files, next_cursor }))
}

/// Returns what files are listed by: no two have the same.
fn place(file: &SegmentInfo) -> (String, i64, String) {
    (file.table.clone(), file.first_offset, file.name.clone())
}

fn read_cursor(text: &str) -> Result<(String, i64, String), ApiError> {
    let mut parts = text.splitn(3, ':');
    let read = || Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?.to_owned()));
    let wrong = || ApiError::parameter("cursor", text, "not a cursor").hint("pass the next_cursor of the page before");
    std::iter::once_with(read).next().flatten().ok_or_else(wrong)
}

/// Merge files of history until there are as few as can be.
///
/// The server does so by itself where it is worth it; answers do not change.
#[utoipa::path(
    post, path = "/api/v1/storage/compact", tag = "storage",
    responses(
        (status = 200, description = "What was merged", body = Success<CompactAnswer>),
        (status = 503, description = "Not all was merged; nothing is lost", body = ErrorBody),
    )
)]
pub(crate) async fn compact(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let engine = app.engine.clone();
    let report = blocking(move || Ok(engine.compact()?)).await?;
    Ok(answer::json(&Success::new(describe::merged(report))))
}

/// Remove every sealed row that is too old by the settings.
///
/// The server does so by itself every hour; a file of which only some rows are too old waits there until they are overdue
/// by a day.
#[utoipa::path(
    post, path = "/api/v1/storage/retention", tag = "storage",
    responses(
        (status = 200, description = "What was removed", body = Success<RetentionAnswer>),
        (status = 503, description = "Not all was removed", body = ErrorBody),
    )
)]
pub(crate) async fn retention(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let engine = app.engine.clone();
    let report = blocking(move || Ok(engine.expire()?)).await?;
    Ok(answer::json(&Success::new(describe::removed(report))))
}

/// Look whether everything on disk is what was written.
///
/// Reads every file of history and of the journal whole, and every row of the catalog.
#[utoipa::path(
    post, path = "/api/v1/storage/verify", tag = "storage",
    responses(
        (status = 200, description = "What was looked at, and what is wrong", body = Success<VerifyAnswer>),
        (status = 503, description = "The catalog or the journal can not be read at all", body = ErrorBody),
    )
)]
pub(crate) async fn verify(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let engine = app.engine.clone();
    let report = blocking(move || Ok(engine.verify()?)).await?;
    Ok(answer::json(&Success::new(describe::verified(&report))))
}

/// List the backups, oldest first.
#[utoipa::path(
    get, path = "/api/v1/storage/backups", tag = "storage",
    responses(
        (status = 200, description = "The backups that can be read", body = Success<Vec<BackupInfo>>),
        (status = 409, description = "No folder of backups is set", body = ErrorBody),
    )
)]
pub(crate) async fn backups(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let engine = app.engine.clone();
    let found = blocking(move || Ok(engine.backups()?)).await?;
    let readable = found.iter().filter_map(|backup| match backup {
        Ok(manifest) => Some(describe::backup(manifest)),
        Err(error) => {
            tracing::warn!(%error, "a backup is not listed");
            None
        }
    });
    Ok(answer::json(&Success::new(readable.collect::<Vec<BackupInfo>>())))
}

/// Make a backup of every event acknowledged so far.
///
/// It goes to the place that the server's settings name, or to a store; files that earlier backups have are not copied again.
#[utoipa::path(
    post, path = "/api/v1/storage/backups", tag = "storage", params(BackupParams),
    responses(
        (status = 200, description = "The backup", body = Success<BackupAnswer>),
        (status = 400, description = "`to` is no store", body = ErrorBody),
        (status = 409, description = "No folder of backups is set", body = ErrorBody),
        (status = 503, description = "No backup was made", body = ErrorBody),
    )
)]
pub(crate) async fn create_backup(
    State(app): State<Arc<App>>,
    Parameters(parameters): Parameters<BackupParams>,
) -> Result<Response, ApiError> {
    let to = parameters.to.as_deref().map(store).transpose()?;
    let engine = app.engine.clone();
    let report = blocking(move || Ok(engine.backup(to.as_ref())?)).await?;
    Ok(answer::json(&Success::new(describe::backed_up(&report))))
}

/// A server does not take away the data that it serves: what it does here is to say what to type.
pub(crate) async fn restore() -> ApiError {
    ApiError::new("not_built", "a server does not replace the data that it serves")
        .hint("on its machine: `streamflow backup restore DIR --to '<time>'`, then point storage.path to DIR and start it again")
}

/// Reads a place for a backup. A folder of the server's machine is for its settings to name.
fn store(text: &str) -> Result<Location, ApiError> {
    let wrong = |reason: String| ApiError::parameter("to", text, &reason).hint("write s3://bucket/prefix");
    match Location::parse(text) {
        Ok(Location::Folder(_)) => Err(wrong("a folder, not a store".to_owned())),
        Ok(store) => Ok(store),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Returns a backup as the routes tell it.
#[must_use]
pub fn backup_info(manifest: &streamflow_engine::backup::Manifest) -> BackupInfo {
    describe::backup(manifest)
}

/// Returns a report on a folder that no server has, as the route would.
///
/// # Errors
/// When the catalog or the journal can't be read at all; in words for a person at this machine.
pub fn verify_folder(options: &streamflow_engine::EngineOptions) -> Result<VerifyAnswer, String> {
    let report = streamflow_engine::verify_folder(options).map_err(|error| error.to_string())?;
    Ok(describe::verified(&report))
}

/// Disks take their time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::internal("work on history ended badly", &error))?
}
