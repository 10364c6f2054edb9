//! Puts the argument parser's complaints into the program's own form of error, with the word that was probably meant.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use streamflow_core::suggest;

use crate::printer::{Color, CommandError, ExitStatus, OutputArgs, Printer};

/// Prints help that was asked for, or why the arguments cannot be used.
pub(super) fn answer(error: clap::Error, words: &[OsString]) -> ExitStatus {
    let printer = Printer::new(OutputArgs { color: color(words), ..OutputArgs::default() });
    let outcome = match error.kind() {
        ErrorKind::DisplayHelp => printer.text(&error.render().ansi().to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            printer.insist(error.render().ansi());
            return ExitStatus::Usage;
        }
        _ => Err(explained(&error)),
    };
    match outcome {
        Ok(()) => ExitStatus::Ok,
        Err(error) => {
            printer.fail(&error);
            error.exit
        }
    }
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

fn explained(error: &clap::Error) -> CommandError {
    let rendered = error.render().to_string();
    let first = rendered.split("\n\n").next().unwrap_or_default();
    let message: Vec<&str> = first.trim_start_matches("error: ").lines().map(str::trim).collect();
    let suggestion = [
        (ContextKind::SuggestedSubcommand, ContextKind::InvalidSubcommand),
        (ContextKind::SuggestedArg, ContextKind::InvalidArg),
        (ContextKind::SuggestedValue, ContextKind::InvalidValue),
    ]
    .into_iter()
    .find_map(|(suggested, invalid)| best(error.get(suggested)?, error.get(invalid)));
    let hint = match (suggestion, error.get(ContextKind::Usage)) {
        (Some(word), _) => format!("did you mean {word}?"),
        (None, Some(usage)) => usage.to_string().trim().replacen("Usage: ", "usage: ", 1),
        (None, None) => "see `streamflow --help`".to_owned(),
    };
    CommandError::usage(message.join(" ")).with_hint(anstream::adapter::strip_str(&hint).to_string())
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
