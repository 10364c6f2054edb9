//! Every setting with its value and where the value comes from.
//!
//! Later layers win: default, user config, project `config.yaml`, `.env`, environment, flag. Reads files and the
//! environment that it is given; what a value means is for its user to know.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod dotenv;
mod error;
mod layers;
mod reference;
mod table;
mod value;
mod yaml;

pub use error::{SettingsError, SettingsPlace};
pub use layers::{Environment, Sources};
pub use reference::{commented_yaml, json_schema, markdown};
pub use table::{ALL, Audience, Setting};
pub use value::{Kind, Secret, Value, parse_bytes, parse_duration, spell_bytes, spell_bytes_roughly, spell_duration};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: PathBuf, line: u64 },
    DotEnv { path: PathBuf, line: u64, variable: String },
    Environment { variable: String },
    Flag { name: &'static str },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::DotEnv { path, line, variable } => write!(f, "{}:{line} ({variable})", path.display()),
            Self::Environment { variable } => write!(f, "environment ({variable})"),
            Self::Flag { name } => write!(f, "flag ({name})"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone)]
pub struct Entry {
    pub value: Value,
    pub origin: Origin,
}

/// What happens to an event that does not match its type's schema (`schemas.<type>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaMode {
    pub event_type: String,
    pub mode: String,
    pub origin: Origin,
}

/// All settings of one call of the program.
#[derive(Debug, Clone)]
pub struct Settings {
    entries: BTreeMap<&'static str, Entry>,
    schema_modes: Vec<SchemaMode>,
    project_dir: Option<PathBuf>,
    notes: Vec<String>,
}

impl Settings {
    /// Reads every layer.
    ///
    /// # Errors
    /// When a file cannot be read, or a key or a value is wrong; the first fault is reported with its place.
    pub fn load(sources: &Sources) -> Result<Self, SettingsError> {
        layers::load(sources)
    }

    /// Returns the folder of the project's `config.yaml`, if there is one.
    #[must_use]
    pub fn project_dir(&self) -> Option<&Path> {
        self.project_dir.as_deref()
    }

    /// Returns a setting's value and origin.
    ///
    /// # Panics
    /// When the key is not in the table: a fault of the caller's source.
    #[must_use]
    pub fn entry(&self, key: &str) -> &Entry {
        self.entries.get(key).unwrap_or_else(|| panic!("setting {key} is in the table"))
    }

    /// Returns all settings in the order of the table.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Setting, &Entry)> + Clone {
        ALL.iter().map(|setting| (setting, self.entry(setting.key)))
    }

    /// Returns the modes set for event types.
    #[must_use]
    pub fn schema_modes(&self) -> &[SchemaMode] {
        &self.schema_modes
    }

    /// Returns what is no error but worth knowing, such as an environment variable that looks misspelt.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Gives a setting the value of a flag.
    ///
    /// # Errors
    /// When the value is not one that the setting can have.
    pub fn set_from_flag(&mut self, key: &str, text: &str, flag: &'static str) -> Result<(), SettingsError> {
        let setting = table::find(key).expect("flags set keys of the table");
        let value = setting.kind.parse(text).map_err(|reason| SettingsError::wrong_flag(flag, text, &reason))?;
        self.entries.insert(setting.key, Entry { value, origin: Origin::Flag { name: flag } });
        Ok(())
    }

    /// Returns a text setting; an empty text is none.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key).value {
            Value::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            other => panic!("setting {key} is text, not {other:?}"),
        }
    }

    /// Returns a secret setting; an empty one is none.
    #[must_use]
    pub fn secret(&self, key: &str) -> Option<&Secret> {
        match &self.entry(key).value {
            Value::Secret(secret) => Some(secret).filter(|secret| !secret.reveal().is_empty()),
            other => panic!("setting {key} is a secret, not {other:?}"),
        }
    }

    /// Returns a whole number.
    #[must_use]
    pub fn number(&self, key: &str) -> u64 {
        match self.entry(key).value {
            Value::Number(number) => number,
            ref other => panic!("setting {key} is a number, not {other:?}"),
        }
    }

    /// Returns a whole number for memory and counts.
    #[must_use]
    pub fn count(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    /// Returns a port.
    #[must_use]
    pub fn port(&self, key: &str) -> u16 {
        u16::try_from(self.number(key)).expect("the table bounds ports")
    }

    /// Returns a size in bytes.
    #[must_use]
    pub fn bytes(&self, key: &str) -> u64 {
        match self.entry(key).value {
            Value::Bytes(bytes) => bytes,
            ref other => panic!("setting {key} is a size, not {other:?}"),
        }
    }

    /// Returns a size in bytes for memory.
    #[must_use]
    pub fn bytes_in_memory(&self, key: &str) -> usize {
        usize::try_from(self.bytes(key)).unwrap_or(usize::MAX)
    }

    /// Returns a span of time.
    #[must_use]
    pub fn duration(&self, key: &str) -> Duration {
        match self.entry(key).value {
            Value::Duration(duration) => duration,
            ref other => panic!("setting {key} is a duration, not {other:?}"),
        }
    }

    /// Returns whether a switch is on.
    #[must_use]
    pub fn is_on(&self, key: &str) -> bool {
        match self.entry(key).value {
            Value::Switch(on) => on,
            ref other => panic!("setting {key} is a switch, not {other:?}"),
        }
    }

    /// Returns a list of texts.
    #[must_use]
    pub fn list(&self, key: &str) -> &[String] {
        match &self.entry(key).value {
            Value::List(list) => list,
            other => panic!("setting {key} is a list, not {other:?}"),
        }
    }

    /// Returns a file that a setting names, relative to the project if the project's files say so; an empty text is none.
    #[must_use]
    pub fn file(&self, key: &str, current_dir: &Path) -> Option<PathBuf> {
        let path = self.text(key)?;
        match (&self.project_dir, &self.entry(key).origin) {
            (Some(project), Origin::Default | Origin::File { .. } | Origin::DotEnv { .. }) => Some(project.join(path)),
            _ => Some(current_dir.join(path)),
        }
    }

    /// Returns the folder of events and catalog: `storage.path`, relative to the project, or `streamflow-data` in the
    /// current folder when there is no project.
    #[must_use]
    pub fn data_dir(&self, current_dir: &Path) -> PathBuf {
        let entry = self.entry("storage.path");
        let path = self.text("storage.path").unwrap_or("data");
        match (&self.project_dir, &entry.origin) {
            (Some(project), Origin::Default | Origin::File { .. } | Origin::DotEnv { .. }) => project.join(path),
            (None, Origin::Default) => current_dir.join("streamflow-data"),
            _ => current_dir.join(path),
        }
    }
}

#[cfg(test)]
mod tests;
