//! Runs the statements of a pipe or a file, one after another, until one fails.

use std::io::Read;

use super::{Next, Shell, Statement, lexer};
use crate::printer::{CommandError, ExitStatus};

/// Bytes of a script; what is longer is data, and belongs into `import`.
const SCRIPT_BYTES_MAX: u64 = 4 << 20;

/// # Errors
/// That of the first statement that fails.
pub(super) fn run(shell: &mut Shell<'_>) -> Result<ExitStatus, CommandError> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(SCRIPT_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::usage(format!("cannot read the statements from <stdin>: {error}")))?;
    if text.len() as u64 > SCRIPT_BYTES_MAX {
        return Err(CommandError::usage("the script is longer than 4 MiB")
            .with_hint("events come in with `streamflow import`, not with SQL"));
    }
    for (line, text) in items(&text) {
        // So that the lines of errors are those of the script.
        let text = format!("{}{text}", "\n".repeat(line));
        let statement = Statement { name: "<stdin>".to_owned(), text };
        let statement = if statement.text.trim_start().starts_with('.') {
            Statement { text: statement.text.trim().to_owned(), ..statement }
        } else {
            statement
        };
        if shell.execute(&statement)? == Next::Leave {
            break;
        }
    }
    Ok(ExitStatus::Ok)
}

/// Returns statements and dot commands with the number of lines before each.
fn items(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    // Where what is not yet part of an item begins.
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = line.as_ptr() as usize - text.as_ptr() as usize;
        let pending = &text[start..at];
        if line.starts_with('.') && lexer::is_whole(pending) {
            push(&mut found, text, pending);
            found.push((lines_before(text, at), line.trim()));
            start = at + line.len();
        }
    }
    push(&mut found, text, &text[start..]);
    found
}

fn push<'a>(found: &mut Vec<(usize, &'a str)>, text: &'a str, part: &'a str) {
    for statement in lexer::statements(part) {
        let at = statement.as_ptr() as usize - text.as_ptr() as usize;
        found.push((lines_before(text, at), statement));
    }
}

fn lines_before(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_commands_stand_on_lines_of_their_own() {
        assert_eq!(
            items(".format csv\nSELECT 1;\nSELECT\n  2;\n.timing on\n-- end\nSELECT 3"),
            [(0, ".format csv"), (1, "SELECT 1"), (2, "SELECT\n  2"), (4, ".timing on"), (5, "-- end\nSELECT 3")]
        );
        // Inside a statement a dot is a dot.
        assert_eq!(items("SELECT 1 +\n.5;"), [(0, "SELECT 1 +\n.5")]);
        assert_eq!(items("SELECT '\n.help\n';"), [(0, "SELECT '\n.help\n'")]);
        assert_eq!(items("\n;\n"), []);
    }
}
