//! Lays the sources of settings over each other: default, user config, project, `.env`, environment.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_saphyr::Location;
use streamflow_core::suggest;

use super::error::{SettingsError, SettingsPlace};
use super::table::{self, ALL, Setting};
use super::value::{Kind, Value};
use super::yaml::{self, Content, Leaf};
use super::{Entry, Origin, SchemaMode, Settings, dotenv};

/// Name of a project's file of settings; the folder that has it is a project.
const PROJECT_FILE: &str = "config.yaml";
/// Begins the names of variables that are meant for this program alone.
const PREFIX: &str = "STREAMFLOW_";
const SCHEMA_MODES: Kind = Kind::Choice(&["off", "warn", "reject"]);

/// Variables with our prefix that are no settings; the first four say where commands go.
const OTHER_VARIABLES: [&str; 6] = [
    "STREAMFLOW_CONTEXT",
    "STREAMFLOW_SERVER",
    "STREAMFLOW_TOKEN",
    "STREAMFLOW_PROJECT",
    "STREAMFLOW_COMMIT",
    "STREAMFLOW_TEST_REQUIRE_TOOLS",
];

/// The environment, read once when the program starts.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the variables of this process; one that is no UTF-8 is left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_iter(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Returns a variable; an empty one counts as unset.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the folder for the user's own configuration (`$XDG_CONFIG_HOME/streamflow` or `~/.config/streamflow`).
    #[must_use]
    pub fn config_dir(&self) -> Option<PathBuf> {
        let base = self.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let base = base.or_else(|| self.get("HOME").map(|home| Path::new(home).join(".config")))?;
        Some(base.join("streamflow"))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// Where to look for settings.
#[derive(Debug, Clone)]
pub struct Sources {
    pub current_dir: PathBuf,
    /// `--project`; else a project is looked for from the current folder upwards.
    pub project: Option<PathBuf>,
    pub environment: Environment,
}

impl Sources {
    /// Returns the folder of the project: the one named, or the nearest above with a `config.yaml`.
    #[must_use]
    pub fn project_dir(&self) -> Option<PathBuf> {
        match &self.project {
            Some(named) => Some(self.current_dir.join(named)),
            None => self.current_dir.ancestors().find(|dir| dir.join(PROJECT_FILE).is_file()).map(Path::to_owned),
        }
    }

    /// Returns the files that are read if they exist, weakest first.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let user = self.environment.config_dir().map(|dir| dir.join(PROJECT_FILE));
        let project = self.project_dir().into_iter().flat_map(|dir| [dir.join(PROJECT_FILE), dir.join(".env")]);
        user.into_iter().chain(project).collect()
    }
}

pub(super) fn load(sources: &Sources) -> Result<Settings, SettingsError> {
    let mut settings = defaults(sources);
    if let Some(dir) = sources.environment.config_dir() {
        lay_file(&mut settings, &dir.join(PROJECT_FILE))?;
    }
    let dotenv_dir = settings.project_dir.clone().unwrap_or_else(|| sources.current_dir.clone());
    if let Some(dir) = settings.project_dir.clone() {
        lay_file(&mut settings, &dir.join(PROJECT_FILE))?;
    }
    lay_dotenv(&mut settings, &dotenv_dir.join(".env"))?;
    lay_environment(&mut settings, &sources.environment)?;
    Ok(settings)
}

fn defaults(sources: &Sources) -> Settings {
    let entries = ALL.iter().map(|setting| {
        let value = setting.kind.parse(setting.default).expect("defaults of the table can be read");
        (setting.key, Entry { value, origin: Origin::Default })
    });
    Settings {
        entries: entries.collect(),
        schema_modes: Vec::new(),
        project_dir: sources.project_dir(),
        notes: Vec::new(),
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, SettingsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(SettingsError::unreadable(path, &error)),
    }
}

fn lay_file(settings: &mut Settings, path: &Path) -> Result<(), SettingsError> {
    let Some(text) = read_if_there(path)? else { return Ok(()) };
    for leaf in yaml::leaves(path, &text)? {
        lay_leaf(settings, path, &text, leaf)?;
    }
    Ok(())
}

fn lay_leaf(settings: &mut Settings, path: &Path, text: &str, leaf: Leaf) -> Result<(), SettingsError> {
    let place = |at: Location, length: usize| SettingsPlace::new(path, text, at.line(), at.column(), length);
    let origin = Origin::File { path: path.to_owned(), line: leaf.key_at.line() };
    // A section whose keys are all commented out.
    if leaf.content == Content::Nothing && is_section(&leaf.key) {
        return Ok(());
    }
    if let Some(event_type) = leaf.key.strip_prefix("schemas.") {
        let Content::Scalar(mode) = &leaf.content else {
            let reason = "wants one of off, warn, reject";
            return Err(SettingsError::wrong_value(&leaf.key, "", reason, place(leaf.value_at, 1)));
        };
        let mode = SCHEMA_MODES.parse(mode).map_err(|reason| {
            SettingsError::wrong_value(&leaf.key, mode, &reason, place(leaf.value_at, mode.chars().count()))
        })?;
        settings.schema_modes.retain(|known| known.event_type != event_type);
        settings.schema_modes.push(SchemaMode { event_type: event_type.to_owned(), mode: mode.to_string(), origin });
        return Ok(());
    }
    let setting = table::find(&leaf.key).ok_or_else(|| {
        let length = leaf.key.rsplit('.').next().unwrap_or_default().chars().count();
        let sections = ALL.iter().flat_map(|setting| setting.key.split_once('.').map(|(section, _)| section));
        let known = ALL.iter().map(|setting| setting.key).chain(sections).chain(["schemas"]);
        SettingsError::unknown_key(&leaf.key, place(leaf.key_at, length), known)
    })?;
    let value = leaf_value(setting, &leaf.content).map_err(|(shown, reason)| {
        let length = if setting.kind == Kind::Secret { 1 } else { shown.chars().count() };
        SettingsError::wrong_value(setting.key, &shown, &reason, place(leaf.value_at, length))
    })?;
    if let Some(value) = value {
        settings.entries.insert(setting.key, Entry { value, origin });
    }
    Ok(())
}

/// A key written with no value (`token:`) leaves the layer below as it is.
fn leaf_value(setting: &Setting, content: &Content) -> Result<Option<Value>, (String, String)> {
    match content {
        Content::Nothing => Ok(None),
        Content::Scalar(text) => setting.kind.parse(text).map(Some).map_err(|reason| (text.clone(), reason)),
        Content::List(items) => setting
            .kind
            .parse_list(items.iter().map(String::as_str))
            .map(Some)
            .map_err(|reason| (items.join(","), reason)),
    }
}

fn is_section(key: &str) -> bool {
    let prefix = format!("{key}.");
    key == "schemas" || ALL.iter().any(|setting| setting.key.starts_with(&prefix))
}

fn lay_dotenv(settings: &mut Settings, path: &Path) -> Result<(), SettingsError> {
    let Some(text) = read_if_there(path)? else { return Ok(()) };
    let lines = dotenv::lines(&text);
    let variables: BTreeMap<&str, (&str, u64)> =
        lines.iter().map(|line| (line.name.as_str(), (line.value.as_str(), line.number))).collect();
    let origin =
        |variable: &str, line: u64| Origin::DotEnv { path: path.to_owned(), line, variable: variable.to_owned() };
    lay_variables(settings, |name| variables.get(name).map(|(value, line)| (*value, origin(name, *line))))?;
    note_unknown(settings, variables.keys().copied());
    Ok(())
}

fn lay_environment(settings: &mut Settings, environment: &Environment) -> Result<(), SettingsError> {
    let origin = |name: &str| Origin::Environment { variable: name.to_owned() };
    lay_variables(settings, |name| environment.get(name).map(|value| (value, origin(name))))?;
    note_unknown(settings, environment.0.keys().map(String::as_str));
    Ok(())
}

fn lay_variables<'a>(
    settings: &mut Settings,
    variable: impl Fn(&str) -> Option<(&'a str, Origin)>,
) -> Result<(), SettingsError> {
    for setting in ALL {
        for name in setting.variables() {
            let Some((text, origin)) = variable(&name) else { continue };
            match setting.kind.parse(text) {
                Ok(value) => {
                    settings.entries.insert(setting.key, Entry { value, origin });
                }
                // DEBUG belongs to many programs, and some give it other values.
                Err(_) if setting.kind == Kind::Switch && !name.starts_with(PREFIX) => {
                    settings.notes.push(format!("{name}={text:?} is neither true nor false and was left out"));
                }
                Err(reason) => {
                    let shown = if setting.kind == Kind::Secret { "••••" } else { text };
                    let error = SettingsError::wrong_variable(&name, shown, &reason);
                    return Err(match &origin {
                        Origin::DotEnv { path, line, .. } => error.at_variable(path, *line, &name, shown),
                        _ => error,
                    });
                }
            }
        }
    }
    Ok(())
}

fn note_unknown<'a>(settings: &mut Settings, names: impl Iterator<Item = &'a str>) {
    let known: Vec<String> =
        ALL.iter().flat_map(Setting::variables).chain(OTHER_VARIABLES.map(str::to_owned)).collect();
    for name in names.filter(|name| name.starts_with(PREFIX)) {
        if known.iter().any(|known| known == name) {
            continue;
        }
        let meant = suggest::nearest(name, known.iter().map(String::as_str));
        let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
        settings.notes.push(format!("environment variable {name} is no setting{meant}"));
    }
}
