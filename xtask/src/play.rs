//! Builds the page and the server, starts the server, and builds again what a change of a source file makes stale.

use crate::shell::{cargo, cargo_target, companion, root, run};
use crate::site::{self, Quality};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

pub struct Options {
    pub port: Option<u16>,
    pub http_port: Option<u16>,
    pub release: bool,
}

/// How often the source files are looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Plays until interrupted.
pub fn play(options: &Options) -> Result<()> {
    let quality = if options.release { Quality::Release } else { Quality::Dev };
    let mut seen = sources()?;
    site::build(quality)?;
    let mut server = Server::start(options)?;
    loop {
        sleep(LOOK);
        server.look()?;
        let now = sources()?;
        let stale = Stale::between(&seen, &now);
        seen = now;
        let begun = Instant::now();
        if stale.page && rebuilt("the page", site::build(quality)) {
            println!("page built anew in {:.1} s", begun.elapsed().as_secs_f64());
        }
        // A released server carries the page inside itself, the other one reads the folder.
        if stale.server || (stale.page && options.release) {
            server.restart(options)?;
        }
    }
}

/// A failed build is told, and what ran before goes on running until the next change.
fn rebuilt<T>(what: &str, built: Result<T>) -> bool {
    if let Err(error) = &built {
        eprintln!("{what} could not be built, the one before stays: {error:#}");
    }
    built.is_ok()
}

/// The server's process; none once it has ended by itself and was told of.
struct Server(Option<Child>);

impl Server {
    fn start(options: &Options) -> Result<Server> {
        build_server(options.release)?;
        Ok(Server(Some(spawn(options)?)))
    }

    /// Gives the new server the ports of the old one: that one is ended first.
    fn restart(&mut self, options: &Options) -> Result<()> {
        if rebuilt("the server", build_server(options.release)) {
            self.stop();
            self.0 = Some(spawn(options)?);
        }
        Ok(())
    }

    /// A server that ends with an error at once was given what it can't work with, such as a taken port.
    fn look(&mut self) -> Result<()> {
        let Some(child) = &mut self.0 else { return Ok(()) };
        if let Some(status) = child.try_wait()? {
            bail!("the server ended ({status})");
        }
        Ok(())
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn build_server(release: bool) -> Result<()> {
    let mut build = cargo(&["build", "--package", "kvarium-server", "--features", "site"]);
    if release {
        build.arg("--release");
    }
    run(&mut build)
}

fn spawn(options: &Options) -> Result<Child> {
    let profile = if options.release { "release" } else { "debug" };
    let mut server = companion(&cargo_target().join(profile).join("kvarium"));
    server.arg("server");
    for (flag, port) in [("--port", options.port), ("--http-port", options.http_port)] {
        if let Some(port) = port {
            server.args([flag, &port.to_string()]);
        }
    }
    server.spawn().context("can't start the server")
}

/// When each source file was last changed.
type Sources = BTreeMap<PathBuf, SystemTime>;

fn sources() -> Result<Sources> {
    let mut found = Sources::new();
    for name in ["Cargo.toml", "Cargo.lock", "engine", "server", "static", "web"] {
        collect(&root().join(name), &mut found)?;
    }
    Ok(found)
}

/// A file that vanishes while it is being looked at is one that isn't there.
fn collect(path: &Path, found: &mut Sources) -> Result<()> {
    let Ok(about) = fs::metadata(path) else { return Ok(()) };
    if about.is_file() {
        found.insert(path.to_path_buf(), about.modified()?);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden {
            collect(&path, found)?;
        }
    }
    Ok(())
}

/// What has to be built again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stale {
    page: bool,
    server: bool,
}

impl Stale {
    fn between(before: &Sources, after: &Sources) -> Stale {
        let mut stale = Stale::default();
        let changed = after.iter().filter(|(path, time)| before.get(*path) != Some(time)).map(|(path, _)| path);
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        for path in changed.chain(gone) {
            let part = path.strip_prefix(root()).ok().and_then(|path| path.iter().next()).unwrap_or_default();
            match part.to_str() {
                Some("web" | "static") => stale.page = true,
                Some("server") => stale.server = true,
                _ => stale = Stale { page: true, server: true },
            }
        }
        stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64, paths: &[&str]) -> Sources {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        paths.iter().map(|path| (root().join(path), time)).collect()
    }

    #[test]
    fn what_is_stale_follows_from_the_folder() {
        let stale = |path: &str| Stale::between(&at(1, &[path]), &at(2, &[path]));
        assert_eq!(stale("web/src/lib.rs"), Stale { page: true, server: false });
        assert_eq!(stale("server/src/main.rs"), Stale { page: false, server: true });
        assert_eq!(stale("engine/src/lib.rs"), Stale { page: true, server: true });
        assert_eq!(stale("Cargo.toml"), Stale { page: true, server: true });
    }

    #[test]
    fn new_and_vanished_files_count() {
        let (none, one) = (at(1, &[]), at(1, &["static/a.css"]));
        assert_eq!(Stale::between(&one, &one), Stale::default());
        assert!(Stale::between(&none, &one).page && Stale::between(&one, &none).page);
    }
}
