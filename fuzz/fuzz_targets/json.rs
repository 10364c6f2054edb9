//! Any bytes as JSON, against serde_json.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| streamflow_sim::hostile::check_json(bytes));
