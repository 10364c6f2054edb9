//! Completes words whose values only the server knows: event types, sources, columns, schemas, and the user's contexts. The
//! server has a moment to answer; after that its last known answer is taken.

mod known;

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use self::known::Kind;
use super::context::store::Contexts;
use super::target::LOCAL;
use crate::settings::Environment;

/// Asks the server for names and keeps them, if this process was started for that; returns whether it was.
pub(super) fn was_asked_unseen() -> bool {
    known::was_asked_unseen()
}

/// Completes an event type.
pub(super) fn event_type() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| beginning_with(current, Kind::EventTypes))
}

/// Completes a source.
pub(super) fn source() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| beginning_with(current, Kind::Sources))
}

/// Completes an event type that has a schema.
pub(super) fn schema() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| beginning_with(current, Kind::Schemas))
}

/// Completes a column of `events` or a path below `data`.
pub(super) fn column() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| beginning_with(current, Kind::Columns))
}

/// Completes the last name in a statement or a condition: a column, a path or a table.
pub(super) fn expression() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| current.to_str().map(last_name).unwrap_or_default())
}

fn last_name(text: &str) -> Vec<CompletionCandidate> {
    let begins = text
        .rfind(|c: char| !(c.is_alphanumeric() || "._".contains(c)))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let (before, word) = text.split_at(begins);
    if word.is_empty() {
        return Vec::new();
    }
    known::names(Kind::Words)
        .into_iter()
        .filter(|(name, _)| name.starts_with(word))
        .map(|(name, about)| CompletionCandidate::new(format!("{before}{name}")).help(Some(about.into())))
        .collect()
}

/// Completes a filter: the value behind `type=` and `source=`, else the last name.
pub(super) fn filter() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let Some(text) = current.to_str() else { return Vec::new() };
        let known = [("type=", Kind::EventTypes), ("source=", Kind::Sources)];
        let of_value = known.into_iter().find_map(|(key, kind)| Some((kind, text.strip_prefix(key)?, key)));
        match of_value {
            Some((kind, word, key)) => {
                let names = known::names(kind).into_iter().filter(|(name, _)| name.starts_with(word));
                names
                    .map(|(name, about)| CompletionCandidate::new(format!("{key}{name}")).help(Some(about.into())))
                    .collect()
            }
            None => last_name(text),
        }
    })
}

/// Completes a stored context.
pub(super) fn context() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let contexts = Contexts::load(&Environment::of_process()).unwrap_or_default();
        let names = contexts.names().map(str::to_owned).chain([LOCAL.to_owned()]);
        names
            .filter(|name| current.to_str().is_some_and(|word| name.starts_with(word)))
            .map(CompletionCandidate::new)
            .collect()
    })
}

fn beginning_with(current: &OsStr, kind: Kind) -> Vec<CompletionCandidate> {
    let Some(word) = current.to_str() else { return Vec::new() };
    known::names(kind)
        .into_iter()
        .filter(|(name, _)| name.starts_with(word))
        .map(|(name, about)| CompletionCandidate::new(name).help((!about.is_empty()).then(|| about.into())))
        .collect()
}
