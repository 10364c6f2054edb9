//! What a bundle says about itself, and the project it becomes.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::api::schema::EventTypeSchema;
use crate::commands::Session;
use crate::commands::server_options::{SCHEMAS_DIR, server_options};
use crate::printer::CommandError;

/// Settings of the project: its data lies where it was unpacked, and nothing else comes to it.
const SETTINGS: &str = "# Unpacked by `streamflow bundle open`; made to be read.\nstorage:\n  path: data\n";

/// Returns the schemas in the files of the project that the data is of; none when it is not this folder's project.
///
/// # Errors
/// When settings are wrong, or a file can not be read.
pub(super) fn schemas_of_project(session: &Session) -> Result<Vec<EventTypeSchema>, CommandError> {
    let target = session.target()?;
    let settings = session.settings()?;
    let dir = settings.project_dir().map(|dir| dir.join(SCHEMAS_DIR)).filter(|dir| dir.is_dir());
    let (Some(dir), true) = (dir, target.data_dir.is_some()) else { return Ok(Vec::new()) };
    let modes = server_options(settings)?.schema_modes;
    let unreadable = |path: &Path, reason: String| {
        CommandError::usage(format!("cannot read the schema {}: {reason}", path.display()))
            .with_hint("mend it, or move it away; `streamflow schema check` tells more")
    };
    let mut schemas = Vec::new();
    for entry in fs::read_dir(&dir).map_err(|error| unreadable(&dir, error.to_string()))? {
        let path = entry.map_err(|error| unreadable(&dir, error.to_string()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
        let Some(event_type) = name.map(str::to_owned) else { continue };
        let text = fs::read(&path).map_err(|error| unreadable(&path, error.to_string()))?;
        let schema = serde_json::from_slice(&text).map_err(|error| unreadable(&path, error.to_string()))?;
        let mode = modes.iter().find(|(name, _)| *name == event_type).map(|(_, mode)| *mode).unwrap_or_default();
        schemas.push(EventTypeSchema { event_type, mode, schema });
    }
    schemas.sort_by(|a, b| a.event_type.cmp(&b.event_type));
    Ok(schemas)
}

/// The first entry of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) events: u64,
    /// The range that was asked for, RFC 3339; absent where it was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
    pub(super) schemas: Vec<EventTypeSchema>,
}

impl Contents {
    /// Writes settings and schemas beside the data.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn write_project(&self, dir: &Path) -> io::Result<()> {
        fs::write(dir.join("config.yaml"), SETTINGS)?;
        let schemas = dir.join(SCHEMAS_DIR);
        fs::create_dir_all(&schemas)?;
        for schema in &self.schemas {
            // Types have no slashes, or they could not be the name of a file in a project either.
            if schema.event_type.contains(['/', '\\']) || schema.event_type.starts_with('.') {
                continue;
            }
            let text = serde_json::to_vec_pretty(&schema.schema).map_err(io::Error::other)?;
            fs::write(schemas.join(format!("{}.json", schema.event_type)), text)?;
        }
        Ok(())
    }
}
