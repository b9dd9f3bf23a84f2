//! Texts of any kind as mapping documents.
#![no_main]

#[path = "../../tests/suite/any_input/mapping.rs"]
mod mapping;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mapping::property(bytes));
