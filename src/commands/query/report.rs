//! Writes what became of `--expect` as a JUnit file, which continuous integration reads.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::printer::{CommandError, ExitStatus};

/// Characters of a statement that name a test; the whole one is in the report's output.
const NAME_CHARS_MAX: usize = 120;

/// Where a report goes: `junit=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    path: PathBuf,
}

impl FromStr for Report {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some(("junit", path)) if !path.is_empty() => Ok(Self { path: path.into() }),
            _ => Err("write it like junit=report.xml"),
        }
    }
}

impl Report {
    /// Writes one test: passed, failed, or broken when there was no answer to judge.
    ///
    /// # Errors
    /// When the file can not be written.
    pub(super) fn write(
        &self,
        sql: &str,
        condition: &str,
        elapsed: Duration,
        outcome: &Result<ExitStatus, CommandError>,
    ) -> Result<(), CommandError> {
        fs::write(&self.path, xml(sql, condition, elapsed, outcome)).map_err(|error| {
            CommandError::usage(format!("cannot write the report to {}: {error}", self.path.display()))
                .with_hint("name a file in a folder that exists")
        })
    }
}

fn xml(sql: &str, condition: &str, elapsed: Duration, outcome: &Result<ExitStatus, CommandError>) -> String {
    let statement = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = statement.chars().take(NAME_CHARS_MAX).collect();
    let name = escaped(&format!("{short}: {condition}"));
    let seconds = elapsed.as_secs_f64();
    let (failures, errors, inside) = match outcome {
        Ok(_) => (0, 0, String::new()),
        Err(error) if error.exit == ExitStatus::Negative => (1, 0, verdict("failure", error)),
        Err(error) => (0, 1, verdict("error", error)),
    };
    let counts = format!("tests=\"1\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.3}\"");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  \
         <testsuite name=\"streamflow query\" {counts}>\n    \
         <testcase classname=\"streamflow.query\" name=\"{name}\" time=\"{seconds:.3}\">\n{inside}      \
         <system-out>{}</system-out>\n    </testcase>\n  </testsuite>\n</testsuites>\n",
        escaped(sql)
    )
}

fn verdict(tag: &str, error: &CommandError) -> String {
    let hint = error.hint.as_deref().unwrap_or_default();
    let (message, kind) = (escaped(&error.message), escaped(&error.code));
    format!("      <{tag} message=\"{message}\" type=\"{kind}\">{}</{tag}>\n", escaped(hint))
}

/// Replaces what has a meaning in XML, and what XML can not hold.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_says_passed_failed_or_broken() {
        let written = |outcome| xml("SELECT 1\nWHERE a < '\u{1}'", "rows=0", Duration::from_millis(1_500), &outcome);
        let passed = written(Ok(ExitStatus::Ok));
        assert!(passed.contains("name=\"SELECT 1 WHERE a &lt; '\u{fffd}': rows=0\" time=\"1.500\""), "{passed}");
        assert!(passed.contains("failures=\"0\" errors=\"0\""), "{passed}");
        let failed = written(Err(CommandError::new("assertion_failed", "there are 3 rows", ExitStatus::Negative)));
        assert!(failed.contains("<failure message=\"there are 3 rows\" type=\"assertion_failed\">"), "{failed}");
        let broken = written(Err(CommandError::new("cannot_connect", "no \"server\"", ExitStatus::Unreachable)));
        assert!(broken.contains("failures=\"0\" errors=\"1\""), "{broken}");
        assert!(broken.contains("<error message=\"no &quot;server&quot;\""), "{broken}");
    }

    #[test]
    fn form_and_file_are_read() {
        assert_eq!("junit=a=b.xml".parse(), Ok(Report { path: "a=b.xml".into() }));
        for wrong in ["junit", "junit=", "html=a", ""] {
            assert!(wrong.parse::<Report>().is_err(), "{wrong}");
        }
    }
}
