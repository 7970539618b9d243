//! Coverage-guided fuzzing of whatever reads outside bytes. `KVARIUM_TARGET` names the target.
#![no_main]

use std::sync::LazyLock;

use kvarium_tests::fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("KVARIUM_TARGET").expect("KVARIUM_TARGET names a target");
    TARGETS.iter().find(|target| target.name == name).expect("KVARIUM_TARGET names a target that exists")
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
