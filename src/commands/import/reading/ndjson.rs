//! Reads one JSON object a line.

use std::io::{BufRead, Read as _};

use streamflow_core::json::{JsonError, Reader, line_and_column};

use super::{End, Reading};
use crate::commands::import::mapping::{Cell, Dots, NESTING_MAX};
use crate::commands::send::input::InputError;

/// Bytes of one row's text; a server takes 1 MiB unless it is told otherwise.
const ROW_BYTES_MAX: usize = 16 << 20;

pub(super) fn read(mut reader: Box<dyn BufRead + Send>, reading: &mut Reading) -> Result<End, InputError> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let limit = ROW_BYTES_MAX as u64 + 1;
        let taken = reader.by_ref().take(limit).read_until(b'\n', &mut text);
        if taken.map_err(|reason| reading.failed(reason))? == 0 {
            break;
        }
        if text.len() > ROW_BYTES_MAX {
            return Err(InputError::TooLong { name: reading.name.clone(), line });
        }
        if object(line, &text, Nulls::Kept, Dots::Keep, reading).is_err() {
            return Ok(End::Stopped);
        }
    }
    Ok(End::Complete)
}

/// What a null says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// Somebody wrote it.
    Kept,
    /// The row has nothing in this column.
    Absent,
}

/// Hands one object on; an empty line is none.
pub(super) fn object(
    line: u64,
    text: &[u8],
    nulls: Nulls,
    dots: Dots,
    reading: &mut Reading,
) -> Result<(), crate::commands::send::batch::Stopped> {
    let text = text.trim_ascii_end();
    if text.is_empty() {
        return Ok(());
    }
    if std::str::from_utf8(text).is_err() {
        reading.unreadable(line, "it is not UTF-8");
        return Ok(());
    }
    let members = match members(text) {
        Ok(members) => members,
        Err(error) => {
            let (_, column) = line_and_column(text, error.position);
            reading.unreadable(line, &format!("column {column}: {}", error.kind.message()));
            return Ok(());
        }
    };
    let cells: Vec<Cell<'_>> = members
        .iter()
        .filter(|(_, json)| nulls == Nulls::Kept || *json != b"null")
        .map(|(name, json)| Cell { name, json })
        .collect();
    reading.row(line, &cells, dots)
}

type Member<'a> = (std::borrow::Cow<'a, str>, &'a [u8]);

/// Returns the keys of an object with their values as they are written.
fn members(text: &[u8]) -> Result<Vec<Member<'_>>, JsonError> {
    let mut reader = Reader::new(text, 0, NESTING_MAX, usize::MAX);
    let mut members = Vec::new();
    let mut more = reader.enter_object()?;
    while more {
        let key = reader.key()?;
        // The white space before a value is not the value's.
        reader.peek();
        let start = reader.position();
        reader.skip_value()?;
        let name = match key.unescaped(text) {
            std::borrow::Cow::Borrowed(name) => String::from_utf8_lossy(name),
            std::borrow::Cow::Owned(name) => String::from_utf8_lossy(&name).into_owned().into(),
        };
        members.push((name, &text[start..reader.position()]));
        more = reader.next_in_object()?;
    }
    reader.end()?;
    Ok(members)
}
