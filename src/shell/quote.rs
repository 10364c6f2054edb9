//! Puts a text into quotes that a shell takes off again.

/// Quotes for bash and zsh: nothing inside has a meaning but the quote itself.
pub(super) fn posix(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quotes for fish, which knows escapes inside single quotes.
pub(super) fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Quotes for PowerShell and elvish: a quote inside is written twice.
pub(super) fn doubled(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes for nushell, whose double quotes know escapes.
pub(super) fn nushell(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}
