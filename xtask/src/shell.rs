//! Other programs, and where things lie.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the project's folder").to_path_buf()
}

/// Where cargo puts what it builds.
pub fn cargo_target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// What is built or installed for this project and is no crate: found in the same place whatever cargo's own folder is.
pub fn made() -> PathBuf {
    root().join("target")
}

/// `program` in the project's folder, never asking anything of who sits in front of it.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// `program`, which ends when this process ends, however that comes about; where the system has nothing that sees to it, only when it is told to.
pub fn companion(program: &Path) -> Command {
    let Some(setpriv) = which("setpriv") else { return command(program) };
    let mut line = command(setpriv);
    line.args(["--pdeathsig", "TERM", "--"]).arg(program);
    line
}

pub fn cargo(words: &[&str]) -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(words);
    cargo
}

/// Runs to the end; a failure names the command line.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("can't start {}", line(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line(command));
    }
    Ok(())
}

/// Runs to the end and gives what was printed; a failure carries what was printed as an error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("can't start {}", line(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({})\n{}", line(command), output.status, said.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program's file, where the search path has it.
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
