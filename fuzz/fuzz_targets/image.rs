//! Texts of any kind as stored images.
#![no_main]

#[path = "../../tests/suite/any_input/image.rs"]
mod image;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| image::property(bytes));
