//! Fuzzing in short form: seeded mutations of known inputs, a test for each target.
//!
//! `KVARIUM_FUZZ=10000000 cargo test -p kvarium-tests --test fuzz decode` feeds one target so many inputs.

use kvarium_tests::fuzz::{TARGETS, mutations};

/// Inputs for each target.
fn runs() -> u64 {
    std::env::var("KVARIUM_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20_000)
}

macro_rules! tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let target = TARGETS.iter().find(|target| target.name == stringify!($name)).expect("such a target");
            mutations(target, 1, runs());
        })*

        #[test]
        fn every_target_has_a_test() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

tests! { decode node reply config link hyperloglog restore predicate }
