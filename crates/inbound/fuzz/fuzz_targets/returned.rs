//! A mail that came back, under libFuzzer: the readers of reports and answers; the promises are those of the property tests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hikyaku_inbound::hostile::returned(bytes));
