//! How a command's failure is put into words: what, where, and what to do next.

use std::fmt::Write as _;
use std::io;

use super::ExitStatus;
use super::paint::{ACCENT, BAD, FAINT};

/// A failure that ends a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// A code that `streamflow errors CODE` explains.
    pub code: String,
    /// Lowercase, one line, no period.
    pub message: String,
    /// Where in the user's own text.
    pub place: Option<Box<Place>>,
    /// The next step.
    pub hint: Option<String>,
    pub exit: ExitStatus,
}

/// A place in a text that the user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the file, or what the text is, such as `<sql>`.
    pub file: String,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// The line itself, so that a caret can point into it.
    pub source: Option<String>,
    /// How many characters the caret covers, at least 1.
    pub length: usize,
}

impl Place {
    /// Returns a place in `text`, taking its line along.
    #[must_use]
    pub fn in_text(file: impl Into<String>, text: &str, line: u64, column: u64) -> Self {
        let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        Self { file: file.into(), line, column, source: text.lines().nth(index).map(str::to_owned), length: 1 }
    }

    /// Makes the caret cover `length` characters.
    #[must_use]
    pub fn covering(self, length: usize) -> Self {
        Self { length: length.max(1), ..self }
    }
}

const CLOSED_PIPE: &str = "closed_pipe";

impl CommandError {
    /// Returns a failure with a code, words and an exit status.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>, exit: ExitStatus) -> Self {
        Self { code: code.into(), message: message.into(), place: None, hint: None, exit }
    }

    /// Returns a failure of usage: exit status 2.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message, ExitStatus::Usage)
    }

    /// Returns a fault of our own: exit status 70.
    #[must_use]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new("internal", message, ExitStatus::Bug).with_hint("please report this; it is a fault of streamflow")
    }

    /// Returns what is said when the reader of stdout has left, as `head` does: nothing, and success.
    #[must_use]
    pub fn closed_pipe() -> Self {
        Self::new(CLOSED_PIPE, "", ExitStatus::Ok)
    }

    /// Returns what is said when the user pressed Ctrl-C: nothing.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new("interrupted", "", ExitStatus::Interrupted)
    }

    pub(super) fn parquet_only_for_queries() -> Self {
        Self::usage("this command does not write parquet")
            .with_hint("`streamflow query … -o parquet > file.parquet` does")
    }

    /// Adds the next step.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds the next step if there is one.
    #[must_use]
    pub fn with_hint_maybe(self, hint: Option<impl Into<String>>) -> Self {
        Self { hint: hint.map(Into::into).or(self.hint), ..self }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place: Some(Box::new(place)), ..self }
    }

    /// Returns whether there is nothing to say.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// Returns the words for a terminal, styled.
    #[must_use]
    pub fn rendered(&self) -> String {
        let mut text = format!("{BAD}error:{BAD:#} {}", self.message);
        if let Some(place) = &self.place {
            render_place(place, &mut text);
        }
        if let Some(hint) = &self.hint {
            // Writing to a string cannot fail.
            write!(text, "\n{ACCENT}hint:{ACCENT:#}  {hint}").unwrap_or_default();
        }
        text
    }
}

/// Tabs would put the caret elsewhere than the fault, so each is shown as one space.
fn render_place(place: &Place, text: &mut String) {
    let Place { file, line, column, .. } = place;
    write!(text, "\n{FAINT}  -->{FAINT:#} {file}:{line}:{column}").unwrap_or_default();
    let Some(source) = &place.source else { return };
    let margin = " ".repeat(line.to_string().len());
    let before = usize::try_from(column.saturating_sub(1)).unwrap_or(0).min(source.chars().count());
    let indent: usize =
        source.chars().take(before).map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(1)).sum();
    let carets = "^".repeat(place.length);
    write!(text, "\n{FAINT} {margin} |{FAINT:#}\n{FAINT} {line} |{FAINT:#} {}", source.replace('\t', " "))
        .unwrap_or_default();
    write!(text, "\n{FAINT} {margin} |{FAINT:#} {}{BAD}{carets}{BAD:#}", " ".repeat(indent)).unwrap_or_default();
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::closed_pipe();
        }
        let text = error.to_string();
        // The number of the system tells nobody anything.
        let reason = text.split(" (os error").next().unwrap_or_default().to_lowercase();
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let hint = if full { "make room, or send the output elsewhere" } else { "send the output elsewhere" };
        Self::new("output_failed", format!("cannot write the output: {reason}"), ExitStatus::Usage).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caret_points_at_the_column_below_its_line() {
        let error = CommandError::usage("unknown key \"prot\"")
            .at(Place::in_text("config.yaml", "a: 1\nserver:\n  prot: 1\n", 3, 3).covering(4))
            .with_hint("did you mean \"port\"?");
        let plain = anstream::adapter::strip_str(&error.rendered()).to_string();
        assert_eq!(
            plain,
            "error: unknown key \"prot\"\n  --> config.yaml:3:3\n   |\n 3 |   prot: 1\n   |   ^^^^\nhint:  did you mean \"port\"?"
        );
    }

    #[test]
    fn output_that_cannot_be_written_is_no_fault_of_ours() {
        let error = CommandError::from(io::Error::from_raw_os_error(28));
        assert_eq!(
            (error.exit, error.message.as_str()),
            (ExitStatus::Usage, "cannot write the output: no space left on device")
        );
        assert_eq!(error.hint.as_deref(), Some("make room, or send the output elsewhere"));
    }

    #[test]
    fn closed_pipe_is_success_and_says_nothing() {
        let error = CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((error.exit, error.is_silent()), (ExitStatus::Ok, true));
    }
}
