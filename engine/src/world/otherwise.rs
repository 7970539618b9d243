//! What would have been: a world of the same seed, in which the same is done at the same moments, but for some parameters of
//! one node.
//!
//! ```text
//!   is        start ── CONFIG SET maxmemory-policy allkeys-lru ── !app … ──→
//!   would be  start ── CONFIG SET maxmemory-policy allkeys-lfu ── !app … ──→
//! ```
//! Where the journal sets such a parameter, it is set to the other value then; where the journal never does, the node
//! starts with it. Nothing else is told to either world, and clients ask for the same in the same order by themselves
//! ([`super::traffic`]); when they ask, and what they are told, is a matter of each world.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::journal::{Entry, History};
use super::script::{Action, ScriptError};
use crate::config::{Config, parameter};
use crate::resp::decode::split_line;
use crate::resp::show::argument_text;

/// A node, and what its parameters would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    pub node: String,
    /// Names as `CONFIG SET` has them, and values.
    pub settings: Vec<(&'static str, String)>,
}

impl Otherwise {
    /// The other history at its first moment, with all still to come.
    ///
    /// # Errors
    /// A value that can't be taken.
    pub fn history(&self, history: &History) -> Result<History, ScriptError> {
        let mut scenario = history.scenario().clone();
        for spec in scenario.nodes.iter_mut().filter(|spec| spec.name == self.node) {
            for (name, value) in self.settings.iter().filter(|(name, _)| !self.is_set(name, history.journal())) {
                spec.config.push_str(&format!("\n{name} {value}"));
            }
        }
        for spec in &scenario.nodes {
            scenario.config(spec).map_err(|error| ScriptError::new(&error.text, error.why))?;
        }
        let mut other = History::new(&scenario, history.seed());
        other.follow(self.journal(history.journal()), history.end());
        Ok(other)
    }

    /// What is done there.
    pub fn journal(&self, journal: &[Entry]) -> Vec<Entry> {
        journal.iter().map(|entry| Entry { at: entry.at, action: self.action(&entry.action) }).collect()
    }

    fn action(&self, action: &Action) -> Action {
        match action {
            Action::Command { node, tab, line } if *node == self.node => {
                Action::Command { node: node.clone(), tab: *tab, line: self.line(line) }
            }
            _ => action.clone(),
        }
    }

    /// As it was typed, where nothing in it is another.
    fn line(&self, line: &str) -> String {
        let mut words = words(line);
        let typed = words.clone();
        for (at, name) in set_by(&typed) {
            if let Some((_, value)) = self.settings.iter().find(|(ours, _)| *ours == name) {
                words[at] = value.clone();
            }
        }
        if words == typed {
            return line.to_owned();
        }
        let words: Vec<String> = words.iter().map(|word| argument_text(word.as_bytes())).collect();
        words.join(" ")
    }

    fn is_set(&self, name: &str, journal: &[Entry]) -> bool {
        journal.iter().any(|entry| match &entry.action {
            Action::Command { node, line, .. } if *node == self.node => {
                set_by(&words(line)).iter().any(|(_, set)| *set == name)
            }
            _ => false,
        })
    }
}

fn words(line: &str) -> Vec<String> {
    let (mut text, mut ranges) = (Vec::new(), Vec::new());
    if !split_line(line.as_bytes(), &mut text, &mut ranges) {
        return Vec::new();
    }
    let word = |&(from, to): &(u32, u32)| String::from_utf8_lossy(&text[from as usize..to as usize]).into_owned();
    ranges.iter().map(word).collect()
}

/// The parameters that a `CONFIG SET` sets, by the places of their values.
fn set_by(words: &[String]) -> Vec<(usize, &'static str)> {
    let is_it = |at: usize, wanted: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(wanted));
    if !is_it(0, "config") || !is_it(1, "set") {
        return Vec::new();
    }
    let set = |at: usize| {
        let parameter = parameter(&words[at - 1])?;
        // What would be refused is left as it is.
        Config::default().set(parameter, &words[at]).ok()?;
        Some((at, parameter.name))
    };
    (3..words.len()).step_by(2).filter_map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;
    use crate::world::scenario::Scenario;

    const TRAFFIC: [&str; 3] =
        ["!database db capacity=1000 rows=500", "!app a db=db rate=300 keys=500 dist=zipf:0.9 ttl=0s", "!advance 5s"];

    fn otherwise(policy: &str) -> Otherwise {
        Otherwise { node: "M".to_owned(), settings: Vec::from([("maxmemory-policy", policy.to_owned())]) }
    }

    fn played(lines: &[&str]) -> History {
        let mut history = History::new(&Scenario::single(), 3);
        for line in lines.iter().chain(&TRAFFIC) {
            history.act(Action::parse(line).unwrap()).unwrap();
        }
        history
    }

    fn policy(history: &History) -> &'static str {
        let node = history.world().nodes().next().and_then(|node| node.inspect).unwrap();
        node.config().maxmemory_policy.name()
    }

    #[test]
    fn only_what_would_be_set_at_the_node_is_another() {
        let line = |line: &str| otherwise("allkeys-lfu").line(line);
        assert_eq!(
            line(r#"config  set maxmemory 1mb MAXMEMORY-POLICY allkeys-lru logfile "a b""#),
            r#"config set maxmemory 1mb MAXMEMORY-POLICY allkeys-lfu logfile "a b""#
        );
        for same in [
            "config  set maxmemory-policy  allkeys-lfu",
            "CONFIG SET maxmemory-policy best",
            "SET maxmemory-policy 1",
            "CONFIG SET \"",
            "",
            "CONFIG SET hz",
        ] {
            assert_eq!(line(same), same);
        }
        let elsewhere = Action::parse("@N> CONFIG SET maxmemory-policy allkeys-lru").unwrap();
        assert_eq!(otherwise("noeviction").action(&elsewhere), elsewhere);
    }

    #[test]
    fn with_what_is_set_anyway_all_goes_the_same_way() {
        let set = ["@M> CONFIG SET maxmemory 100kb maxmemory-policy allkeys-lru"];
        for (lines, policy) in [(&set[..], "allkeys-lru"), (&[], "noeviction")] {
            let history = played(lines);
            let mut other = otherwise(policy).history(&history).unwrap();
            other.seek(history.now());
            assert_eq!((other.now(), other.trace_hash()), (history.now(), history.trace_hash()));
            assert_eq!(other.journal(), history.journal());
        }
    }

    #[test]
    fn it_is_another_from_when_it_is_set_or_from_the_beginning() {
        let history = played(&["!advance 1s", "@M> CONFIG SET maxmemory 100kb maxmemory-policy allkeys-lru"]);
        let mut other = otherwise("allkeys-random").history(&history).unwrap();
        other.seek(Duration::from_millis(900));
        assert_eq!(policy(&other), "noeviction");
        other.seek(history.now());
        assert_eq!((policy(&other), policy(&history)), ("allkeys-random", "allkeys-lru"));
        assert_ne!(other.trace_hash(), history.trace_hash());
        let history = played(&["@M> CONFIG SET maxmemory 100kb"]);
        let other = otherwise("allkeys-random").history(&history).unwrap();
        assert_eq!(policy(&other), "allkeys-random");
        assert!(otherwise("the-best").history(&history).is_err());
    }

    #[test]
    fn it_follows_wherever_the_first_goes() {
        let mut history = played(&["@M> CONFIG SET maxmemory 100kb maxmemory-policy allkeys-lru"]);
        let otherwise = otherwise("allkeys-lfu");
        let mut other = otherwise.history(&history).unwrap();
        let mut keeps_step = |history: &History| {
            other.follow(otherwise.journal(history.journal()), history.end());
            other.seek(history.now());
            let mut anew = otherwise.history(history).unwrap();
            anew.seek(history.now());
            assert_eq!((other.now(), other.trace_hash()), (history.now(), anew.trace_hash()));
            assert_eq!(other.journal(), anew.journal());
        };
        keeps_step(&history);
        for line in ["@M> SET x 1", "!advance 1s", "!load l rate=100 keys=50", "!advance 2s"] {
            history.act(Action::parse(line).unwrap()).unwrap();
            keeps_step(&history);
        }
        history.seek(Duration::from_seconds(3));
        keeps_step(&history);
        for line in ["@M> FLUSHALL", "!advance 3s"] {
            history.act(Action::parse(line).unwrap()).unwrap();
            keeps_step(&history);
        }
        history.seek(Duration::from_millis(100));
        history.act(Action::parse("!stop a").unwrap()).unwrap();
        keeps_step(&history);
        history.switch(0);
        keeps_step(&history);
    }
}
