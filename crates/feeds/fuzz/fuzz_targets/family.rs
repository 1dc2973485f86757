//! A telegram of the family that the target is named after, spoilt, under libFuzzer; the promises are those of the property tests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hikyaku_feeds::hostile::family(env!("CARGO_BIN_NAME"), bytes));
