//! Any filter becomes SQL or an error without a panic; a value stays inside its quotes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use streamflow_core::filter;

fuzz_target!(|text: &str| {
    if let Err(error) = filter::to_sql(text) {
        assert!(!error.hint.is_empty() && !error.fault.is_empty());
    }
    drop(filter::column_sql(text));
    check_quoted(&filter::text_sql(text), text);
    // As a value of the shorthand it is still text: no value may turn the filter into another one.
    let word = format!("source='{}'", text.replace('\'', "''"));
    if word.len() <= filter::FILTER_BYTES_MAX
        && let Ok(sql) = filter::to_sql(&word)
    {
        assert!(sql == word || sql.contains(&filter::text_sql(text)), "{sql}");
    }
});

/// Fails unless `sql` is one SQL string that says `text`.
fn check_quoted(sql: &str, text: &str) {
    let inside = sql.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).expect("a string stands in quotes");
    assert_eq!(inside.replace("''", "\0quote"), text.replace('\'', "\0quote"));
    assert!(!inside.replace("''", "").contains('\''), "a single quote would end the string");
}
