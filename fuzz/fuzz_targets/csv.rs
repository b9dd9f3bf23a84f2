//! Files of any bytes for the CSV adapter.
#![no_main]

#[path = "../../tests/suite/any_input/csv.rs"]
mod csv;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| csv::property(bytes));
