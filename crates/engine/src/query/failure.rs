//! Turns what DataFusion says about a failed statement into one error that people can act on: a stable code, a short
//! message, the nearest right name and the place in the statement.

use std::collections::BTreeSet;

use arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::TokenizerError;

use super::catalog::path_name;
use super::session::{CATALOG, EVENTS, REJECTED_EVENTS, SCHEMA};
use super::statement::place_of;
use super::{QueryError, UnseenPath};
use crate::object::failure::MARK;
use crate::tail::PathTypes;

/// Names that a statement may have meant.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) functions: BTreeSet<String>,
    pub(super) paths: std::sync::Arc<PathTypes>,
}

/// Returns the error of text that is no SQL.
pub(super) fn of_syntax(error: &DataFusionError, text: &str) -> QueryError {
    let error = match root(error) {
        DataFusionError::SQL(error, _) => of_parser(error),
        other => QueryError::new("sql_syntax", cleaned(&other.to_string())),
    };
    // The parser gives the end no place, and where something is missing there is the place to look.
    if error.place.is_none() && error.message.ends_with("found EOF") {
        let message = error.message.replace("found EOF", "found the end");
        return QueryError { place: Some(end_of(text)), message, ..error };
    }
    error
}

/// Returns the line and column behind the last word.
fn end_of(text: &str) -> (u64, u64) {
    let text = text.trim_end();
    let last = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() as u64 + 1, last.chars().count() as u64 + 1)
}

/// Returns the error of text that has no words, such as an open quote.
pub(super) fn of_token(error: &TokenizerError) -> QueryError {
    let place = (error.location.line > 0).then_some((error.location.line, error.location.column));
    QueryError { place, ..QueryError::new("sql_syntax", cleaned(&error.message)) }
}

/// Returns the error of a statement that can not be planned.
pub(super) fn of_planning(error: &DataFusionError, sql: &str, names: &Names) -> QueryError {
    match root(error) {
        DataFusionError::SQL(error, _) => of_parser(error),
        DataFusionError::SchemaError(error, _) => of_schema(error, sql, names),
        DataFusionError::Plan(message) => of_plan(message, sql, names),
        DataFusionError::NotImplemented(message) => {
            QueryError::new("sql_invalid", format!("not supported: {}", cleaned(message)))
        }
        DataFusionError::Execution(message) | DataFusionError::Configuration(message) => {
            QueryError::new("sql_invalid", cleaned(message))
        }
        DataFusionError::ArrowError(error, _) => QueryError::new("sql_invalid", cleaned(&error.to_string())),
        _ => of_running(error),
    }
}

/// Returns the error of a statement that failed while it ran.
pub(super) fn of_running(error: &DataFusionError) -> QueryError {
    if let Some(error) = of_store(error) {
        return error;
    }
    match root(error) {
        DataFusionError::ResourcesExhausted(_) => {
            QueryError::new("query_memory", "the query needs more memory than queries may use")
                .hint("ask for a shorter time range, fewer columns or a LIMIT, or raise query.memory")
        }
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::DivideByZero => {
                QueryError::new("query_failed", "division by zero").hint("NULLIF(divisor, 0) gives null instead")
            }
            other => QueryError::new("query_failed", cleaned(&other.to_string())),
        },
        DataFusionError::Execution(message) | DataFusionError::Plan(message) => {
            QueryError::new("query_failed", cleaned(message))
        }
        DataFusionError::NotImplemented(message) => {
            QueryError::new("query_failed", format!("not supported: {}", cleaned(message)))
        }
        other => {
            tracing::warn!(error = %other, "a query failed in a way that it should not");
            QueryError::new("query_failed", "the SQL engine can not run this statement")
                .hint("try a simpler form of it; the server's log has the reason")
        }
    }
}

/// Returns the error of a store that did not give what the statement needs; on its way it was made a text.
fn of_store(error: &DataFusionError) -> Option<QueryError> {
    let text = error.to_string();
    let reason = text[text.find(MARK)?..].lines().next()?;
    Some(QueryError::new("storage_unavailable", format!("history can not be read: {reason}")))
}

/// Returns the error beneath what was added to it on its way.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, root),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => inner.downcast_ref().map_or(error, root),
            _ => error,
        },
        DataFusionError::External(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => root(inner),
            None => error,
        },
        _ => error,
    }
}

fn of_parser(error: &ParserError) -> QueryError {
    let message = match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply",
    };
    let (message, place) = match message.split_once(" at Line: ") {
        Some((message, place)) => (message, place_in(place)),
        None => (message, None),
    };
    let message = message.replacen("Expected: ", "expected ", 1).replacen(", found: ", ", found ", 1);
    QueryError { place, ..QueryError::new("sql_syntax", cleaned(&message)) }
}

/// Reads `3, Column: 7`.
fn place_in(text: &str) -> Option<(u64, u64)> {
    let (line, column) = text.split_once(", Column: ")?;
    let digits = column.split(|letter: char| !letter.is_ascii_digit()).next()?;
    Some((line.parse().ok()?, digits.parse().ok()?))
}

fn of_schema(error: &SchemaError, sql: &str, names: &Names) -> QueryError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => unknown_column(field, valid_fields, sql, names),
        SchemaError::AmbiguousReference { field } => {
            let error = QueryError::new("sql_invalid", format!("column {:?} is in more than one table", field.name));
            QueryError { place: place_of(sql, &field.name), ..error.hint("write the table in front of it") }
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            QueryError::new("sql_invalid", format!("two columns are called {name:?}"))
                .hint("rename one of them with AS")
        }
    }
}

/// Returns a path that no event has with the nearest that one has.
pub(super) fn unseen(path: String, seen: &PathTypes) -> UnseenPath {
    let names: Vec<String> = seen.by_path.keys().map(|path| path_name(path)).collect();
    let nearest = nearest(&path, names.iter().map(String::as_str)).map(str::to_owned);
    UnseenPath { path, nearest }
}

/// Returns what to tell somebody who asked for a path that no event has.
pub(super) fn note_unseen(UnseenPath { path, nearest }: &UnseenPath) -> String {
    match nearest {
        Some(nearest) => format!("no event has {path}; did you mean {nearest}?"),
        None => format!("no event has {path}"),
    }
}

fn unknown_column(field: &Column, valid: &[Column], sql: &str, names: &Names) -> QueryError {
    let name = field.relation.as_ref().map_or_else(|| field.name.clone(), |table| format!("{table}.{}", field.name));
    let error = QueryError::new("unknown_column", format!("unknown column {name:?}"));
    let place = place_of(sql, field.relation.as_ref().map_or(field.name.as_str(), |table| table.table()))
        .or_else(|| place_of(sql, &field.name));
    let has_data = valid.iter().any(|column| column.name == "data");
    let paths: Vec<String> = match has_data {
        true => names.paths.by_path.keys().map(|path| path_name(path)).collect(),
        false => Vec::new(),
    };
    let same_key = paths.iter().find(|path| path.rsplit('.').next().is_some_and(|key| key == field.name));
    let columns = valid.iter().map(|column| column.name.as_str());
    let nearest =
        same_key.map(String::as_str).or_else(|| nearest(&name, columns.chain(paths.iter().map(String::as_str))));
    let hint = match nearest {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None if has_data => {
            "a value inside data is written data.name; GET /query/schema lists what there is".to_owned()
        }
        None => format!("there are {}", listed(valid)),
    };
    QueryError { place, ..error.hint(hint) }
}

fn listed(columns: &[Column]) -> String {
    /// More names than this are no help.
    const NAMES_MAX: usize = 12;
    let names: Vec<&str> = columns.iter().take(NAMES_MAX).map(|column| column.name.as_str()).collect();
    if names.is_empty() { "no columns here".to_owned() } else { names.join(", ") }
}

fn of_plan(message: &str, sql: &str, names: &Names) -> QueryError {
    if let Some(name) = between(message, "table '", "' not found") {
        let name = name.trim_start_matches(CATALOG).trim_start_matches('.');
        let name = name.strip_prefix(SCHEMA).and_then(|name| name.strip_prefix('.')).unwrap_or(name);
        let hint = match nearest(name, [EVENTS, REJECTED_EVENTS].into_iter()) {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => format!("there are {EVENTS} and {REJECTED_EVENTS}"),
        };
        let error = QueryError::new("unknown_table", format!("unknown table {name:?}")).hint(hint);
        return QueryError { place: place_of(sql, name.rsplit('.').next().unwrap_or(name)), ..error };
    }
    let function = between(message, "Invalid function '", "'").or_else(|| between(message, "table function '", "'"));
    if let Some(name) = function {
        let hint = match nearest(name, names.functions.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => "GET /query/schema lists the functions".to_owned(),
        };
        let error = QueryError::new("unknown_function", format!("unknown function {name:?}")).hint(hint);
        return QueryError { place: place_of(sql, name), ..error };
    }
    let error = QueryError::new("sql_invalid", cleaned(message));
    if message.contains("json_get") || (message.contains("Utf8") && sql.contains("data")) {
        return error
            .hint("json_get_float(data, 'name') and json_get_int(data, 'name') give numbers, json_get_str text");
    }
    error
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

/// Returns the name that was most likely meant.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    streamflow_core::suggest::nearest(name, known)
}

/// Returns one lowercase line without the terms of the machinery beneath.
fn cleaned(message: &str) -> String {
    const TERMS: [(&str, &str); 14] = [
        ("Error during planning: ", ""),
        ("This feature is not implemented: ", ""),
        ("Arrow error: ", ""),
        ("Execution error: ", ""),
        ("DataFusion", "the SQL engine"),
        ("Timestamp(µs, \"UTC\")", "timestamp"),
        ("Timestamp(ns)", "timestamp"),
        ("LargeUtf8", "text"),
        ("Utf8View", "text"),
        ("Utf8", "text"),
        ("Int64", "integer"),
        ("Float64", "float"),
        ("Boolean", "boolean"),
        ("sql parser error: ", ""),
    ];
    let line = message.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    let line = TERMS.iter().fold(line.to_owned(), |line, (term, plain)| line.replace(term, plain));
    let mut letters = line.chars();
    match (letters.next(), letters.clone().next()) {
        // A word all in capitals keeps them.
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => line,
    }
}
