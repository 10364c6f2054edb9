//! Puts the argument parser's complaints into the program's own form of error, with the word that was probably meant.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use streamflow_core::suggest;

use super::tree;
use crate::printer::{Color, CommandError, ExitStatus, OutputArgs, Printer};

/// Prints help that was asked for, or why the arguments cannot be used.
pub(super) fn answer(error: clap::Error, words: &[OsString]) -> ExitStatus {
    let printer = Printer::new(OutputArgs { color: color(words), ..OutputArgs::default() });
    let outcome = match error.kind() {
        ErrorKind::DisplayHelp => printer.text(&page(&error, words)),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            printer.insist(error.render().ansi());
            return ExitStatus::Usage;
        }
        _ => Err(explained(&error, words)),
    };
    match outcome {
        Ok(()) => ExitStatus::Ok,
        Err(error) => {
            printer.fail(&error);
            error.exit
        }
    }
}

/// Returns the page of help: with every option of the command if it was asked for in full.
fn page(error: &clap::Error, words: &[OsString]) -> String {
    let in_full = words.iter().any(|word| word == "--help");
    let full = in_full.then(|| tree::command_in_full().try_get_matches_from(words).err()).flatten();
    full.as_ref().unwrap_or(error).render().ansi().to_string()
}

/// The parser stopped, so the one flag that matters for printing is looked for by hand.
fn color(words: &[OsString]) -> Color {
    let wants = |value: &str| {
        let joined = format!("--color={value}");
        words.iter().any(|word| *word == *joined)
            || words.windows(2).any(|pair| pair[0] == "--color" && pair[1] == value)
    };
    if wants("never") {
        Color::Never
    } else if wants("always") {
        Color::Always
    } else {
        Color::Auto
    }
}

fn explained(error: &clap::Error, words: &[OsString]) -> CommandError {
    let rendered = error.render().to_string();
    let first = rendered.split("\n\n").next().unwrap_or_default();
    let message: Vec<&str> = first.trim_start_matches("error: ").lines().map(str::trim).collect();
    let called = Called::of(words);
    let hint = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) if flag.starts_with('-') => called.unknown(flag),
        (ErrorKind::MissingRequiredArgument, _) => called.wanted(error),
        _ => suggested(error).unwrap_or_else(|| called.usage(error)),
    };
    CommandError::usage(message.join(" ")).with_hint(anstream::adapter::strip_str(&hint).to_string())
}

/// Returns the word that was probably meant, where the parser knows some.
fn suggested(error: &clap::Error) -> Option<String> {
    let kinds = [
        (ContextKind::SuggestedSubcommand, ContextKind::InvalidSubcommand),
        (ContextKind::SuggestedArg, ContextKind::InvalidArg),
        (ContextKind::SuggestedValue, ContextKind::InvalidValue),
    ];
    let word = kinds.into_iter().find_map(|(suggested, invalid)| best(error.get(suggested)?, error.get(invalid)))?;
    Some(format!("did you mean {word}?"))
}

/// Flags of time, which a statement says itself.
const TIME_FLAGS: [&str; 5] = ["since", "until", "last", "around", "tz"];
/// Commands that are named where a flag is looked for.
const OWNERS_MAX: usize = 3;

/// The command that was called, as far as its words go.
struct Called {
    root: Command,
    /// Names below the program's.
    path: Vec<String>,
}

impl Called {
    fn of(words: &[OsString]) -> Self {
        let root = tree::command();
        let (mut path, mut command) = (Vec::new(), &root);
        for word in words.iter().skip(1).filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-')) {
            let Some(found) = command.find_subcommand(word) else { break };
            path.push(found.get_name().to_owned());
            command = found;
        }
        Self { root, path }
    }

    fn command(&self) -> &Command {
        self.path.iter().fold(&self.root, |command, name| command.find_subcommand(name).unwrap_or(command))
    }

    fn see_help(&self) -> String {
        let words = ["streamflow"].into_iter().chain(self.path.iter().map(String::as_str));
        format!("see `{} --help`", words.collect::<Vec<_>>().join(" "))
    }

    fn usage(&self, error: &clap::Error) -> String {
        match error.get(ContextKind::Usage) {
            Some(usage) => usage.to_string().trim().replacen("Usage: ", "usage: ", 1),
            None => self.see_help(),
        }
    }

    /// Says how the command is called when something is missing.
    fn wanted(&self, error: &clap::Error) -> String {
        let usage = self.usage(error);
        let examples = self.command().get_after_help().map(|text| text.ansi().to_string()).unwrap_or_default();
        match examples.lines().nth(1) {
            Some(example) => format!("{usage}\n       for example: {}", example.trim()),
            None => usage,
        }
    }

    /// Says what a flag may have been meant as that the command does not have.
    fn unknown(&self, flag: &str) -> String {
        let name = flag.trim_start_matches('-');
        if self.path == ["query"] && TIME_FLAGS.contains(&name) {
            return "say the time in the statement: WHERE timestamp >= now() - INTERVAL '2 hours'".to_owned();
        }
        let own = self.command().get_arguments().chain(self.root.get_arguments()).filter_map(Arg::get_long);
        if let Some(nearest) = suggest::nearest(name, own) {
            return format!("did you mean \"--{nearest}\"?");
        }
        let has = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(name));
        let owners = self.root.get_subcommands().filter(|command| has(command)).map(Command::get_name);
        let owners: Vec<String> = owners.map(|name| format!("`streamflow {name}`")).take(OWNERS_MAX).collect();
        match owners.as_slice() {
            [] => self.see_help(),
            [one] => format!("{one} has {flag}; {}", self.see_help()),
            all => format!("{} have {flag}; {}", all.join(", "), self.see_help()),
        }
    }
}

/// Returns the likeliest of the words that the parser suggests, in quotes.
fn best(suggested: &ContextValue, invalid: Option<&ContextValue>) -> Option<String> {
    let words: Vec<&str> = match suggested {
        ContextValue::String(word) => vec![word],
        ContextValue::Strings(words) => words.iter().map(String::as_str).collect(),
        _ => return None,
    };
    let written = match invalid {
        Some(ContextValue::String(written)) => written.as_str(),
        _ => "",
    };
    let nearest = suggest::nearest(written, words.iter().copied()).or_else(|| words.first().copied())?;
    Some(format!("{nearest:?}"))
}
