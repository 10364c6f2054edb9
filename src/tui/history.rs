//! Keeps statements from one session to the next, in the file in which the shell of `streamflow sql` keeps its own.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::state::sql::HISTORY_MAX;

/// What stands in the file for the end of a line inside of a statement.
const NEW_LINE: &str = "<\\n>";
/// Bytes of the file that are read at most, its newest ones.
const READ_BYTES_MAX: usize = 1 << 20;

/// Returns the newest statements, oldest first; none when there are none.
pub(super) fn read(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap_or_default();
    let newest = &bytes[bytes.len().saturating_sub(READ_BYTES_MAX)..];
    let text = String::from_utf8_lossy(newest);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(HISTORY_MAX)..].iter().map(|line| line.replace(NEW_LINE, "\n")).collect()
}

/// Adds a statement. A new file can be read by its owner alone.
pub(super) fn append(path: &Path, sql: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    // One write, so that statements of two programs do not get into each other.
    file.write_all(format!("{}\n", sql.replace('\n', NEW_LINE)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_come_back_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("streamflow/sql_history");
        assert!(read(&path).is_empty());
        for sql in ["SELECT 1", "SELECT type\nFROM events"] {
            append(&path, sql).unwrap();
        }
        assert_eq!(read(&path), ["SELECT 1", "SELECT type\nFROM events"]);
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        (0..HISTORY_MAX).for_each(|n| append(&path, &n.to_string()).unwrap());
        assert_eq!(read(&path).first().map(String::as_str), Some("0"));
    }
}
