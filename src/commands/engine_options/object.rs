//! What the settings say about object stores: where history and backups are, and how a store is reached.

use std::path::{Path, PathBuf};

use streamflow_engine::object::{Credentials, Location, Nearby, ObjectOptions, StoreAddress};

use crate::commands::Session;
use crate::printer::{CommandError, ExitStatus};
use crate::settings::{Secret, Settings};

const HISTORY: &str = "storage.location";
const BACKUPS: &str = "storage.backup_location";

/// Returns where history is; none is the data folder.
pub(super) fn history(settings: &Settings) -> Result<Option<StoreAddress>, CommandError> {
    let Some(text) = settings.text(HISTORY) else { return Ok(None) };
    match Location::parse(text) {
        Ok(Location::Store(address)) => Ok(Some(address)),
        Ok(Location::Folder(_)) => Err(wrong(HISTORY, &format!("{text} is no store"))
            .with_hint("write s3://bucket/prefix; a folder is named by storage.path")),
        Err(error) => Err(wrong(HISTORY, &error)),
    }
}

/// Returns where backups are, if anywhere.
pub(super) fn backups(settings: &Settings, current_dir: &Path) -> Result<Option<Location>, CommandError> {
    let Some(text) = settings.text(BACKUPS) else { return Ok(None) };
    match Location::parse(text).map_err(|error| wrong(BACKUPS, &error))? {
        Location::Folder(_) => Ok(settings.file(BACKUPS, current_dir).map(Location::Folder)),
        store => Ok(Some(store)),
    }
}

/// Returns the place that somebody wrote, or else that of the settings, if any.
///
/// # Errors
/// When it is no place.
pub(in crate::commands) fn location(
    written: Option<&str>,
    session: &Session,
) -> Result<Option<Location>, CommandError> {
    match written {
        Some(text) => Location::parse(text)
            .map(Some)
            .map_err(|error| CommandError::new("invalid_parameter", error.to_string(), ExitStatus::Usage)),
        None => backups(session.settings()?, &session.current_dir()?),
    }
}

/// Returns how stores are reached.
///
/// # Errors
/// When half a key is set.
pub(in crate::commands) fn object_options(settings: &Settings) -> Result<ObjectOptions, CommandError> {
    let text = |key: &str| settings.text(key).map(str::to_owned);
    let key = (text("storage.s3.access_key_id"), secret(settings, "storage.s3.secret_access_key"));
    let identity = (text("storage.s3.web_identity_token_file"), text("storage.s3.role_arn"));
    let credentials = match (key, identity) {
        ((Some(id), Some(key)), _) => {
            Credentials::Key { id, secret: key, session_token: secret(settings, "storage.s3.session_token") }
        }
        ((Some(_), None), _) => return Err(wrong("storage.s3.access_key_id", &"is set without secret_access_key")),
        ((None, Some(_)), _) => return Err(wrong("storage.s3.secret_access_key", &"is set without access_key_id")),
        ((None, None), (Some(token_file), Some(role))) => Credentials::WebIdentity { token_file, role },
        ((None, None), _) => Credentials::OfMachine,
    };
    let defaults = ObjectOptions::default();
    Ok(ObjectOptions {
        endpoint: text("storage.s3.endpoint"),
        region: text("storage.s3.region").unwrap_or(defaults.region),
        credentials,
        virtual_hosted: settings.is_on("storage.s3.virtual_hosted"),
        timeout: settings.duration("storage.s3.timeout"),
    })
}

fn secret(settings: &Settings, key: &str) -> Option<String> {
    settings.secret(key).map(Secret::reveal).map(str::to_owned)
}

/// Returns that nothing of a store is held on this machine: what is read is read once.
pub(in crate::commands) fn nothing_nearby() -> Nearby {
    Nearby { dir: PathBuf::new(), bytes_max: 0, free_bytes_min: 0 }
}

fn wrong(key: &str, reason: &dyn std::fmt::Display) -> CommandError {
    CommandError::new("config_invalid", format!("{key}: {reason}"), ExitStatus::Usage)
}
