//! Explains commands and topics: `help COMMAND`, `help exit-codes`, `help schema NAME`.

use std::ffi::OsStr;
use std::fmt::Write as _;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::{Map, Value, json};
use streamflow_core::suggest;

use super::tree::{self, examples};
use super::{SHAPES, Session};
use crate::printer::paint::{ACCENT, HEADING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings;

mod contract;
mod reference;

/// Explain a command or a topic
///
/// Topics: environment, exit-codes, flags, formats, time, sql, schema NAME.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow help exit-codes", "streamflow help context add", "streamflow help schema errors"))]
pub(super) struct HelpArgs {
    /// A command with its subcommand, or a topic
    #[arg(add = ArgValueCompleter::new(complete))]
    words: Vec<String>,
}

/// Completes a command or a topic.
fn complete(current: &OsStr) -> Vec<CompletionCandidate> {
    let topics = TOPICS.iter().map(|topic| topic.name.to_owned());
    let root = tree::command();
    let commands = root.get_subcommands().map(|command| command.get_name().to_owned());
    let begins = |name: &String| current.to_str().is_some_and(|word| name.starts_with(word));
    topics.chain(commands).filter(begins).map(CompletionCandidate::new).collect()
}

/// Prose on one subject.
struct Topic {
    name: &'static str,
    text: fn() -> String,
}

const TOPICS: [Topic; 8] = [
    Topic { name: "contract", text: contract::markdown },
    Topic { name: "environment", text: environment },
    Topic { name: "exit-codes", text: exit_codes },
    Topic { name: "flags", text: flags },
    Topic { name: "formats", text: || include_str!("help/formats.txt").to_owned() },
    Topic { name: "time", text: || include_str!("help/time.txt").to_owned() },
    Topic { name: "reference", text: reference::markdown },
    Topic { name: "sql", text: || include_str!("help/sql.txt").to_owned() },
];

/// Returns the text of a topic, painted.
pub(super) fn topic(name: &str) -> Option<String> {
    TOPICS.iter().find(|topic| topic.name == name).map(|topic| (topic.text)())
}

pub(super) fn run(args: HelpArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        [] => tree::command().render_help().ansi().to_string(),
        // The name of a command and of a topic.
        ["schema"] => format!("{}\n{}", command_page(&words).unwrap_or_default(), shape_names()),
        ["schema", name] if command_page(&words).is_none() => schema(name)?,
        [topic] if TOPICS.iter().any(|known| known.name == *topic) => {
            TOPICS.iter().filter(|known| known.name == *topic).map(|known| (known.text)()).collect()
        }
        words => command_page(words).ok_or_else(|| unknown(words))?,
    };
    session.printer().text(&text)?;
    Ok(ExitStatus::Ok)
}

fn command_page(words: &[&str]) -> Option<String> {
    let mut root = tree::command_in_full();
    root.build();
    let found = words.iter().try_fold(&mut root, |command, word| command.find_subcommand_mut(word))?;
    Some(found.render_help().ansi().to_string())
}

fn unknown(words: &[&str]) -> CommandError {
    let root = tree::command();
    let known: Vec<&str> =
        root.get_subcommands().map(Command::get_name).chain(TOPICS.iter().map(|topic| topic.name)).collect();
    let nearest = words.first().and_then(|word| suggest::nearest(word, known.iter().copied()));
    CommandError::usage(format!("there is no help on {:?}", words.join(" "))).with_hint(match nearest {
        Some(nearest) if nearest != words[0] => format!("did you mean {nearest:?}?"),
        _ => format!("there is help on: {}", known.join(", ")),
    })
}

fn shapes() -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().flat_map(|shapes| shapes.iter().copied())
}

/// Returns `top` for `streamflow.top/1`.
fn short_name(shape: &Shape) -> &'static str {
    shape.name.trim_start_matches("streamflow.").split('/').next().unwrap_or(shape.name)
}

fn shape_names() -> String {
    let mut names: Vec<&str> = shapes().map(short_name).collect();
    names.sort_unstable();
    format!(
        "JSON Schemas of what commands print with -o json, by name:\n\n{}\n\nstreamflow help schema NAME\n",
        wrapped(&names)
    )
}

fn wrapped(names: &[&str]) -> String {
    names.iter().map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n")
}

fn schema(name: &str) -> Result<String, CommandError> {
    let shape = shapes().find(|shape| short_name(shape) == name || shape.name == name).ok_or_else(|| {
        let nearest = suggest::nearest(name, shapes().map(short_name));
        CommandError::usage(format!("there is no schema {name:?}")).with_hint(match nearest {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => "`streamflow help schema` lists them".to_owned(),
        })
    })?;
    Ok(format!("{:#}\n", json_schema(shape)))
}

/// Returns the JSON Schema of the document that `-o json` prints for this shape.
pub(super) fn json_schema(shape: &Shape) -> Value {
    let fields = Map::from_iter(shape.fields.iter().map(|field| (field.name.to_owned(), field_schema(field))));
    let tag = json!({ "const": shape.name });
    let properties = match shape.form {
        Form::Record => Map::from_iter(std::iter::once(("schema".to_owned(), tag)).chain(fields)),
        Form::Listing => Map::from_iter([
            ("schema".to_owned(), tag),
            ("rows".to_owned(), json!({ "type": "array", "items": { "type": "object", "properties": fields } })),
            ("truncated".to_owned(), json!({ "type": "boolean", "description": "whether there are more rows" })),
        ]),
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": shape.name,
        "type": "object",
        "properties": properties,
        "required": ["schema"],
    })
}

fn field_schema(field: &Field) -> Value {
    match field.kind {
        Kind::Text => json!({ "type": ["string", "null"], "description": field.doc }),
        Kind::Number => json!({ "type": ["number", "null"], "description": field.doc }),
        Kind::Bool => json!({ "type": ["boolean", "null"], "description": field.doc }),
        Kind::Time => json!({ "type": ["string", "null"], "format": "date-time", "description": field.doc }),
        Kind::Json => json!({ "description": field.doc }),
    }
}

fn exit_codes() -> String {
    let mut text = format!("{HEADING}Exit codes{HEADING:#}\n\n");
    for (status, meaning) in ExitStatus::ALL {
        // Writing to a string cannot fail.
        writeln!(text, "{ACCENT}{:>5}{ACCENT:#}  {meaning}", status.number()).unwrap_or_default();
    }
    text + "\nA reader that closes the pipe, as head does, is success. `streamflow errors CODE` explains the code of an error.\n"
}

fn flags() -> String {
    let mut text = format!("{HEADING}Options of every command{HEADING:#}\n\n");
    let root = tree::command();
    for arg in root.get_arguments().filter(|arg| arg.is_global_set()) {
        let short = arg.get_short().map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
        let long = arg.get_long().unwrap_or_default();
        let takes_value = arg.get_action().takes_values();
        let value = arg.get_value_names().filter(|_| takes_value).and_then(<[_]>::first);
        let value = value.map(|name| format!(" <{name}>")).unwrap_or_default();
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let name = format!("{short}--{long}{value}");
        writeln!(text, "  {ACCENT}{name:<24}{ACCENT:#} {about}").unwrap_or_default();
    }
    text + "\nForms of data: streamflow help formats. Whom commands talk to: streamflow help context.\n"
}

fn environment() -> String {
    let mut text = include_str!("help/environment.txt").to_owned();
    let names = settings::ALL.iter().flat_map(|setting| setting.env);
    let width = names.map(|name| name.len()).max().unwrap_or_default();
    for setting in settings::ALL {
        for name in setting.env {
            writeln!(text, "  {ACCENT}{name:<width$}{ACCENT:#} {} ({})", setting.doc, setting.key).unwrap_or_default();
        }
    }
    text + "\nEvery key and its variable: docs/configuration.md, or streamflow config view --origin.\n"
}
