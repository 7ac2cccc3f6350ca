//! See `wire::fuzz::telnet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wire::fuzz::telnet(bytes));
