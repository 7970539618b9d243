//! Coverage-guided fuzzing of everything that reads outside bytes.

use crate::install;
use crate::shell::{command, output, root, run};
use anyhow::Result;
use std::fs;

pub struct Options {
    /// One target only.
    pub target: Option<String>,
    /// Inputs for each target.
    pub runs: Option<u64>,
}

const RUNS: u64 = 10_000_000;

/// Runs the targets one after another, each over its inputs of before; the first failure ends it.
pub fn fuzz(options: &Options) -> Result<()> {
    install::nightly_cargo_fuzz()?;
    let runs = options.runs.unwrap_or(RUNS);
    for target in targets()?.iter().filter(|name| options.target.as_ref().is_none_or(|wanted| wanted == *name)) {
        println!("fuzzing {target}: {runs} inputs");
        let corpus = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&corpus)?;
        run(command("rustup")
            .args(["run", "nightly", "cargo", "fuzz", "run", "bytes"])
            .arg(&corpus)
            .args(["--", "-max_len=2048", "-rss_limit_mb=4096"])
            .arg(format!("-runs={runs}"))
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .env("KVARIUM_TARGET", target))?;
    }
    Ok(())
}

/// The names that the targets' table gives.
fn targets() -> Result<Vec<String>> {
    let table = fs::read_to_string(root().join("tests/src/fuzz.rs"))?;
    let names = table.split("Target { name: \"").skip(1).filter_map(|rest| rest.split('"').next());
    Ok(names.map(str::to_owned).collect())
}

/// Whether a nightly compiler and cargo-fuzz answer.
pub fn is_installed() -> bool {
    output(command("rustup").args(["run", "nightly", "cargo", "fuzz", "--version"])).is_ok()
}
