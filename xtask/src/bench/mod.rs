//! `cargo xtask bench`: ours beside every real server that is there, with equal settings, taking turns.

mod commands;
mod contestant;
mod eviction;
mod expiry;
mod memory;
mod resp;
mod stall;
mod table;
mod throughput;
mod work;

use crate::install;
use crate::peers;
use crate::shell::{cargo, cargo_target, run};
use anyhow::{Result, bail};
use contestant::Contestant;
use std::path::PathBuf;

#[derive(Default)]
pub struct Options {
    /// One of [`BENCHES`]; all where nothing is said.
    pub what: Option<String>,
    /// `NAME=PATH`, besides the peers that are found.
    pub peers: Vec<String>,
    /// Another program than the one built from these sources.
    pub ours: Option<PathBuf>,
    pub rounds: Option<usize>,
    pub requests: Option<u64>,
    /// Comma-separated: data sets of `memory`, commands of `throughput`, types or commands of `commands` (`list`, `copy`,
    /// `list/copy`), servers of `eviction`.
    pub only: Option<String>,
    /// Less of everything: good for a first look, not for a report.
    pub quick: bool,
}

impl Options {
    fn takes(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(',').any(|one| one == name))
    }
}

type Bench = fn(&[Contestant], &Options) -> Result<()>;

const BENCHES: [(&str, Bench); 6] = [
    ("throughput", throughput::run),
    ("memory", memory::run),
    ("stall", stall::run),
    ("commands", commands::run),
    ("expiry", expiry::run),
    ("eviction", eviction::run),
];

pub fn bench(options: &Options) -> Result<()> {
    let wanted = |name: &str| options.what.as_ref().is_none_or(|what| what == name);
    let benches: Vec<_> = BENCHES.iter().filter(|(name, _)| wanted(name)).collect();
    if benches.is_empty() {
        bail!("there are benches of {}", BENCHES.map(|(name, _)| name).join(", "));
    }
    install::debian_program("redis-benchmark", &["redis-tools"])?;
    let contestants = contestants(options)?;
    let names: Vec<_> = contestants.iter().map(|one| one.name.as_str()).collect();
    println!("{}", names.join(", "));
    if names.len() == 1 {
        println!("no other server is here: `cargo xtask peers` installs some");
    }
    for (_, bench) in benches {
        bench(&contestants, options)?;
    }
    Ok(())
}

/// Ours first.
fn contestants(options: &Options) -> Result<Vec<Contestant>> {
    let program = match &options.ours {
        Some(program) => std::path::absolute(program)?,
        None => {
            run(&mut cargo(&["build", "--release", "--package", "kvarium-server"]))?;
            cargo_target().join("release/kvarium")
        }
    };
    let words = ["server", "--http-port", "0"].map(String::from).to_vec();
    let ours = Contestant { name: "kvarium".to_string(), program, words };
    let peers = peers::found(&options.peers)?.into_iter();
    let others = peers.map(|peer| Contestant { name: peer.name, program: peer.program, words: Vec::new() });
    Ok([ours].into_iter().chain(others).collect())
}
