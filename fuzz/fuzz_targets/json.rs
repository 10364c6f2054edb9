//! The JSON reader and serde_json call the same texts JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use streamflow_core::event::Limits;
use streamflow_core::json::{JsonError, JsonErrorKind, Reader};

fuzz_target!(|text: &str| {
    let ours = read(text);
    if let Err(error) = &ours {
        assert!(error.position <= text.len());
    }
    let loosely = read_loosely(text);
    let theirs = serde_json::from_str::<Value>(text);
    match (&ours, &theirs) {
        (Ok(()), Ok(_)) => assert!(loosely.is_ok(), "what can be stored can be passed over"),
        (Ok(()), Err(error)) => panic!("only ours calls it JSON: {error}"),
        // What is JSON and not stored: the only difference that is wanted. A number out of range is none for serde_json.
        (Err(error), Ok(value)) => {
            assert!(error.kind.is_json(), "only theirs calls it JSON: {}", error.kind.message());
            assert_ne!(error.kind, JsonErrorKind::NumberOutOfRange);
            assert!(error.kind != JsonErrorKind::Nul || text.contains("\\u0000"), "{value}");
            assert!(loosely.is_ok(), "the end of a value that is not stored is found");
        }
        (Err(_), Err(_)) => {}
    }
});

fn read(text: &str) -> Result<(), JsonError> {
    let limits = Limits::default();
    let mut reader = Reader::new(text.as_bytes(), 0, limits.nesting, limits.keys);
    reader.skip_value()?;
    reader.end()
}

fn read_loosely(text: &str) -> Result<(), JsonError> {
    let mut reader = Reader::new(text.as_bytes(), 0, usize::MAX, usize::MAX);
    reader.skip_loosely()?;
    reader.end()
}
