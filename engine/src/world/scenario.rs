//! What a world begins with: nodes, slots, links and workloads; and the scenarios that come with us.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::actor::LoadSpec;
use super::traffic::{Distribution, SKEW, TrafficSpec};
use crate::base::time::Duration;
use crate::config::{Config, ConfigError};

/// A node of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// What people call it, like `A-M`.
    pub name: String,
    /// `host:port`, which it binds and by which others know it.
    pub address: String,
    /// Further lines of its configuration file.
    pub config: String,
}

/// What a world begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub name: String,
    pub nodes: Vec<NodeSpec>,
    /// The owner of each slot, as `cluster-static-slots` has it; empty outside cluster mode.
    pub slots: String,
    /// Between any two parties.
    pub latency: Duration,
    pub jitter: Duration,
    /// Workloads that run from the start, by name.
    pub loads: Vec<(String, LoadSpec)>,
}

/// The names that [`Scenario::preset`] knows.
pub const PRESETS: &[&str] = &["single", "3-masters", "single-busy", "3-masters-busy"];

impl Scenario {
    /// A scenario that comes with us. The `busy` ones have a workload that runs from the start.
    pub fn preset(name: &str) -> Option<Scenario> {
        let mut scenario = match name.strip_suffix("-busy").unwrap_or(name) {
            "single" => Scenario::single(),
            "3-masters" => Scenario::three_masters(),
            _ => return None,
        };
        if name.ends_with("-busy") {
            let distribution = Distribution::Zipf { skew: SKEW };
            let traffic = TrafficSpec { rate: Some(20), keys: 200, distribution, ..TrafficSpec::default() };
            let spec = LoadSpec { traffic, ..LoadSpec::default() };
            scenario.loads.push(("app".to_owned(), spec));
        }
        scenario.name = name.to_owned();
        Some(scenario)
    }

    /// One node.
    pub fn single() -> Scenario {
        Scenario {
            name: "single".to_owned(),
            nodes: vec![node("M", "172.50.0.11:6371")],
            slots: String::new(),
            latency: Duration::from_micros(500),
            jitter: Duration::from_micros(200),
            loads: Vec::new(),
        }
    }

    /// Three nodes that share the slots.
    pub fn three_masters() -> Scenario {
        Scenario {
            name: "3-masters".to_owned(),
            nodes: vec![
                node("A-M", "172.50.0.11:6371"),
                node("B-M", "172.50.0.12:6372"),
                node("C-M", "172.50.0.13:6373"),
            ],
            slots: "172.50.0.11:6371 0-5460 172.50.0.12:6372 5461-10922 172.50.0.13:6373 10923-16383".to_owned(),
            ..Scenario::single()
        }
    }

    /// The configuration that a node starts with.
    ///
    /// # Errors
    /// A line of it that can't be taken.
    pub fn config(&self, node: &NodeSpec) -> Result<Config, ConfigError> {
        let (host, port) = node.address.rsplit_once(':').unwrap_or((&node.address, "6379"));
        let mut text = format!("bind {host}\nport {port}\nprotected-mode no\nenable-debug-command yes\n");
        if !self.slots.is_empty() {
            text.push_str(&format!("cluster-enabled yes\ncluster-static-slots \"{}\"\n", self.slots));
        }
        text.push_str(&node.config);
        Config::parse(&text)
    }
}

fn node(name: &str, address: &str) -> NodeSpec {
    NodeSpec { name: name.to_owned(), address: address.to_owned(), config: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Node;

    #[test]
    fn every_preset_starts_and_every_node_knows_itself() {
        for name in PRESETS {
            let scenario = Scenario::preset(name).unwrap();
            assert_eq!(scenario.name, *name);
            for spec in &scenario.nodes {
                let node = Node::new(scenario.config(spec).unwrap(), 1).unwrap();
                let myself = node.inspect().slots().myself().map(|owner| owner.address());
                assert_eq!(myself.as_ref(), (!scenario.slots.is_empty()).then_some(&spec.address));
            }
        }
        assert_eq!(Scenario::preset("nonsense"), None);
    }
}
