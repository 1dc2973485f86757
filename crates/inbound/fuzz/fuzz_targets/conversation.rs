//! The conversation of the inbound listener under libFuzzer; the promises are those of the property tests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hikyaku_inbound::hostile::conversation(bytes));
