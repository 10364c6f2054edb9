//! What a new project holds fits together.

use clap::ValueEnum;
use serde_json::Value;
use streamflow_core::schema::EventSchema;

use super::template::Template;
use crate::settings::{Environment, Settings, Sources};

const NOW: i64 = 1_764_000_000_000_000;

fn project(template: Template) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in template.files(NOW) {
        super::write(&dir.path().join(name), &content).unwrap();
    }
    dir
}

#[test]
fn settings_of_every_template_can_be_read() {
    for template in Template::value_variants() {
        let dir = project(*template);
        let sources =
            Sources { current_dir: dir.path().to_owned(), project: None, environment: Environment::default() };
        let settings = Settings::load(&sources).unwrap();
        assert_eq!(settings.project_dir(), Some(dir.path()), "{template:?}");
        for mode in settings.schema_modes() {
            let schema = dir.path().join("schemas").join(format!("{}.json", mode.event_type));
            assert!(schema.is_file(), "{template:?}: {} has a mode and no schema", mode.event_type);
        }
    }
}

#[test]
fn sample_events_match_the_schemas_beside_them() {
    for template in Template::value_variants().iter().filter(|template| template.has_samples()) {
        let dir = project(*template);
        let mut matched = 0;
        let events = std::fs::read_to_string(dir.path().join("events/sample.ndjson")).unwrap();
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let event_type = event["type"].as_str().unwrap();
            let Ok(text) = std::fs::read_to_string(dir.path().join("schemas").join(format!("{event_type}.json")))
            else {
                continue;
            };
            let schema = EventSchema::compile(event_type, &serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(schema.validate(&event["data"]), [], "{template:?}: {line}");
            matched += 1;
        }
        assert!(matched > 50, "{template:?}: {matched} events have a schema");
    }
}

#[test]
fn sample_events_are_of_the_day_before() {
    let events = super::sample::events(crate::generator::Profile::Web, NOW);
    let times: Vec<jiff::Timestamp> = events
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<Value>(line).unwrap()["timestamp"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(times.len() >= 200);
    let day = NOW - 24 * 3_600 * 1_000_000 - 10_000_000..=NOW;
    assert!(times.iter().all(|time| day.contains(&time.as_microsecond())));
}
