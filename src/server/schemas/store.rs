//! Keeps schemas as files of the project, and the engine told of them.
//!
//! A file is a plain JSON Schema for an event's `data`, so that other tools read it. What happens to an event that breaks
//! it stands in the schema's own keyword `x-streamflow-mode`, unless the settings say something for the type.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde_json::Value;
use streamflow_core::schema::{EventSchema, Mode, SchemaError};
use streamflow_engine::Engine;

use crate::api::schema::{EventTypeSchema, SchemaMode};

/// Keyword of a schema file that says what happens to events that break it; `reject` when absent.
const MODE_KEYWORD: &str = "x-streamflow-mode";

/// Why schemas could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemasError {
    #[error(transparent)]
    Schema(SchemaError),
    #[error("the server has no project folder")]
    NoFolder,
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
}

/// All schemas of one server.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    dir: Option<PathBuf>,
    /// Modes that the settings name; they win.
    modes: BTreeMap<String, SchemaMode>,
    by_type: Mutex<BTreeMap<String, EventTypeSchema>>,
}

impl Schemas {
    /// Reads all files of the folder, if there is one.
    ///
    /// # Errors
    /// When a file can not be read or is no JSON Schema.
    pub(crate) fn load(dir: Option<PathBuf>, modes: &[(String, SchemaMode)]) -> Result<Self, SchemasError> {
        let schemas = Self { modes: modes.iter().cloned().collect(), by_type: Mutex::default(), dir };
        for path in schemas.files()? {
            let schema = schemas.read(&path)?;
            schemas.by_type.lock().insert(schema.event_type.clone(), schema);
        }
        Ok(schemas)
    }

    /// Tells the engine which schemas hold.
    ///
    /// # Errors
    /// When one is no JSON Schema.
    pub(crate) fn enforce(&self, engine: &Engine) -> Result<(), SchemasError> {
        enforce(engine, &self.by_type.lock())
    }

    /// Returns all schemas, by type.
    pub(crate) fn all(&self) -> Vec<EventTypeSchema> {
        self.by_type.lock().values().cloned().collect()
    }

    /// Returns the schema of a type.
    pub(crate) fn find(&self, event_type: &str) -> Option<EventTypeSchema> {
        self.by_type.lock().get(event_type).cloned()
    }

    /// Keeps a schema and lets it hold. Blocks.
    ///
    /// # Errors
    /// When it is no JSON Schema or can not be kept; nothing has changed then.
    pub(crate) fn replace(&self, engine: &Engine, schema: EventTypeSchema) -> Result<EventTypeSchema, SchemasError> {
        compile(&schema)?;
        let path = self.path(&schema.event_type)?;
        let mut by_type = self.by_type.lock();
        write(&path, &schema)?;
        let kept = self.with_mode(schema);
        by_type.insert(kept.event_type.clone(), kept.clone());
        enforce(engine, &by_type)?;
        Ok(kept)
    }

    /// Forgets a schema and returns it. Blocks.
    ///
    /// # Errors
    /// When its file can not be removed; nothing has changed then.
    pub(crate) fn remove(&self, engine: &Engine, event_type: &str) -> Result<Option<EventTypeSchema>, SchemasError> {
        let mut by_type = self.by_type.lock();
        if !by_type.contains_key(event_type) {
            return Ok(None);
        }
        let path = self.path(event_type)?;
        fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
        let removed = by_type.remove(event_type);
        enforce(engine, &by_type)?;
        Ok(removed)
    }

    fn files(&self) -> Result<Vec<PathBuf>, SchemasError> {
        let Some(dir) = self.dir.as_deref().filter(|dir| dir.is_dir()) else { return Ok(Vec::new()) };
        let entries = fs::read_dir(dir).map_err(|error| file_error(dir, &error))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>().map_err(|error| file_error(dir, &error))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        Ok(paths)
    }

    fn read(&self, path: &Path) -> Result<EventTypeSchema, SchemasError> {
        let event_type = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let bytes = fs::read(path).map_err(|error| file_error(path, &error))?;
        let schema: Value = serde_json::from_slice(&bytes).map_err(|error| file_error(path, &error))?;
        let mode = match schema.get(MODE_KEYWORD) {
            None => SchemaMode::default(),
            Some(word) => serde_json::from_value(word.clone())
                .map_err(|_| file_error(path, &format!("{MODE_KEYWORD} is one of off, warn, reject")))?,
        };
        let schema = EventTypeSchema { event_type, mode, schema };
        compile(&schema).map_err(|error| file_error(path, &error))?;
        Ok(self.with_mode(schema))
    }

    fn with_mode(&self, mut schema: EventTypeSchema) -> EventTypeSchema {
        if let Some(mode) = self.modes.get(&schema.event_type) {
            schema.mode = *mode;
        }
        schema
    }

    /// Types come from clients: one that can not be a file's name was refused by `compile`.
    fn path(&self, event_type: &str) -> Result<PathBuf, SchemasError> {
        let dir = self.dir.as_deref().ok_or(SchemasError::NoFolder)?;
        Ok(dir.join(format!("{event_type}.json")))
    }
}

fn compile(schema: &EventTypeSchema) -> Result<EventSchema, SchemasError> {
    EventSchema::compile(&schema.event_type, &schema.schema).map_err(SchemasError::Schema)
}

fn enforce(engine: &Engine, by_type: &BTreeMap<String, EventTypeSchema>) -> Result<(), SchemasError> {
    let compiled = by_type.values().map(|schema| Ok((mode(schema.mode), compile(schema)?)));
    engine.set_schemas(compiled.collect::<Result<_, SchemasError>>()?);
    Ok(())
}

const fn mode(mode: SchemaMode) -> Mode {
    match mode {
        SchemaMode::Off => Mode::Off,
        SchemaMode::Warn => Mode::Warn,
        SchemaMode::Reject => Mode::Reject,
    }
}

/// Writes beside the file and puts it in its place, so that a crash leaves the old one or the new one.
fn write(path: &Path, schema: &EventTypeSchema) -> Result<(), SchemasError> {
    let mut document = schema.schema.clone();
    if let Some(keywords) = document.as_object_mut() {
        let word = serde_json::to_value(schema.mode).map_err(|error| file_error(path, &error))?;
        keywords.insert(MODE_KEYWORD.to_owned(), word);
    }
    let text = serde_json::to_string_pretty(&document).map_err(|error| file_error(path, &error))?;
    replace_file(path, text.as_bytes()).map_err(|error| file_error(path, &error))
}

fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension("json.new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn file_error(path: &Path, reason: &dyn std::fmt::Display) -> SchemasError {
    SchemasError::File { path: path.to_owned(), reason: reason.to_string() }
}
