//! Writes the table of settings as documentation, as a JSON Schema and as a commented file to start from.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::table::{ALL, Audience, Setting};
use super::value::Kind;

const PREFACE: &str = "\
# Configuration

Every setting can be written in a file, in the environment, or given by a flag where a command has one. Later ones win:

1. default
2. user config: `~/.config/streamflow/config.yaml` (or under `XDG_CONFIG_HOME`)
3. project: `config.yaml`, found in the current folder or the nearest one above it, or in `--project DIR`
4. `.env` beside the project's `config.yaml`
5. environment
6. flag

`streamflow config view --origin` shows every value and where it came from; `streamflow config check` says what is wrong
and what nothing uses yet. An unknown key is an error that names file, line and column and the key that was probably meant.

Sizes are written `64KiB`, `16MiB`, `2GB` (units of 1024), durations `500ms`, `30s`, `5m`, `24h`, `7d`. In the environment,
lists are separated by commas; an old name such as `LOG_LEVEL` may also be written `STREAMFLOW_LOG_LEVEL`. Secrets are never shown. A setting that is marked *reserved* is accepted and checked, and
nothing acts on it yet.

This page is written from the program's own table of settings; a test keeps the two equal.
";

/// Returns the reference as `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut page = PREFACE.to_owned();
    let mut section = None;
    for setting in ALL {
        let title = setting.key.split_once('.').map_or("general", |(first, _)| first);
        if section != Some(title) {
            section = Some(title);
            page.push_str(&format!(
                "\n## {title}\n\n| key | value | default | environment | what it does |\n|---|---|---|---|---|\n"
            ));
        }
        page.push_str(&row(setting));
    }
    page + SCHEMAS
}

const SCHEMAS: &str = "
## schemas

What happens to an event that does not match `schemas/<type>.json` of the project, by event type:

```yaml
schemas:
  web.click: reject    # refuse the event
  metric: warn         # store it and count
  custom: off          # do not look
```

## Commands and where they go

These are no settings of the server; they tell commands whom to talk to.

| variable | flag | what it does |
|---|---|---|
| `STREAMFLOW_SERVER` | `--server` | address of the server |
| `STREAMFLOW_CONTEXT` | `--context` | name of a stored context |
| `STREAMFLOW_TOKEN` | `--token` | bearer token |
| `STREAMFLOW_PROJECT` | `--project` | folder of the project |
| `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb` | `--color` | when colour is used |
";

fn row(setting: &Setting) -> String {
    let old = setting.env.iter().map(|name| format!("`{name}`"));
    let variables: Vec<String> = old.chain([format!("`{}`", setting.variable())]).collect();
    let default = if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
    let reserved = if setting.audience == Audience::Reserved { " *(reserved)*" } else { "" };
    format!(
        "| `{}` | {} | {default} | {} | {}{reserved} |\n",
        setting.key,
        setting.kind.described(),
        variables.join(", "),
        setting.doc
    )
}

/// Returns the JSON Schema of `config.yaml`, for editors.
#[must_use]
pub fn json_schema() -> Value {
    let mut root = section_schema();
    for setting in ALL {
        insert(&mut root, setting.key, setting_schema(setting));
    }
    let modes = json!({
        "type": "object",
        "description": "what happens to an event that does not match its type's schema, by event type",
        "additionalProperties": { "enum": ["off", "warn", "reject"] },
    });
    insert(&mut root, "schemas", modes);
    let head = Map::from_iter([
        ("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema")),
        ("title".to_owned(), json!("StreamFlow config.yaml")),
    ]);
    Value::Object(head.into_iter().chain(root).collect())
}

fn section_schema() -> Map<String, Value> {
    Map::from_iter([
        ("type".to_owned(), json!(["object", "null"])),
        ("additionalProperties".to_owned(), json!(false)),
        ("properties".to_owned(), json!({})),
    ])
}

fn insert(section: &mut Map<String, Value>, key: &str, schema: Value) {
    let Some(Value::Object(properties)) = section.get_mut("properties") else { return };
    match key.split_once('.') {
        None => {
            properties.insert(key.to_owned(), schema);
        }
        Some((first, rest)) => {
            let child = properties.entry(first).or_insert_with(|| Value::Object(section_schema()));
            if let Value::Object(child) = child {
                insert(child, rest, schema);
            }
        }
    }
}

fn setting_schema(setting: &Setting) -> Value {
    let mut schema = match setting.kind {
        Kind::Text => json!({ "type": ["string", "null"] }),
        Kind::Secret => json!({ "type": ["string", "null"], "writeOnly": true }),
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::Number { min, max: u64::MAX } => json!({ "type": "integer", "minimum": min }),
        Kind::Number { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Bytes { .. } => {
            json!({ "type": ["string", "integer"], "pattern": "^[0-9_]+ *([KkMmGg]?[Bb]?|[KkMmGgTt][Ii]?[Bb])$" })
        }
        Kind::Duration { .. } => json!({ "type": ["string", "integer"], "pattern": "^([0-9]+(ms|s|m|h|d|w)?)+$" }),
        Kind::Choice(choices) => json!({ "enum": choices }),
        Kind::List | Kind::Durations => json!({ "type": ["array", "string"], "items": { "type": "string" } }),
    };
    schema["description"] = json!(setting.doc);
    if !setting.default.is_empty() {
        schema["default"] = json!(setting.default);
    }
    if setting.audience == Audience::Reserved {
        schema["$comment"] = json!("accepted; nothing uses this yet");
    }
    schema
}

/// Returns a `config.yaml` in which every used setting stands commented out with its default.
#[must_use]
pub fn commented_yaml() -> String {
    let mut text = String::new();
    let mut open: Vec<&str> = Vec::new();
    for setting in ALL.iter().filter(|setting| setting.audience == Audience::Used) {
        let parts: Vec<&str> = setting.key.split('.').collect();
        let (leaf, sections) = parts.split_last().expect("a key has a last word");
        let common = open.iter().zip(sections).take_while(|(a, b)| a == b).count();
        open.truncate(common);
        if common == 0 {
            text.push('\n');
        }
        for section in &sections[common..] {
            // Writing to a string cannot fail.
            writeln!(text, "# {}{section}:", "  ".repeat(open.len())).unwrap_or_default();
            open.push(section);
        }
        let default = if setting.default.is_empty() { String::new() } else { format!(" {}", setting.default) };
        let assignment = format!("# {}{leaf}:{default}", "  ".repeat(open.len()));
        writeln!(text, "{assignment:<36} # {}", setting.doc).unwrap_or_default();
    }
    text
}
