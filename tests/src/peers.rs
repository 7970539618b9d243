//! The real servers that tests compare with, where they are installed.

use std::path::{Path, PathBuf};

/// A real server that tests compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    program: &'static str,
    /// Options and commands that are newer are not its own.
    version: (u32, u32, u32),
}

/// What is right where the two differ, unless it has no such command.
pub const VALKEY: Peer = Peer { name: "valkey", program: "valkey-server", version: (9, 1, u32::MAX) };
pub const REDIS: Peer = Peer { name: "redis", program: "redis-server", version: (7, 0, u32::MAX) };

impl Peer {
    /// The program: what `KVARIUM_PEERS` (`valkey=/path,redis=/path`) names, what `cargo xtask peers` has installed, or
    /// what the path finds.
    pub fn program(&self) -> PathBuf {
        let named = std::env::var("KVARIUM_PEERS").unwrap_or_default();
        let named =
            named.split(',').filter_map(|peer| peer.trim().split_once('=')).find(|(name, _)| *name == self.name);
        if let Some((_, path)) = named {
            return path.into();
        }
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/bin");
        let installed = peers.join(self.program);
        if installed.is_file() { installed } else { self.program.into() }
    }

    /// Whether something of that version, as `since` writes it, is its own.
    pub fn has(&self, since: &str) -> bool {
        // Redis has it since Valkey has gone its own way.
        const OF_REDIS: &str = "8.2.0";
        if since == OF_REDIS {
            return false;
        }
        let mut numbers = since.split('.').map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let since = (next(), next(), next());
        // No Valkey was numbered so: what came then is Redis's alone.
        let is_of_redis = self.name == VALKEY.name && (since.0, since.1) == (8, 2);
        since <= self.version && !is_of_redis
    }
}
