//! Fuzzing in short form: seeded mutations of known inputs, for every target.

use kvarium_tests::fuzz::{TARGETS, mutations};

/// Inputs for each target; `KVARIUM_FUZZ` asks for another number.
fn runs() -> u64 {
    std::env::var("KVARIUM_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20_000)
}

#[test]
fn no_input_breaks_a_target() {
    for target in TARGETS {
        mutations(target, 1, runs());
    }
}
