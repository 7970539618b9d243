//! The real servers that ours is compared with: installs them, and finds those that are there.
//!
//! Redis 7.0 is the system's own package. Valkey and a newer Redis come from Debian's unstable suite, unpacked below
//! `target/peers` with the C library they were built for; nothing of them is installed on the system.

use crate::install;
use crate::shell::{command, made, output, which};
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A server to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: String,
    pub program: PathBuf,
}

/// Names other servers: `valkey=/path/to/valkey-server,redis8=…`.
const VARIABLE: &str = "KVARIUM_PEERS";

/// Our name of a server from the unstable suite, and the program's name there.
const UNSTABLE: [(&str, &str); 2] = [("valkey", "valkey-server"), ("redis8", "redis-server")];

/// Those servers, and every library that they load.
const PACKAGES: [&str; 15] = [
    "valkey-server",
    "valkey-tools",
    "redis-server",
    "redis-tools",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "libatomic1",
    "libcap2",
    "libjemalloc2",
    "liblzf1",
    "libssl3t64",
    "libsystemd0",
    "libzstd1",
    "zlib1g",
];

fn folder() -> PathBuf {
    made().join("peers")
}

/// Installs all of them and prints their versions.
pub fn install() -> Result<()> {
    install::debian_program("redis-server", &["redis-server", "redis-tools"])?;
    if UNSTABLE.iter().any(|(name, _)| !wrapper(name).is_file()) {
        unpack_unstable().context("Valkey and Redis 8 can't be installed here")?;
    }
    for peer in found(&[])? {
        let version = output(command(&peer.program).arg("--version"))?;
        println!("{:<10} {}  ({})", peer.name, version.trim(), peer.program.display());
    }
    Ok(())
}

/// The servers on this machine: those given as `NAME=PATH`, those that the variable names, those installed here, and the
/// one on the search path. The first of a name counts.
pub fn found(given: &[String]) -> Result<Vec<Peer>> {
    let mut peers: Vec<Peer> = Vec::new();
    let variable = std::env::var(VARIABLE).unwrap_or_default();
    let named = given.iter().map(String::as_str).chain(variable.split(',').filter(|part| !part.is_empty()));
    for part in named {
        peers.push(parse(part)?);
    }
    let here = UNSTABLE.iter().map(|(name, _)| Peer { name: name.to_string(), program: wrapper(name) });
    peers.extend(here.filter(|peer| peer.program.is_file()));
    peers.extend(which("redis-server").map(|program| Peer { name: "redis".to_string(), program }));
    let mut first = Vec::new();
    for peer in peers {
        if first.iter().all(|before: &Peer| before.name != peer.name) {
            first.push(peer);
        }
    }
    Ok(first)
}

fn parse(part: &str) -> Result<Peer> {
    let (name, program) = part.split_once('=').with_context(|| format!("{part:?} is not NAME=PATH"))?;
    // Relative to where the words were typed, which is where this was started.
    let program = std::path::absolute(program)?;
    if !program.is_file() {
        bail!("{name}: there is no {}", program.display());
    }
    Ok(Peer { name: name.to_string(), program })
}

/// The script that starts an unpacked server.
fn wrapper(name: &str) -> PathBuf {
    folder().join("bin").join(format!("{name}-server"))
}

fn unpack_unstable() -> Result<()> {
    let (folder, unpacked) = (folder(), folder().join("root"));
    for part in ["bin", "debs", "lists/partial", "root"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let apt = Apt::new(&folder)?;
    println!("reading the package lists of Debian's unstable suite");
    apt.run(&["update", "-qq"])?;
    println!("fetching the servers and their libraries");
    apt.run(&[&["download", "-qq"], &PACKAGES[..]].concat())?;
    for entry in fs::read_dir(folder.join("debs"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            output(command("dpkg").arg("-x").arg(path).arg(&unpacked))?;
        }
    }
    let loader = loader(&unpacked)?;
    let libraries = loader.parent().expect("a file lies in a folder").display();
    for (name, program) in UNSTABLE {
        let program = unpacked.join("usr/bin").join(program);
        let script = format!(
            "#!/bin/sh\nexec '{}' --library-path '{libraries}' '{}' \"$@\"\n",
            loader.display(),
            program.display()
        );
        fs::write(wrapper(name), script)?;
        fs::set_permissions(wrapper(name), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The unpacked dynamic loader: `usr/lib/ARCHITECTURE/ld-linux….so.N`.
fn loader(unpacked: &Path) -> Result<PathBuf> {
    for architecture in fs::read_dir(unpacked.join("usr/lib"))? {
        let Ok(files) = fs::read_dir(architecture?.path()) else { continue };
        for file in files {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("ld-linux") {
                return Ok(file.path());
            }
        }
    }
    bail!("the unpacked C library has no dynamic loader")
}

/// apt with lists and caches of its own, which only knows the unstable suite.
struct Apt {
    options: Vec<String>,
    debs: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Apt> {
        let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
        let sources = folder.join("sources.list");
        fs::write(&sources, format!("deb [signed-by={keys}] {} sid main\n", mirror()?))?;
        let settings = [
            format!("Dir::Etc::sourcelist={}", sources.display()),
            "Dir::Etc::sourceparts=/dev/null".to_string(),
            format!("Dir::State::Lists={}", folder.join("lists").display()),
            "Dir::State::status=/dev/null".to_string(),
            "Dir::Cache::pkgcache=".to_string(),
            "Dir::Cache::srcpkgcache=".to_string(),
            "APT::Sandbox::User=root".to_string(),
        ];
        let options = settings.into_iter().flat_map(|setting| ["-o".to_string(), setting]).collect();
        Ok(Apt { options, debs: folder.join("debs") })
    }

    fn run(&self, words: &[&str]) -> Result<()> {
        output(command("apt-get").args(&self.options).args(words).current_dir(&self.debs)).map(drop)
    }
}

/// The mirror that this machine's own apt uses.
fn mirror() -> Result<String> {
    for file in ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"] {
        if let Some(mirror) = fs::read_to_string(file).ok().as_deref().and_then(mirror_in) {
            return Ok(mirror);
        }
    }
    bail!("this machine has no list of Debian's packages; give servers with --peer NAME=PATH or {VARIABLE}")
}

fn mirror_in(sources: &str) -> Option<String> {
    sources.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.first() {
            Some(&"URIs:") => words.get(1).map(|word| word.to_string()),
            Some(&"deb") => words.iter().find(|word| word.contains("://")).map(|word| word.to_string()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_source_name_a_mirror() {
        assert_eq!(mirror_in("Types: deb\nURIs: http://host/debian\n").as_deref(), Some("http://host/debian"));
        assert_eq!(mirror_in("# deb x\ndeb [a=b] http://host/debian x main").as_deref(), Some("http://host/debian"));
        assert_eq!(mirror_in("# nothing\n"), None);
    }

    #[test]
    fn a_given_peer_has_to_be_there() {
        let shell = parse("shell=/bin/sh").unwrap();
        assert_eq!((shell.name.as_str(), shell.program.to_str()), ("shell", Some("/bin/sh")));
        assert!(parse("/bin/sh").is_err());
        assert!(parse("none=/no/such/file").is_err());
    }

    #[test]
    fn the_first_of_a_name_counts() {
        let peers = found(&["redis=/bin/sh".to_string()]).unwrap();
        let named: Vec<_> = peers.iter().filter(|peer| peer.name == "redis").collect();
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].program, PathBuf::from("/bin/sh"));
    }
}
