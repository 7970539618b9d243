//! Puts on this machine what a command needs and doesn't find: parts of Rust, packages of npm, of Python and of Debian.

use crate::shell::{command, made, output, root, run, which};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub const WASM: &str = "wasm32-unknown-unknown";

/// The Rust target's standard library.
pub fn rust_target(target: &str) -> Result<()> {
    let libraries = output(command("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    rustup(&["target", "add", target])
}

/// `fmt` or `clippy`, each of which rustup calls by another name than cargo.
pub fn cargo_component(subcommand: &str, component: &str) -> Result<()> {
    if output(command("cargo").args([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    rustup(&["component", "add", component])
}

fn rustup(words: &[&str]) -> Result<()> {
    if which("rustup").is_none() {
        bail!("`rustup {}` is needed, and there is no rustup", words.join(" "));
    }
    run(command("rustup").args(words))
}

/// A nightly compiler with cargo-fuzz, which the fuzzer's instrumentation needs.
pub fn nightly_cargo_fuzz() -> Result<()> {
    if output(command("rustup").args(["run", "nightly", "rustc", "--version"])).is_err() {
        rustup(&["toolchain", "install", "nightly", "--profile", "minimal"])?;
    }
    if crate::fuzz::is_installed() {
        return Ok(());
    }
    run(command("cargo").args(["install", "--locked", "cargo-fuzz"]))
}

/// A program of Debian: where it is, after installing the packages that bring it if it is not there.
pub fn debian_program(program: &str, packages: &[&str]) -> Result<PathBuf> {
    if which(program).is_none() {
        debian_packages(packages)?;
    }
    which(program).with_context(|| format!("{} installed, and still no {program}", packages.join(", ")))
}

pub fn debian_packages(packages: &[&str]) -> Result<()> {
    println!("installing {}", packages.join(" "));
    static LISTS: OnceLock<bool> = OnceLock::new();
    if !LISTS.get_or_init(|| as_root(&["apt-get", "update", "-qq"]).is_ok()) {
        bail!("apt-get can't read its package lists here; install {} by hand", packages.join(" "));
    }
    let _quiet = NoServices::begin()?;
    let install =
        ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    as_root(&[&install, packages].concat())
}

/// Runs as the system's administrator, if this is one already or may become one without being asked.
fn as_root(words: &[&str]) -> Result<()> {
    let is_root = output(command("id").arg("-u"))?.trim() == "0";
    let mut line: Command = if is_root { command(words[0]) } else { command("sudo") };
    if is_root {
        line.args(&words[1..]);
    } else {
        line.arg("-n").args(words);
    }
    output(&mut line).map(drop)
}

/// While this lives, a package that is being installed can't start its service: a server's package would take the port that tests expect free.
struct NoServices {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn begin() -> Result<NoServices> {
        let ours = !Path::new(POLICY).exists();
        if ours {
            as_root(&["sh", "-c", &format!("printf '#!/bin/sh\\nexit 101\\n' >{POLICY} && chmod 755 {POLICY}")])?;
        }
        Ok(NoServices { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours && as_root(&["rm", "-f", POLICY]).is_err() {
            eprintln!("remove {POLICY}: it keeps services from starting");
        }
    }
}

/// A program that an npm package brings, in a folder of the project's own; `None` where npm is missing or can't fetch it.
pub fn npm_program(package: &str, version: &str, program: &str) -> Option<PathBuf> {
    let folder = made().join("tools").join(package);
    let file = folder.join("node_modules/.bin").join(program);
    let wanted = format!("{package}@{version}");
    let installed = once(&folder, &wanted, || {
        let prefix = folder.to_str().context("a folder's name is no text")?;
        npm(command("npm").args(["install", "--prefix", prefix, &wanted]))
    });
    match installed {
        Ok(()) => Some(file),
        Err(error) => {
            eprintln!("{wanted} can't be installed, going on without: {error:#}");
            None
        }
    }
}

/// The packages that a folder's `package-lock.json` lists, inside that folder.
pub fn npm_folder(folder: &str) -> Result<()> {
    let folder = root().join(folder);
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    once(&folder.join("node_modules"), &lock, || npm(command("npm").arg("ci").current_dir(&folder)))
}

fn npm(line: &mut Command) -> Result<()> {
    which("npm").context("npm is missing: install Node.js")?;
    output(line.args(["--no-audit", "--no-fund", "--loglevel=error"])).map(drop)
}

/// A Python that has the packages, each as `name==version`, in a folder of the project's own.
pub fn python(packages: &[&str]) -> Result<PathBuf> {
    let folder = made().join("tools/python");
    let python = folder.join("bin/python");
    once(&folder, &packages.join("\n"), || {
        let make = || output(command("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        if make().is_err() {
            debian_packages(&["python3", "python3-venv", "python3-pip"])?;
            make()?;
        }
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        output(command(&python).args(install).args(packages)).map(drop)
    })?;
    Ok(python)
}

/// Installs into `folder` unless the same thing was installed there before; what it was is written beside the result.
fn once(folder: &Path, what: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|before| before == what) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    install()?;
    Ok(fs::write(&stamp, what)?)
}
