//! See `wire::fuzz::sniff`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wire::fuzz::sniff(bytes));
