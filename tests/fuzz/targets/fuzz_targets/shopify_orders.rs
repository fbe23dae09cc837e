#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::shopify_orders(data));
