//! Puts on this machine what a command needs and doesn't find: Rust targets, npm packages, Debian packages.

use crate::shell::{self, command, made, output, run, which};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

pub const WASM: &str = "wasm32-unknown-unknown";

/// The Rust target's standard library.
pub fn rust_target(target: &str) -> Result<()> {
    let libraries = output(shell::command("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if PathBuf::from(libraries.trim()).is_dir() {
        return Ok(());
    }
    if which("rustup").is_none() {
        bail!("the Rust target {target} is missing, and there is no rustup to add it with");
    }
    run(command("rustup").args(["target", "add", target]))
}

/// A program that an npm package brings, in a folder of the project's own; `None` where npm is missing or can't fetch it.
pub fn npm_program(package: &str, version: &str, program: &str) -> Option<PathBuf> {
    let folder = made().join("tools").join(package);
    let file = folder.join("node_modules/.bin").join(program);
    let stamp = folder.join("version");
    if file.exists() && std::fs::read_to_string(&stamp).is_ok_and(|text| text == version) {
        return Some(file);
    }
    let install = || -> Result<()> {
        which("npm").context("npm is missing")?;
        std::fs::create_dir_all(&folder)?;
        let prefix = folder.to_str().context("a folder's name is no text")?;
        let wanted = format!("{package}@{version}");
        output(command("npm").args(["install", "--no-audit", "--no-fund", "--prefix", prefix, &wanted]))?;
        Ok(std::fs::write(&stamp, version)?)
    };
    match install() {
        Ok(()) => Some(file),
        Err(error) => {
            eprintln!("{package} can't be installed, going on without: {error:#}");
            None
        }
    }
}
