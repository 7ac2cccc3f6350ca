//! See `wire::fuzz::mask`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wire::fuzz::mask(bytes));
