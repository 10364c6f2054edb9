//! Any bytes as a frame of the journal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| streamflow_sim::hostile::check_frame(bytes));
