//! One file to carry anywhere: the server with the page inside, needing nothing of the system it runs on.

use crate::install;
use crate::shell::{cargo, cargo_target, command, made, output, run};
use crate::site::{self, Quality};
use anyhow::{Context, Result, bail};
use std::env::consts::ARCH;
use std::fs;

pub fn dist() -> Result<()> {
    let target = format!("{ARCH}-unknown-linux-musl");
    install::rust_target(&target)?;
    site::build(Quality::Release)?;
    let mut build = cargo(&["build", "--release", "--package", "kvarium-server", "--features", "site"]);
    run(build.args(["--target", &target]).env("CARGO_PROFILE_RELEASE_STRIP", "symbols"))?;

    let folder = made().join("dist");
    fs::create_dir_all(&folder)?;
    let program = folder.join("kvarium");
    fs::copy(cargo_target().join(&target).join("release/kvarium"), &program)?;
    let bytes = fs::read(&program)?;
    if loader(&bytes).with_context(|| format!("{} is no program", program.display()))?.is_some() {
        bail!("{} is not static: it wants a dynamic loader", program.display());
    }
    let version = output(command(&program).arg("--version")).context("what was built does not run")?;
    println!("{} ({} bytes, static): {}", program.display(), bytes.len(), version.trim());
    Ok(())
}

/// Which dynamic loader a 64-bit little-endian ELF program asks for; a static one asks for none. `None` where this is no such program.
fn loader(program: &[u8]) -> Option<Option<&[u8]>> {
    const INTERPRETER: u64 = 3;
    let number = |at: usize, size: usize| {
        let bytes = program.get(at..at.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    if !program.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (headers, size, count) = (number(32, 8)? as usize, number(54, 2)? as usize, number(56, 2)? as usize);
    for header in 0..count {
        let at = headers.checked_add(header * size)?;
        if number(at, 4)? == INTERPRETER {
            let (start, length) = (number(at + 8, 8)? as usize, number(at + 32, 8)? as usize);
            return Some(Some(program.get(start..start.checked_add(length)?)?));
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(target_os = "linux", target_env = "gnu", target_endian = "little"))]
    #[test]
    fn this_test_itself_asks_for_a_loader() {
        let program = fs::read(std::env::current_exe().unwrap()).unwrap();
        let loader = loader(&program).unwrap().expect("tests are linked dynamically");
        assert!(String::from_utf8_lossy(loader).contains("ld"), "{loader:?}");
    }

    #[test]
    fn a_program_without_an_interpreter_is_static() {
        let mut program = vec![0; 64 + 56];
        program[..6].copy_from_slice(b"\x7fELF\x02\x01");
        program[32] = 64;
        program[54] = 56;
        program[56] = 1;
        program[64] = 1;
        assert_eq!(loader(&program), Some(None));
        assert_eq!(loader(b"#!/bin/sh"), None);
    }
}
