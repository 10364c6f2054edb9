//! What can be wrong with settings, and where.

use std::path::{Path, PathBuf};

use streamflow_core::suggest;

/// A fault in a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    /// Lowercase, one line.
    pub message: String,
    pub place: Option<SettingsPlace>,
    pub hint: Option<String>,
}

/// A place in a file of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsPlace {
    pub path: PathBuf,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// The line itself.
    pub source: String,
    /// Characters that are at fault.
    pub length: usize,
}

impl SettingsPlace {
    pub(super) fn new(path: &Path, text: &str, line: u64, column: u64, length: usize) -> Self {
        let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let source = text.lines().nth(index).unwrap_or_default().to_owned();
        Self { path: path.to_owned(), line, column, source, length }
    }
}

impl SettingsError {
    pub(super) fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self { message: format!("cannot read {}: {reason}", path.display()), place: None, hint: None }
    }

    pub(super) fn broken_yaml(reason: &str, place: Option<SettingsPlace>) -> Self {
        Self { message: format!("the file is no valid YAML: {reason}"), place, hint: None }
    }

    pub(super) fn unknown_key<'a>(
        key: &str,
        place: SettingsPlace,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
        let word = key.rsplit('.').next().unwrap_or(key);
        // A key under the wrong parent has a right last word; a misspelt one is near as a whole.
        let parents = known.clone().flat_map(|key| key.match_indices('.').map(|(at, _)| &key[..at]));
        let meant =
            suggest::nearest(key, known.clone().chain(parents)).or_else(|| known.clone().find(|key| last(key) == word));
        let hint = match meant {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "`streamflow config schema` lists every key".to_owned(),
        };
        Self { message: format!("unknown setting {key:?}"), place: Some(place), hint: Some(hint) }
    }

    pub(super) fn wrong_value(key: &str, text: &str, reason: &str, place: SettingsPlace) -> Self {
        Self { message: format!("{key}: {text:?} {reason}"), place: Some(place), hint: None }
    }

    pub(super) fn wrong_variable(variable: &str, shown: &str, reason: &str) -> Self {
        let message = format!("environment variable {variable}: {shown:?} {reason}");
        Self { message, place: None, hint: Some(format!("set {variable} to another value, or unset it")) }
    }

    /// Adds the line of a `.env` that sets the variable, as it may be shown.
    pub(super) fn at_variable(self, path: &Path, line: u64, variable: &str, shown: &str) -> Self {
        let source = format!("{variable}={shown}");
        let place = SettingsPlace { path: path.to_owned(), line, column: 1, length: source.chars().count(), source };
        Self { place: Some(place), ..self }
    }

    pub(super) fn wrong_flag(flag: &str, text: &str, reason: &str) -> Self {
        Self { message: format!("{flag}: {text:?} {reason}"), place: None, hint: None }
    }
}
