//! Says in one line what a store refused or why it was not reached. Every such line begins with [`MARK`].

use std::error::Error as _;
use std::io::{self, ErrorKind};

use object_store::Error;

/// By which an error of a store is known among others that lost their types.
pub(crate) const MARK: &str = "the store ";
/// A store may answer a page.
const REASON_CHARS_MAX: usize = 300;
/// Where machines of a cloud ask for their credentials.
const MACHINE_CREDENTIALS: &str = "169.254.169.254";

/// Returns the error as one of files.
pub(super) fn of(error: &Error) -> io::Error {
    let told = told(error);
    let code = between(&told, "<Code>", "</Code>");
    if matches!(code, Some("NoSuchBucket")) {
        return io::Error::other(format!("{MARK}has no such bucket"));
    }
    let reason = reason(error, &told, code);
    match error {
        Error::NotFound { .. } => io::Error::new(ErrorKind::NotFound, format!("{MARK}has no such object")),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::Error::new(ErrorKind::PermissionDenied, format!("{MARK}refuses access: {reason}"))
        }
        _ if told.contains(MACHINE_CREDENTIALS) => io::Error::new(
            ErrorKind::PermissionDenied,
            format!("{MARK}was not asked: no key is set, and this machine has no role"),
        ),
        _ if code.is_some() || told.contains("status code") || told.contains("error response") => {
            io::Error::other(format!("{MARK}failed: {reason}"))
        }
        _ => io::Error::new(ErrorKind::NotConnected, format!("{MARK}can not be reached: {reason}")),
    }
}

/// Returns what all errors beneath say.
fn told(error: &Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        told.push('\n');
        told.push_str(&error.to_string());
        next = error.source();
    }
    told
}

fn reason(error: &Error, told: &str, code: Option<&str>) -> String {
    let text = match (code, between(told, "<Message>", "</Message>")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        // The innermost error is the one that says what happened.
        (None, _) => match error.source() {
            Some(_) => told.lines().last().unwrap_or_default().to_owned(),
            None => told.lines().next().unwrap_or_default().to_owned(),
        },
    };
    text.trim().trim_end_matches('.').chars().take(REASON_CHARS_MAX).collect()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}
