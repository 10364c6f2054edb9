//! The schemas that hold for events as they come in, by type. Replaced as a whole; what is being decoded keeps the old ones.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use serde_json::Value;
use streamflow_core::schema::{EventSchema, Mode};

use super::event::EventError;

/// The schemas that hold now.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    current: RwLock<Arc<SchemaSet>>,
}

/// The schemas that held at one moment.
#[derive(Debug, Default)]
pub(crate) struct SchemaSet {
    by_type: HashMap<String, (Mode, EventSchema)>,
    /// Events that broke a schema in mode `warn` and were accepted.
    warnings: Arc<AtomicU64>,
}

impl Schemas {
    pub(crate) fn replace(&self, schemas: Vec<(Mode, EventSchema)>) {
        let asked = schemas.into_iter().filter(|(mode, _)| *mode != Mode::Off);
        let by_type = asked.map(|(mode, schema)| (schema.event_type().to_owned(), (mode, schema))).collect();
        let mut current = self.current.write();
        let warnings = Arc::clone(&current.warnings);
        *current = Arc::new(SchemaSet { by_type, warnings });
    }

    pub(crate) fn current(&self) -> Arc<SchemaSet> {
        Arc::clone(&self.current.read())
    }

    /// Returns how many events broke a schema in mode `warn`.
    pub(crate) fn warnings(&self) -> u64 {
        self.current.read().warnings.load(Ordering::Relaxed)
    }
}

impl SchemaSet {
    /// Returns whether no event is asked anything, as in most stores.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_type.is_empty()
    }

    /// Asks the schema of the type, if it has one. Both texts are JSON that was checked.
    pub(crate) fn check(&self, event_type: &[u8], data: &[u8]) -> Result<(), EventError> {
        let Some((mode, schema)) = first_string(event_type).and_then(|name| self.by_type.get(&name)) else { return Ok(()) };
        let data: Value = serde_json::from_slice(data).unwrap_or_default();
        let violations = schema.validate(&data);
        let Some(first) = violations.first() else { return Ok(()) };
        if *mode == Mode::Warn {
            self.warnings.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let more = match violations.len() - 1 {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        Err(EventError::Field { code: "schema_violation", message: format!("{first}{more}") })
    }
}

/// Reads the string at the start of a text that goes on behind it.
fn first_string(text: &[u8]) -> Option<String> {
    serde_json::Deserializer::from_slice(text).into_iter().next()?.ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schemas(mode: Mode) -> Schemas {
        let schema = json!({"type": "object", "required": ["page"], "properties": {"page": {"type": "string"}}});
        let schemas = Schemas::default();
        schemas.replace(vec![(mode, EventSchema::compile("web.click", &schema).unwrap())]);
        schemas
    }

    #[test]
    fn mode_decides_what_a_violation_does() {
        let check = |mode, rejected: bool, warnings: u64| {
            let schemas = schemas(mode);
            let outcome = schemas.current().check(b"\"web.click\",\"source\":1}", b"{\"page\":7}");
            assert_eq!((outcome.is_err(), schemas.warnings()), (rejected, warnings), "{mode}");
        };
        check(Mode::Off, false, 0);
        check(Mode::Warn, false, 1);
        check(Mode::Reject, true, 0);
    }

    #[test]
    fn only_the_type_of_the_schema_is_asked() {
        let current = schemas(Mode::Reject).current();
        let check = |event_type: &str, data: &str, good: bool| {
            assert_eq!(current.check(event_type.as_bytes(), data.as_bytes()).is_ok(), good, "{event_type} {data}");
        };
        check("\"web.click\"", "{\"page\":\"/\"}", true);
        check("\"web.click\"", "{}", false);
        check("\"web\\u002eclick\"", "{}", false);
        check("\"web.view\"", "{}", true);
    }

    #[test]
    fn replacing_keeps_the_count_and_what_is_in_use() {
        let schemas = schemas(Mode::Warn);
        let before = schemas.current();
        before.check(b"\"web.click\"", b"{}").unwrap();
        schemas.replace(Vec::new());
        assert!(schemas.current().is_empty() && !before.is_empty());
        assert_eq!(schemas.warnings(), 1);
    }
}
