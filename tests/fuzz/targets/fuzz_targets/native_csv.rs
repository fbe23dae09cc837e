#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::native_csv(data));
