//! Checks that hold for any bytes whatever: the fuzz targets call them without end, a test with seeded mutations of good input.
//!
//! Each check panics when its promise is broken, which is what a fuzzer looks for.

use std::path::Path;
use std::sync::Arc;

use streamflow_core::filter;
use streamflow_core::json::{JsonErrorKind, Reader};
use streamflow_engine::disk::Disk;
use streamflow_engine::journal::{FRAME_HEADER_BYTES, Floor, Journal, OnDamage, decode_frame};

use crate::{Chance, SimClock, SimDisk};

/// The limits that an event has by default.
const NESTING_MAX: usize = 64;
const KEYS_MAX: usize = 1_000;

/// The JSON reader accepts what `serde_json` accepts, but for what it refuses on purpose, and nothing else.
pub fn check_json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut reader = Reader::new(bytes, 0, NESTING_MAX, KEYS_MAX);
    let read = reader.skip_value().and_then(|()| reader.end()).map_err(|error| error.kind);
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    match read {
        Ok(()) => assert!(parsed.is_ok(), "{text:?} is accepted, serde_json says {parsed:?}"),
        Err(kind) if refused_on_purpose(kind) => {}
        Err(kind) => assert!(parsed.is_err(), "{text:?} is refused with {kind:?}, serde_json accepts it"),
    }
}

fn refused_on_purpose(kind: JsonErrorKind) -> bool {
    use JsonErrorKind as Kind;
    matches!(kind, Kind::DuplicateKey | Kind::Nul | Kind::TooDeep | Kind::TooManyKeys | Kind::NumberOutOfRange)
}

/// A frame is found or not, lies within its bytes, and decompresses to the size that it promises or not at all.
pub fn check_frame(bytes: &[u8]) {
    for sequence in [0, 1, 7] {
        let Some(frame) = decode_frame(bytes, sequence) else { continue };
        assert!(frame.len() <= bytes.len() && frame.payload.len() == frame.len() - FRAME_HEADER_BYTES);
        if let Some(raw) = frame.raw() {
            assert_eq!(raw.len(), frame.header.raw_bytes as usize);
        }
    }
}

/// A folder with any bytes as its journal is read, or refused with an error; its offsets only grow.
pub fn check_journal_file(bytes: &[u8]) {
    let disk = SimDisk::new(Chance::new(0), Arc::new(SimClock::starting_at(0)));
    let dir = Path::new("/journal/0");
    let path = dir.join(format!("{:020}-{:010}.log", 0, 1));
    let write = || -> std::io::Result<()> {
        disk.create_dir_all(dir)?;
        disk.create(&path)?.write_all_at(&mut [std::io::IoSlice::new(bytes)], 0)
    };
    write().expect("a disk without faults takes what it is given");
    for on_damage in [OnDamage::Refuse, OnDamage::Skip] {
        let mut next_offset = 0;
        let read = Journal::read(&disk, dir, on_damage, Floor::default(), &mut |frame| {
            if frame.header.kind == streamflow_engine::journal::FrameKind::Events {
                assert!(
                    frame.header.base_offset >= next_offset,
                    "offset {} after {next_offset}",
                    frame.header.base_offset
                );
                next_offset = frame.header.base_offset.saturating_add(u64::from(frame.header.count));
            }
            Ok(())
        });
        if let Ok(recovered) = read {
            assert!(recovered.next_offset >= next_offset);
        }
    }
}

/// A filter becomes SQL or an error, and no value of a shorthand gets out of its quotes.
pub fn check_filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(sql) = filter::to_sql(text) else { return };
    if sql.trim() == text.trim() {
        return;
    }
    let bare = outside_quotes(&sql).unwrap_or_else(|| panic!("{text:?} became {sql:?}, whose quotes do not end"));
    for forbidden in [";", "--", "/*"] {
        assert!(!bare.contains(forbidden), "{text:?} became {sql:?}");
    }
}

/// Returns what of a statement is not quoted; none if a quote does not end.
fn outside_quotes(sql: &str) -> Option<String> {
    let mut bare = String::new();
    let mut quote = None;
    for c in sql.chars() {
        match quote {
            // A doubled quote ends and begins again at once, which comes to the same.
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None => bare.push(c),
        }
    }
    quote.is_none().then_some(bare)
}

#[cfg(test)]
mod tests;
