//! Puts one marked block into the text of a shell's configuration, replaces it, and takes it out again so that the bytes
//! are those from before. Knows nothing of files.

/// The first and the last line of the block.
const BEGIN: &str = "# >>> streamflow >>>";
const END: &str = "# <<< streamflow <<<";
const ABOUT: &str =
    "# Written by `streamflow setup-completion`; `streamflow setup-completion --uninstall` takes it out.";
/// Says that the text before had no end of line, so that taking the block out removes the one that was added.
const UNENDED: &str = "# The line above had no end.";
/// Says that there was no file.
const UNWRITTEN: &str = "# This file was made for it.";

/// What a file had before the block came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Lines,
    UnendedLine,
    NoFile,
}

/// How lines of the block end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// As the first line of the file has it.
    AsThere,
    /// For shells to which a carriage return is part of a word.
    Lf,
}

/// Why a text can not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    #[error("the block that begins in line {line} has no end")]
    Endless { line: usize },
    #[error("there are two blocks, the second one in line {line}")]
    Twice { line: usize },
}

/// Where the block lies in a text, in bytes.
struct Found {
    start: usize,
    end: usize,
    before: Before,
}

/// Returns the text with `line` in its block: where the block is, or at the end. `None` is a file that does not exist.
///
/// # Errors
/// When the marks in the text are not a pair.
pub fn put(text: Option<&[u8]>, line: &str, line_end: LineEnd) -> Result<Vec<u8>, BlockError> {
    let there = text.unwrap_or_default();
    let found = find(there)?;
    let crlf = match &found {
        Some(found) => first_line_end_is_crlf(&there[found.start..]),
        None => line_end == LineEnd::AsThere && first_line_end_is_crlf(there),
    };
    let (head, tail, before) = match found {
        Some(found) => (&there[..found.start], &there[found.end..], found.before),
        None if text.is_none() => (there, &[][..], Before::NoFile),
        None if there.is_empty() || there.ends_with(b"\n") => (there, &[][..], Before::Lines),
        None => (there, &[][..], Before::UnendedLine),
    };
    let end = if crlf { "\r\n" } else { "\n" };
    let note = match before {
        Before::Lines => None,
        Before::UnendedLine => Some(UNENDED),
        Before::NoFile => Some(UNWRITTEN),
    };
    let mut written = head.to_vec();
    if before == Before::UnendedLine && !head.ends_with(b"\n") {
        written.extend_from_slice(end.as_bytes());
    }
    for part in [Some(BEGIN), Some(ABOUT), note, Some(line), Some(END)].into_iter().flatten() {
        written.extend_from_slice(part.as_bytes());
        written.extend_from_slice(end.as_bytes());
    }
    written.extend_from_slice(tail);
    Ok(written)
}

/// What is left when the block is taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// There was no block.
    Unchanged,
    Text(Vec<u8>),
    /// The file was made for the block and has nothing else.
    NoFile,
}

/// Takes the block out.
///
/// # Errors
/// When the marks in the text are not a pair.
pub fn take_out(text: &[u8]) -> Result<Left, BlockError> {
    let Some(found) = find(text)? else { return Ok(Left::Unchanged) };
    let (mut head, tail) = (&text[..found.start], &text[found.end..]);
    if found.before == Before::NoFile && head.is_empty() && tail.is_empty() {
        return Ok(Left::NoFile);
    }
    // What was written behind the block since needs the end of the line before it.
    if found.before == Before::UnendedLine && tail.is_empty() {
        let end: &[u8] = if first_line_end_is_crlf(&text[found.start..]) { b"\r\n" } else { b"\n" };
        head = head.strip_suffix(end).unwrap_or(head);
    }
    Ok(Left::Text([head, tail].concat()))
}

fn find(text: &[u8]) -> Result<Option<Found>, BlockError> {
    let mut found: Option<Found> = None;
    let mut open: Option<(usize, usize, Before)> = None;
    let mut at = 0;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let start = at;
        at += line.len();
        let words = line.trim_ascii();
        match &mut open {
            None if words == BEGIN.as_bytes() => {
                if found.is_some() {
                    return Err(BlockError::Twice { line: index + 1 });
                }
                open = Some((start, index + 1, Before::Lines));
            }
            None => {}
            Some((_, line, _)) if words == BEGIN.as_bytes() => return Err(BlockError::Endless { line: *line }),
            Some((_, _, before)) if words == UNENDED.as_bytes() => *before = Before::UnendedLine,
            Some((_, _, before)) if words == UNWRITTEN.as_bytes() => *before = Before::NoFile,
            Some((start, _, before)) if words == END.as_bytes() => {
                found = Some(Found { start: *start, end: at, before: *before });
                open = None;
            }
            Some(_) => {}
        }
    }
    match open {
        Some((_, line, _)) => Err(BlockError::Endless { line }),
        None => Ok(found),
    }
}

fn first_line_end_is_crlf(text: &[u8]) -> bool {
    text.iter().position(|byte| *byte == b'\n').is_some_and(|at| text[..at].ends_with(b"\r"))
}

#[cfg(test)]
mod tests;
