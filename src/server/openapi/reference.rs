//! Writes `docs/api.md` from the API's own description.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The tag of routes that answer 501.
const NOT_BUILT: &str = "later";

/// The parts of the page, in order: a tag of the description, and how the page calls it.
const PARTS: [(&str, &str, &str); 5] = [
    (
        "ingestion",
        "Ingestion, port 8001",
        "Events come in. The answer is sent when they are on disk and visible to SQL.",
    ),
    (
        "analytics",
        "Analytics, port 8002",
        "Answers come out. All times are event time, UTC unless `tz=` says otherwise.",
    ),
    ("storage", "Storage, port 8004", "History: its files and what is done to them. Schemas of event types."),
    (
        "state",
        "Every port",
        "How the server is. `/openapi.json` is on the gateway, port 8005, which has every other route too.",
    ),
    (NOT_BUILT, "Not built yet", "These answer 501 `not_built`. Alerting has port 8003."),
];

const PREFACE: &str = "\
# HTTP API

This page is written from the API's own description, `GET /openapi.json`; a test keeps the two equal. Every route is on
the gateway port, 8005; each role has a port of its own with its part.

Errors have one form, with a code from [error-codes.md](error-codes.md):

```json
{\"error\": {\"code\": \"missing_field\", \"message\": \"\\\"type\\\" is missing\", \"hint\": \"…\", \"request_id\": \"…\"}}
```

A request may name itself by `request-id`; the answer echoes it, or the name that the server made. Without a token the
server listens on loopback alone and any `Authorization` header will do; with one, every route but `/health` and `/ready`
wants `Authorization: Bearer TOKEN`. `Host` must be loopback or one of `server.hosts`; web pages may write only from origins
in `CORS_ORIGINS`.
";

/// Returns the page.
pub(super) fn markdown(document: &Value) -> String {
    let mut page = String::from(PREFACE);
    for (tag, title, preface) in PARTS {
        line(&mut page, format_args!("\n## {title}\n\n{preface}"));
        if tag == NOT_BUILT {
            page.push('\n');
        }
        for (path, method, operation) in operations(document).filter(|(_, _, operation)| operation["tags"][0] == tag) {
            match tag {
                NOT_BUILT => line(&mut page, format_args!("* `{method} {path}`")),
                _ => section(&mut page, path, &method, operation),
            }
        }
    }
    line(&mut page, format_args!("\n## Types"));
    for (name, schema) in entries(&document["components"]["schemas"]).filter(|(name, _)| envelope(name).is_none()) {
        type_section(&mut page, name, schema);
    }
    page
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, String, &Value)> {
    entries(&document["paths"]).flat_map(|(path, item)| {
        entries(item).map(move |(method, operation)| (path, method.to_ascii_uppercase(), operation))
    })
}

fn section(page: &mut String, path: &str, method: &str, operation: &Value) {
    line(page, format_args!("\n### `{method} {path}`\n\n{}.", text(&operation["summary"]).trim_end_matches('.')));
    let description = text(&operation["description"]);
    if !description.is_empty() {
        line(page, format_args!("\n{description}"));
    }
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        line(page, format_args!("\n| parameter | |\n|---|---|"));
    }
    for parameter in parameters {
        line(page, format_args!("| `{}` | {} |", text(&parameter["name"]), cell(text(&parameter["description"]))));
    }
    let bodies = contents(&operation["requestBody"]);
    if !bodies.is_empty() {
        line(page, format_args!("\nBody: {bodies}"));
    }
    line(page, format_args!("\n| status | | body |\n|---|---|---|"));
    for (status, response) in entries(&operation["responses"]) {
        line(page, format_args!("| {status} | {} | {} |", cell(text(&response["description"])), contents(response)));
    }
}

/// Returns the content types of a body with the type of each.
fn contents(body: &Value) -> String {
    let parts = entries(&body["content"]).map(|(content_type, media)| match kind(&media["schema"]) {
        kind if kind == "text" => format!("`{content_type}`"),
        kind => format!("{kind} as `{content_type}`"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn type_section(page: &mut String, name: &str, schema: &Value) {
    line(page, format_args!("\n### {name}\n\n{}", text(&schema["description"])));
    for (nth, variant) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
        let gap = if nth == 0 { "\n" } else { "" };
        line(page, format_args!("{gap}* {}: {}", variant_fields(variant), cell(text(&variant["description"]))));
    }
    if schema["properties"].is_object() {
        line(page, format_args!("\n| field | type | |\n|---|---|---|"));
    }
    for (field, described) in entries(&schema["properties"]) {
        line(page, format_args!("| `{field}` | {} | {} |", kind(described), cell(text(&described["description"]))));
    }
}

fn variant_fields(variant: &Value) -> String {
    if let Some(word) = variant["enum"][0].as_str() {
        return format!("`{word}`");
    }
    let field = |(name, described): (&String, &Value)| match described["enum"][0].as_str() {
        Some(word) => format!("`{name}: \"{word}\"`"),
        None => format!("`{name}`"),
    };
    entries(&variant["properties"]).map(field).collect::<Vec<_>>().join(", ")
}

/// Returns a schema's type in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return envelope(name).unwrap_or_else(|| linked(name));
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choices = choices.iter().filter(|choice| choice["type"] != "null").map(kind);
        return choices.collect::<Vec<_>>().join(" or ");
    }
    let word = match &schema["type"] {
        Value::Array(words) => words.iter().map(text).find(|word| *word != "null").unwrap_or("any"),
        word => text(word),
    };
    match word {
        "array" => format!("list of {}", kind(&schema["items"])),
        "string" => "text".to_owned(),
        "" => "any".to_owned(),
        word => word.to_owned(),
    }
}

fn linked(name: &str) -> String {
    format!("[{name}](#{})", name.to_ascii_lowercase())
}

/// Returns what a wrapped answer holds, if the name is of one: `{"success": true, "data": …}`.
fn envelope(name: &str) -> Option<String> {
    let (inner, next) = match name.strip_prefix("Page_") {
        Some(row) => (format!("list of {}", linked_or_object(row)), ", `next_cursor`"),
        None => {
            let inner = name.strip_prefix("Success_")?;
            let list = inner.strip_prefix("Vec_").map(|row| format!("list of {}", linked_or_object(row)));
            (list.unwrap_or_else(|| linked_or_object(inner)), "")
        }
    };
    Some(format!("`success`, `data`: {inner}{next}"))
}

fn linked_or_object(name: &str) -> String {
    if name == "Object" || name == "Value" { "object".to_owned() } else { linked(name) }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Fits text into a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String can not fail.
    let _infallible = writeln!(page, "{text}");
}
