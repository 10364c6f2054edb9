//! The registry of error codes: what each one means, which status and exit code go with it, and what to do about it.
//!
//! A code is a promise: it may be added, never renamed or reused. `docs/error-codes.md` is written from this table.

mod command;
mod event;
mod query;
mod request;
mod server;
mod storage;

use std::fmt::Write as _;

/// One stable error code, as it stands in HTTP answers, in `rejected_events` and in front of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// The stable name, in lowercase with underscores.
    pub code: &'static str,
    /// HTTP status of an answer with this code; 0 if it never travels over HTTP.
    pub status: u16,
    /// Exit code of a command that ends with it.
    pub exit: u8,
    /// One line: what went wrong.
    pub summary: &'static str,
    /// A few sentences: what happened, why, and what can be done.
    pub explanation: &'static str,
    /// The next step, in one line.
    pub hint: &'static str,
}

/// Codes that one part of the product gives out, under the heading they have in the documentation.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub title: &'static str,
    pub codes: &'static [ErrorCode],
}

/// All codes, by what they are about.
pub const GROUPS: [Group; 6] = [
    Group { title: "The request", codes: &request::CODES },
    Group { title: "Events", codes: &event::CODES },
    Group { title: "Queries and filters", codes: &query::CODES },
    Group { title: "The server", codes: &server::CODES },
    Group { title: "History and backups", codes: &storage::CODES },
    Group { title: "The command line", codes: &command::CODES },
];

const COUNT: usize = {
    let mut count = 0;
    let mut group = 0;
    while group < GROUPS.len() {
        count += GROUPS[group].codes.len();
        group += 1;
    }
    count
};

/// All codes, in the order of the documentation.
pub const ALL: &[ErrorCode] = &joined();

const fn joined() -> [ErrorCode; COUNT] {
    let mut all = [GROUPS[0].codes[0]; COUNT];
    let (mut filled, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].codes.len() {
            all[filled] = GROUPS[group].codes[row];
            filled += 1;
            row += 1;
        }
        group += 1;
    }
    all
}

/// Returns the entry of `code`.
#[must_use]
pub fn find(code: &str) -> Option<&'static ErrorCode> {
    ALL.iter().find(|entry| entry.code == code)
}

/// Returns the whole registry as `docs/error-codes.md`.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(PREFACE);
    for group in GROUPS {
        section(&mut page, &group);
    }
    page
}

const PREFACE: &str = "\
# Error codes

Every error carries a code that never changes its meaning. Over HTTP it stands in `error.code`:

```json
{\"error\": {\"code\": \"missing_field\", \"message\": \"…\", \"hint\": \"…\", \"details\": null, \"request_id\": \"…\"}}
```

In a list of events the same codes stand in `errors[].code` and in the column `code` of `rejected_events`. A command
prints the message and the hint on standard error and ends with the exit code given here; `streamflow errors CODE` explains
a code without a network.

This page is written from the code's own table; a test keeps the two equal.
";

fn section(page: &mut String, group: &Group) {
    // Writing to a String cannot fail.
    let _infallible = write!(page, "\n## {}\n", group.title);
    for entry in group.codes {
        let status = match entry.status {
            0 => "not sent over HTTP".to_owned(),
            status => format!("HTTP {status}"),
        };
        let _infallible = write!(
            page,
            "\n### `{}`\n\n{} · exit code {} · {}\n\n{}\n\n**Next:** {}\n",
            entry.code, status, entry.exit, entry.summary, entry.explanation, entry.hint
        );
    }
}

#[cfg(test)]
mod tests;
