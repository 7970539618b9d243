//! The engine does the same in a page as in a server: one seed, one digest, natively and in WebAssembly.

use kvarium_tests::skip;
use std::path::PathBuf;
use std::process::{Command, Output};

const TARGET: &str = "wasm32-unknown-unknown";
const SEEDS: u64 = 40;

const SCRIPT: &str = "
const [file, seeds] = process.argv.slice(1);
const { instance } = await WebAssembly.instantiate(require('fs').readFileSync(file));
const print = (number) => console.log(BigInt.asUintN(64, number).toString());
for (let seed = 0n; seed < BigInt(seeds); seed++) print(instance.exports.digest(seed));
for (let seed = 0n; seed < BigInt(seeds); seed++) print(instance.exports.world(seed));
for (let number = 0n, hash; (hash = instance.exports.lesson(number)) !== 0n; number++) print(hash);
";

#[test]
fn a_seed_gives_the_same_digest_natively_and_in_webassembly() {
    let test = "a_seed_gives_the_same_digest_natively_and_in_webassembly";
    let Ok(libraries) = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output() else {
        return skip(test, "there is no rustc");
    };
    if !PathBuf::from(String::from_utf8_lossy(&libraries.stdout).trim()).is_dir() {
        return skip(test, "the Rust target for WebAssembly is not installed");
    }
    let module = build();
    let script = format!("(async () => {{{SCRIPT}}})()");
    let Ok(output) = Command::new("node").args(["-e", &script]).arg(&module).arg(SEEDS.to_string()).output() else {
        return skip(test, "there is no node");
    };
    let text = succeeded(output);
    let digests: Vec<u64> = text.lines().map(|line| line.parse().expect("the script prints numbers")).collect();
    let (nodes, rest) = digests.split_at(SEEDS as usize);
    let (worlds, lessons) = rest.split_at(SEEDS as usize);
    for (seed, (&node, &world)) in (0..).zip(nodes.iter().zip(worlds)) {
        assert_eq!(kvarium_digest::digest(seed), node, "a node's life, seed {seed}");
        assert_eq!(kvarium_digest::world(seed), world, "a world's trace, seed {seed}");
    }
    let native: Vec<u64> =
        (0..).map(|number: u64| kvarium_digest::lessons::lesson(number)).take_while(|hash| *hash != 0).collect();
    assert!(native.len() >= 2 * kvarium_lessons::LESSONS.len());
    assert_eq!(native, lessons, "the lessons' traces");
}

/// Builds the module; where it is.
fn build() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    let words = ["build", "--quiet", "--package", "kvarium-digest", "--target", TARGET, "--profile", "wasm-dev"];
    succeeded(Command::new(env!("CARGO")).args(words).current_dir(&root).output().expect("cargo starts"));
    target.join(TARGET).join("wasm-dev/kvarium_digest.wasm")
}

fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}
