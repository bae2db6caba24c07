//! Arbitrary bytes as a plan: what is read is valid and has one encoding.

#![no_main]

use hushgate_circuits::plan::Plan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(plan) = Plan::from_bytes(bytes) else { return };
    plan.validate().expect("what is read is valid");
    assert_eq!(plan.to_bytes(), bytes);
});
