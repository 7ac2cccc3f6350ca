//! See `wire::fuzz::irc_message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wire::fuzz::irc_message(bytes));
