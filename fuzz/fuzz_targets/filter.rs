//! Any bytes as a filter.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| streamflow_sim::hostile::check_filter(bytes));
