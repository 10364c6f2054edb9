//! Any bytes as a file of the journal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| streamflow_sim::hostile::check_journal_file(bytes));
