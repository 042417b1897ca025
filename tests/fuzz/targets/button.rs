//! Fuzzes what buttons carry.

#![no_main]

#[path = "../inputs.rs"]
#[expect(dead_code, reason = "each target has its part of this")]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::button(bytes));
