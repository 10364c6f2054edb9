//! Looks at the GeoIP database that the settings name, before a server needs it.

use std::path::Path;

use streamflow_engine::disk::LocalDisk;
use streamflow_engine::geoip::{GeoDatabase, GeoError};

use crate::printer::{CommandError, ExitStatus};
use crate::settings::Settings;

/// The setting that names the file.
pub(super) const SETTING: &str = "enrichment.geoip_database";

/// Opens the database, if the settings name one.
///
/// # Errors
/// When the file is not there, or is no database of places.
pub(super) fn open(settings: &Settings, current_dir: &Path) -> Result<Option<GeoDatabase>, CommandError> {
    let path = settings.file(SETTING, current_dir);
    path.map(|path| GeoDatabase::open(&LocalDisk, &path)).transpose().map_err(|error| unusable(&error))
}

/// Returns what is said about a database that can not be used.
pub(super) fn unusable(error: &GeoError) -> CommandError {
    let hint = match error {
        GeoError::Unreadable { .. } => "name the file, relative to the project, or leave the setting out",
        GeoError::TooLarge { .. } | GeoError::Foreign { .. } | GeoError::Placeless { .. } => {
            "name a database of countries or cities such as GeoLite2-City.mmdb, unpacked"
        }
    };
    CommandError::new("config_invalid", format!("{SETTING}: {error}"), ExitStatus::Usage).with_hint(hint)
}
