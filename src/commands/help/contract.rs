//! Writes what scripts may rely on, command by command: forms, schemas with their fields, exit codes.

use std::fmt::Write as _;

use clap::ValueEnum;

use crate::commands::{
    backup, bench, bundle, config, context, demo, doctor, errors, events, funnel, health, import, init, k8s, paths,
    query, retention, schema, send, sessions, setup_completion, start, status, stop, storage, tail, top, trends,
    version, webhook,
};
use crate::printer::{ExitStatus, Form, Format, Kind, Shape};

const PREFACE: &str = include_str!("contract.md");

/// What a command may end with beside success, wrong usage, a fault of our own and an interrupt.
struct Contract {
    command: &'static str,
    shapes: &'static [&'static Shape],
    exits: &'static [ExitStatus],
}

const fn contract(command: &'static str, shapes: &'static [&'static Shape], exits: &'static [ExitStatus]) -> Contract {
    Contract { command, shapes, exits }
}

use ExitStatus::{Authentication, Negative, NotFound, TimedOut, Unhealthy, Unreachable};

/// Of a command that talks to a server.
const SERVER: &[ExitStatus] = &[Unreachable, Authentication, TimedOut];
/// Of a command that asks a server for something that may not exist.
const LOOKUP: &[ExitStatus] = &[Unreachable, Authentication, NotFound, TimedOut];
/// Of a command whose answer may be no.
const JUDGED: &[ExitStatus] = &[Negative, Unreachable, Authentication, TimedOut];

/// One line a command.
#[rustfmt::skip]
const CONTRACTS: &[Contract] = &[
    contract("backup", backup::SHAPES, &[Unhealthy, Unreachable, Authentication, NotFound, TimedOut]),
    contract("bench", bench::SHAPES, SERVER),
    contract("bundle", bundle::SHAPES, SERVER),
    contract("completion", &[], &[]),
    contract("config", config::SHAPES, &[NotFound]),
    contract("context", context::SHAPES, SERVER),
    contract("demo", demo::SHAPES, &[]),
    contract("doctor", doctor::SHAPES, &[Unhealthy]),
    contract("errors", errors::SHAPES, &[NotFound]),
    contract("events", events::SHAPES, &[Negative, Unreachable, Authentication, NotFound, TimedOut]),
    contract("export", &[], SERVER),
    contract("funnel", funnel::SHAPES, SERVER),
    contract("health", health::SHAPES, &[Unreachable, Authentication, Unhealthy, TimedOut]),
    contract("help", &[], &[NotFound]),
    contract("import", import::SHAPES, JUDGED),
    contract("init", init::SHAPES, &[]),
    contract("k8s", k8s::SHAPES, &[Negative, Unreachable, Authentication, NotFound, TimedOut]),
    contract("logs", &[], &[NotFound]),
    contract("man", &[], &[NotFound]),
    contract("paths", paths::SHAPES, SERVER),
    contract("query", query::SHAPES, JUDGED),
    contract("retention", retention::SHAPES, SERVER),
    contract("schema", schema::SHAPES, &[Negative, Unreachable, Authentication, NotFound, TimedOut]),
    contract("send", send::SHAPES, JUDGED),
    contract("sessions", sessions::SHAPES, SERVER),
    contract("setup-completion", setup_completion::SHAPES, &[]),
    contract("sql", query::SHAPES, LOOKUP),
    contract("start", start::SHAPES, &[Unreachable]),
    contract("status", status::SHAPES, SERVER),
    contract("stop", stop::SHAPES, &[TimedOut]),
    contract("storage", storage::SHAPES, &[Unhealthy, Unreachable, Authentication, TimedOut]),
    contract("tail", tail::SHAPES, SERVER),
    contract("top", top::SHAPES, SERVER),
    contract("trends", trends::SHAPES, SERVER),
    contract("tui", &[], &[Unreachable]),
    contract("version", version::SHAPES, &[]),
    contract("webhook", webhook::SHAPES, &[Negative, Unreachable, Authentication, NotFound, Unhealthy, TimedOut]),
];

/// Of every command.
const ALWAYS: [ExitStatus; 4] = [ExitStatus::Ok, ExitStatus::Usage, ExitStatus::Bug, ExitStatus::Interrupted];

/// Returns the page that is kept as `docs/cli-contract.md`.
pub(super) fn markdown() -> String {
    let mut page = PREFACE.to_owned();
    // Writing to a string cannot fail.
    writeln!(page, "\n## Forms\n\n{}", formats()).unwrap_or_default();
    page.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (status, meaning) in ExitStatus::ALL {
        writeln!(page, "| {} | {meaning} |", status.number()).unwrap_or_default();
    }
    page.push_str("\n## Commands\n\n| command | schemas of its JSON | exit codes |\n|---|---|---|\n");
    for contract in CONTRACTS {
        let schemas: Vec<String> =
            contract.shapes.iter().map(|shape| format!("[`{0}`](#{1})", shape.name, anchor(shape.name))).collect();
        let mut codes: Vec<u8> = ALWAYS.iter().chain(contract.exits).map(|status| status.number()).collect();
        codes.sort_unstable();
        let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
        writeln!(page, "| `{}` | {} | {} |", contract.command, schemas.join(", "), codes.join(" ")).unwrap_or_default();
    }
    page.push_str("\n## Schemas\n");
    let mut shapes: Vec<&Shape> = CONTRACTS.iter().flat_map(|contract| contract.shapes.iter().copied()).collect();
    shapes.sort_by_key(|shape| shape.name);
    shapes.dedup_by_key(|shape| shape.name);
    for shape in shapes {
        describe(shape, &mut page);
    }
    page
}

fn formats() -> String {
    let name = |format: &Format| format.to_possible_value().map(|value| format!("`{}`", value.get_name()));
    Format::value_variants().iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

/// Returns the anchor that a heading of this name has on a page.
fn anchor(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || "_-".contains(*c)).collect()
}

fn describe(shape: &Shape, page: &mut String) {
    writeln!(page, "\n### {}\n", shape.name).unwrap_or_default();
    let form = match shape.form {
        Form::Record => "One object.",
        Form::Listing => "Rows.",
    };
    if shape.fields.is_empty() {
        writeln!(page, "{form} Their fields are the columns of the statement.").unwrap_or_default();
        return;
    }
    writeln!(page, "{form}\n\n| field | holds | what |\n|---|---|---|").unwrap_or_default();
    for field in shape.fields {
        let kind = match field.kind {
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Bool => "true or false",
            Kind::Time => "time, RFC 3339",
            Kind::Json => "JSON",
        };
        writeln!(page, "| `{}` | {kind} | {} |", field.name, field.doc.replace('|', "\\|")).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::commands::{SHAPES, tree};

    #[test]
    fn contract_is_the_one_that_is_kept() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli-contract.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, markdown()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == markdown(), "write it anew: UPDATE_DOCS=1 cargo test --workspace");
    }

    #[test]
    fn every_command_and_every_schema_has_its_line() {
        let root = tree::command();
        let commands: BTreeSet<&str> = root.get_subcommands().map(clap::Command::get_name).collect();
        let told: BTreeSet<&str> = CONTRACTS.iter().map(|contract| contract.command).collect();
        assert_eq!(told, commands);
        let names = |shapes: &[&Shape]| shapes.iter().map(|shape| shape.name).collect::<Vec<_>>();
        let schemas: BTreeSet<&str> = SHAPES.iter().flat_map(|shapes| names(shapes)).collect();
        let told: BTreeSet<&str> = CONTRACTS.iter().flat_map(|contract| names(contract.shapes)).collect();
        assert_eq!(told, schemas);
    }
}
