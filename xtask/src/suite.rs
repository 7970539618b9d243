//! `cargo xtask test`: everything that must hold, step by step.
//!
//! A step is a line in [`steps`], or a file in one of three folders:
//!
//! - `tests/tests/NAME.rs`: a whole-system test in Rust, run by cargo;
//! - `tests/clients/NAME.py` and `NAME.mjs`: a real client at work on a real server; fails by its exit code, and skips by exit code 77;
//! - `tests/browser/NAME.test.mjs`: the page in a browser, run by Node's test runner.
//!
//! All are told where the server's program is by the variable `KVARIUM`. A Rust test that can't run here says so with
//! `kvarium_tests::skip`, and is not counted as passed.

use crate::install::{self, WASM};
use crate::shell::{self, cargo, cargo_target, command, made, root};
use crate::site::{self, Quality};
use anyhow::{Context, Result, bail};
use std::cell::OnceCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Largest first load of the page, in bytes as they travel.
const FIRST_LOAD_BUDGET: usize = 700_000;

/// The exit code of a client test that can't run here.
const SKIPPED: i32 = 77;

#[derive(Default)]
pub struct Options {
    /// Only the steps whose name contains this.
    pub only: Option<String>,
    /// Without the steps that take long.
    pub fast: bool,
}

/// How many checks came out how. A step that is one check counts one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

const PASSED: Tally = Tally { passed: 1, failed: 0, skipped: 0 };

struct Step {
    name: String,
    slow: bool,
    run: Run,
}

type Run = Box<dyn Fn(&Shared) -> Result<Tally>>;

/// Runs the steps and prints the tally; whether nothing failed.
pub fn test(options: &Options) -> Result<bool> {
    let mut steps = steps()?;
    steps.retain(|step| options.only.as_ref().is_none_or(|part| step.name.contains(part)));
    steps.retain(|step| !(options.fast && step.slow));
    if steps.is_empty() {
        bail!("no step is called that; without --only all are run and named");
    }
    let (shared, mut total, mut told) = (Shared::default(), Tally::default(), Vec::new());
    for step in &steps {
        println!("\n== {}", step.name);
        let begun = Instant::now();
        let tally = (step.run)(&shared).unwrap_or_else(|error| {
            println!("{error:#}");
            Tally { failed: 1, ..Tally::default() }
        });
        told.push(format!("{:>7.1} s  {:<28} {}", begun.elapsed().as_secs_f64(), step.name, tally.words()));
        total += tally;
    }
    println!("\n{}\n\n{}", told.join("\n"), total.words());
    Ok(total.failed == 0)
}

fn steps() -> Result<Vec<Step>> {
    let mut steps = vec![
        step("format", false, |_| {
            install::cargo_component("fmt", "rustfmt")?;
            check(&mut cargo(&["fmt", "--all", "--check"]))
        }),
        step("clippy", false, |_| {
            install::cargo_component("clippy", "clippy")?;
            check(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }),
        step("clippy in the page", false, |_| {
            install::cargo_component("clippy", "clippy")?;
            install::rust_target(WASM)?;
            let crates = ["--package", "kvarium-engine", "--package", "kvarium-web"];
            check(cargo(&["clippy", "--target", WASM]).args(crates).args(["--", "-D", "warnings"]))
        }),
        step("engine without an operating system", false, |_| {
            install::rust_target(WASM)?;
            check(&mut cargo(&["build", "--package", "kvarium-engine", "--target", WASM]))
        }),
        step("unit tests", false, |_| {
            cargo_test(&mut cargo(&["test", "--workspace", "--exclude", "kvarium-tests", "--no-fail-fast"]))
        }),
        step("page and its size", true, |shared| {
            let site = shared.site()?;
            site.print();
            let size = site.first_load("index.html").context("the release has compressed files")?;
            println!("first load {size} bytes of {FIRST_LOAD_BUDGET}");
            Ok(if size <= FIRST_LOAD_BUDGET { PASSED } else { Tally { failed: 1, ..Tally::default() } })
        }),
    ];
    steps.extend(system_tests()?);
    steps.extend(client_tests()?);
    steps.extend(browser_tests()?);
    Ok(steps)
}

fn step(name: &str, slow: bool, run: impl Fn(&Shared) -> Result<Tally> + 'static) -> Step {
    Step { name: name.to_string(), slow, run: Box::new(run) }
}

/// What several steps need and the first of them makes.
#[derive(Default)]
struct Shared {
    site: OnceCell<site::Site>,
    server: OnceCell<PathBuf>,
}

impl Shared {
    /// The page as it is shipped.
    fn site(&self) -> Result<&site::Site> {
        if self.site.get().is_none() {
            let _ = self.site.set(site::build(Quality::Release)?);
        }
        Ok(self.site.get().expect("it was built a line above"))
    }

    /// The server's program, with the page.
    fn server(&self) -> Result<&Path> {
        if self.server.get().is_none() {
            if !site::folder().join("index.html").is_file() {
                self.site()?;
            }
            check(&mut cargo(&["build", "--package", "kvarium-server", "--features", "site"]))?;
            let _ = self.server.set(cargo_target().join("debug/kvarium"));
        }
        Ok(self.server.get().expect("it was built a line above"))
    }
}

/// The tests that see all crates, a step for each file.
fn system_tests() -> Result<Vec<Step>> {
    let mut steps = vec![step("system: lib", false, |_| {
        cargo_test(&mut cargo(&["test", "--package", "kvarium-tests", "--lib", "--no-fail-fast"]))
    })];
    for (name, _) in files("tests/tests", ".rs")? {
        steps.push(step(&format!("system: {name}"), true, move |shared| {
            install::rust_target(WASM)?;
            if let Err(error) = install::debian_program("redis-server", &["redis-server", "redis-tools"]) {
                println!("what compares with redis-server is skipped: {error:#}");
            }
            let mut test = cargo(&["test", "--package", "kvarium-tests", "--no-fail-fast", "--test", &name]);
            cargo_test(test.env("KVARIUM", shared.server()?))
        }));
    }
    Ok(steps)
}

fn client_tests() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for (name, file) in files("tests/clients", ".py")? {
        steps.push(step(&format!("client: {name}"), true, move |shared| {
            let requirements = fs::read_to_string(root().join("tests/clients/requirements.txt"))?;
            let python = match install::python(&requirements.split_whitespace().collect::<Vec<_>>()) {
                Ok(python) => python,
                Err(error) => return Ok(skipped(&error)),
            };
            client(command(python).arg(&file).env("KVARIUM", shared.server()?))
        }));
    }
    for (name, file) in files("tests/clients", ".mjs")? {
        steps.push(step(&format!("client: {name}"), true, move |shared| {
            if let Err(error) = install::npm_folder("tests/clients") {
                return Ok(skipped(&error));
            }
            client(command("node").arg(&file).env("KVARIUM", shared.server()?))
        }));
    }
    Ok(steps)
}

fn browser_tests() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for (name, file) in files("tests/browser", ".test.mjs")? {
        steps.push(step(&format!("browser: {name}"), true, move |shared| {
            let ready = install::npm_folder("tests/browser")
                .and_then(|()| install::debian_program("chromium", &["chromium", "fonts-noto-cjk"]));
            let chromium = match ready {
                Ok(chromium) => chromium,
                Err(error) => return Ok(skipped(&error)),
            };
            shared.site()?;
            let mut test = command("node");
            test.args(["--test", "--test-reporter=spec"]).arg(&file);
            test.env("KVARIUM", shared.server()?).env("CHROMIUM", chromium);
            test.env("SITE", site::folder()).env("SCREENSHOTS", made().join("screenshots"));
            node_test(&mut test)
        }));
    }
    Ok(steps)
}

/// The files of a folder whose names end so: what stands before the ending, and the whole path; in the order of their names.
fn files(folder: &str, ending: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let folder = root().join(folder);
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(ending) {
            found.push((name.to_string(), path));
        }
    }
    found.sort();
    Ok(found)
}

/// A program that is one check.
fn check(line: &mut Command) -> Result<Tally> {
    shell::run(line)?;
    Ok(PASSED)
}

/// A client's program is one check, which may find that it can't run here.
fn client(line: &mut Command) -> Result<Tally> {
    let status = line.status().with_context(|| format!("can't start {}", line.get_program().to_string_lossy()))?;
    match status.code() {
        Some(0) => Ok(PASSED),
        Some(SKIPPED) => Ok(Tally { skipped: 1, ..Tally::default() }),
        _ => bail!("it failed ({status})"),
    }
}

fn skipped(reason: &anyhow::Error) -> Tally {
    println!("skipped: {reason:#}");
    Tally { skipped: 1, ..Tally::default() }
}

/// Each of cargo's tests counts. Those that said they can't run here have been counted as passed by cargo.
fn cargo_test(line: &mut Command) -> Result<Tally> {
    let notes = made().join("skipped");
    fs::create_dir_all(made())?;
    fs::write(&notes, "")?;
    let mut tally = counted(line.env("KVARIUM_SKIPPED", &notes), cargo_counts)?;
    for note in fs::read_to_string(&notes)?.lines() {
        println!("skipped: {note}");
        tally.passed = tally.passed.saturating_sub(1);
        tally.skipped += 1;
    }
    Ok(tally)
}

fn node_test(line: &mut Command) -> Result<Tally> {
    counted(line, node_counts)
}

/// Runs to the end, showing each line and adding up what it tells of tests. A failure that no line told of is one.
fn counted(line: &mut Command, counts: impl Fn(&str) -> Tally) -> Result<Tally> {
    let mut child = line.stdout(Stdio::piped()).spawn().context("can't start the tests")?;
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(std::io::stdout(), "{line}")?;
        tally += counts(&line);
    }
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        println!("the tests ended with {status}");
        tally.failed = 1;
    }
    Ok(tally)
}

/// `test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; …`
fn cargo_counts(line: &str) -> Tally {
    let Some(counts) = line.strip_prefix("test result: ") else { return Tally::default() };
    let words: Vec<_> = counts.split_whitespace().collect();
    let before = |word: &str| {
        let at = words.iter().position(|found| *found == word);
        at.and_then(|at| words.get(at.wrapping_sub(1))?.parse().ok()).unwrap_or(0)
    };
    Tally { passed: before("passed;"), failed: before("failed;"), skipped: before("ignored;") }
}

/// `ℹ pass 7`, `ℹ fail 0`, `ℹ cancelled 0`, `ℹ skipped 1`
fn node_counts(line: &str) -> Tally {
    let words: Vec<_> = line.split_whitespace().collect();
    let ["ℹ", what, count] = words[..] else { return Tally::default() };
    let count = count.parse().unwrap_or(0);
    match what {
        "pass" => Tally { passed: count, ..Tally::default() },
        "fail" | "cancelled" => Tally { failed: count, ..Tally::default() },
        "skipped" | "todo" => Tally { skipped: count, ..Tally::default() },
        _ => Tally::default(),
    }
}

impl Tally {
    fn words(self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Tally) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_the_runners_tell() {
        let line = "test result: FAILED. 7 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(cargo_counts(line), Tally { passed: 7, failed: 2, skipped: 1 });
        assert_eq!(cargo_counts("running 7 tests"), Tally::default());
        assert_eq!(node_counts("ℹ pass 7"), Tally { passed: 7, ..Tally::default() });
        assert_eq!(node_counts("ℹ cancelled 1"), Tally { failed: 1, ..Tally::default() });
        assert_eq!(node_counts("ℹ duration_ms 812.5"), Tally::default());
    }

    #[test]
    fn a_run_that_fails_without_a_word_is_a_failure() {
        let tally = counted(command("sh").args(["-c", "echo one; exit 3"]), cargo_counts).unwrap();
        assert_eq!(tally, Tally { failed: 1, ..Tally::default() });
    }

    #[test]
    fn a_client_that_can_not_run_here_is_skipped() {
        let exits = |code: &str| client(command("sh").args(["-c", code]));
        assert_eq!(exits("exit 0").unwrap(), PASSED);
        assert_eq!(exits("exit 77").unwrap(), Tally { skipped: 1, ..Tally::default() });
        assert!(exits("exit 1").is_err());
    }
}
