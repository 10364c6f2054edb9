//! Reads the commands of the shell itself, which begin with a dot.

use streamflow_core::suggest;

use crate::printer::{CommandError, Format};

/// A command as `.help` shows it.
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) usage: &'static str,
    pub(super) about: &'static str,
}

pub(super) const COMMANDS: [About; 9] = [
    About { name: ".help", usage: "", about: "show this" },
    About { name: ".tables", usage: "", about: "list the tables" },
    About { name: ".schema", usage: "[TABLE]", about: "list columns and the paths seen inside data" },
    About { name: ".chart", usage: "[LABEL VALUE]", about: "draw the last result" },
    About { name: ".format", usage: "[FORMAT]", about: "print results as table, json, csv, vertical, …" },
    About { name: ".timing", usage: "[on|off]", about: "say after each statement what it cost" },
    About { name: ".pin", usage: "NAME", about: "keep the last statement as a panel in dashboards/NAME.yaml" },
    About { name: ".clear", usage: "", about: "clear the screen" },
    About { name: ".quit", usage: "", about: "leave; so does Ctrl-D" },
];

/// One command with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dot {
    Help,
    Tables,
    Schema(Option<String>),
    Chart(Option<(String, String)>),
    Format(Option<Format>),
    Timing(Option<bool>),
    Pin(String),
    Clear,
    Quit,
}

/// Reads a line that begins with a dot.
///
/// # Errors
/// When there is no such command, or it takes other words.
pub(super) fn parse(line: &str) -> Result<Dot, CommandError> {
    let words: Vec<&str> = line.trim().trim_end_matches(';').split_whitespace().collect();
    let owned = |word: &str| word.to_owned();
    Ok(match words.as_slice() {
        [".help" | ".h" | ".?"] => Dot::Help,
        [".tables"] => Dot::Tables,
        [".schema"] => Dot::Schema(None),
        [".schema", table] => Dot::Schema(Some(owned(table))),
        [".chart"] => Dot::Chart(None),
        [".chart", label, value] => Dot::Chart(Some((owned(label), owned(value)))),
        [".format"] => Dot::Format(None),
        [".format", format] => Dot::Format(Some(format_named(format)?)),
        [".timing"] => Dot::Timing(None),
        [".timing", "on"] => Dot::Timing(Some(true)),
        [".timing", "off"] => Dot::Timing(Some(false)),
        [".pin", name] => Dot::Pin(panel_name(name)?),
        [".clear"] => Dot::Clear,
        [".quit" | ".exit" | ".q"] => Dot::Quit,
        [name, ..] => return Err(wrong(name)),
        [] => return Err(wrong(".")),
    })
}

fn wrong(name: &str) -> CommandError {
    if let Some(command) = COMMANDS.iter().find(|command| command.name == name) {
        return CommandError::usage(format!("{name} takes other words"))
            .with_hint(format!("usage: {} {}", command.name, command.usage).trim_end().to_owned());
    }
    let hint = match suggest::nearest(name, COMMANDS.iter().map(|command| command.name)) {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None => "see .help".to_owned(),
    };
    CommandError::usage(format!("there is no {name}")).with_hint(hint)
}

fn format_named(name: &str) -> Result<Format, CommandError> {
    use clap::ValueEnum as _;
    Format::from_str(name, true).ok().filter(|format| *format != Format::Parquet).ok_or_else(|| {
        CommandError::usage(format!("there is no format {name:?}"))
            .with_hint("one of table, json, ndjson, csv, tsv, yaml, markdown, vertical, none")
    })
}

/// A name becomes the name of a file.
fn panel_name(name: &str) -> Result<String, CommandError> {
    let is_word = name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c)) && !name.starts_with('-');
    if is_word && !name.is_empty() && name.len() <= 100 {
        return Ok(name.to_owned());
    }
    Err(CommandError::usage(format!("a panel cannot be called {name:?}")).with_hint("use letters, digits, - and _"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_what_is_wrong_is_told() {
        assert_eq!(parse(".schema events;").unwrap(), Dot::Schema(Some("events".to_owned())));
        assert_eq!(parse(".timing off").unwrap(), Dot::Timing(Some(false)));
        assert_eq!(parse(".format CSV").unwrap(), Dot::Format(Some(Format::Csv)));
        let hint = |line: &str| parse(line).unwrap_err().hint.unwrap();
        assert_eq!(hint(".tabels"), "did you mean \".tables\"?");
        assert_eq!(hint(".pin"), "usage: .pin NAME");
        assert_eq!(hint(".pin ../x"), "use letters, digits, - and _");
        assert!(hint(".format xml").starts_with("one of table"));
    }
}
