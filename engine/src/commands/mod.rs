//! The commands: one table of typed statics, one folder a group, one file a command or tight family.

pub mod bitmap;
pub mod blocking;
pub mod bloom;
pub mod call;
pub mod chance;
pub mod cluster;
pub mod collection;
pub mod connection;
pub mod declaration;
pub mod generic;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod list;
pub mod pops;
pub mod pubsub;
pub mod scan;
pub mod server;
pub mod set;
pub mod stream;
pub mod string;
#[cfg(test)]
pub(crate) mod testing;
pub mod transactions;
pub mod words;
pub mod zset;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;

use declaration::Command;

/// Every command, by group.
pub static TABLE: &[&[&Command]] = &[
    bitmap::COMMANDS,
    bloom::COMMANDS,
    cluster::COMMANDS,
    connection::COMMANDS,
    generic::COMMANDS,
    geo::COMMANDS,
    hash::COMMANDS,
    hyperloglog::COMMANDS,
    list::COMMANDS,
    pubsub::COMMANDS,
    server::COMMANDS,
    set::COMMANDS,
    stream::COMMANDS,
    string::COMMANDS,
    transactions::COMMANDS,
    zset::COMMANDS,
];

pub fn all() -> impl Iterator<Item = &'static Command> {
    TABLE.iter().flat_map(|group| group.iter().copied())
}

/// Commands by the name they answer to on one node.
#[derive(Clone)]
pub struct Names {
    slots: Box<[Option<Named>]>,
}

type Named = (Box<[u8]>, &'static Command);

/// The longest command name.
const LONGEST: usize = 32;

impl Names {
    /// # Errors
    /// A `rename-command` that names no command, or a name that is taken.
    pub fn new(renamed: &[(String, String)]) -> Result<Names, String> {
        let mut names = Names { slots: vec![None; 2048].into() };
        for (from, _) in renamed {
            if all().all(|command| command.name != from) {
                return Err(alloc::format!("No such command in rename-command: {from}"));
            }
        }
        for command in all() {
            let name = renamed.iter().rev().find(|(from, _)| from == command.name).map_or(command.name, |(_, to)| to);
            if name.is_empty() {
                continue;
            }
            if names.get(name.as_bytes()).is_some() || name.len() > LONGEST {
                return Err(alloc::format!("Target command name already exists or is too long: {name}"));
            }
            let mut index = spread(name.as_bytes());
            while names.slots[index].is_some() {
                index = (index + 1) % names.slots.len();
            }
            names.slots[index] = Some((name.as_bytes().into(), command));
        }
        Ok(names)
    }

    /// Finds a command by its name in any case.
    pub fn get(&self, name: &[u8]) -> Option<&'static Command> {
        let mut lower = [0; LONGEST];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let mut index = spread(lower);
        while let Some((name, command)) = &self.slots[index] {
            if **name == *lower {
                return Some(command);
            }
            index = (index + 1) % self.slots.len();
        }
        None
    }
}

impl core::fmt::Debug for Names {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.slots.iter().flatten().map(|(_, command)| command.name)).finish()
    }
}

/// Where a name is looked for first (FNV-1a; the names are ours, so nobody can make them collide).
fn spread(name: &[u8]) -> usize {
    name.iter().fold(0x811c_9dc5u32, |hash, &byte| (hash ^ byte as u32).wrapping_mul(0x0100_0193)) as usize % 2048
}

#[cfg(test)]
mod tests {
    use super::*;
    use declaration::{Flags, Group};

    #[test]
    fn every_command_is_found_by_its_name_in_any_case() {
        let names = Names::new(&[]).unwrap();
        for command in all() {
            let upper = command.name.to_ascii_uppercase();
            assert!(core::ptr::eq(names.get(upper.as_bytes()).unwrap(), command), "{upper}");
        }
        assert!(names.get(b"nonsense").is_none());
        assert!(names.get(&[b'x'; 100]).is_none());
    }

    #[test]
    fn declarations_are_complete() {
        for command in all().chain(all().flat_map(|command| command.subcommands.iter().copied())) {
            let name = command.full_name;
            assert!(!command.summary.is_empty() && !command.complexity.is_empty(), "{name} has no documentation");
            assert!(command.arity != 0, "{name} has no arity");
            assert!(!(command.flags.has(Flags::WRITE) && command.flags.has(Flags::READONLY)), "{name} reads or writes");
            if matches!(command.group, Group::String) {
                assert!(!command.keys.is_empty(), "{name} has no keys");
            }
        }
    }

    #[test]
    fn a_renamed_command_answers_to_its_new_name_only() {
        let names = Names::new(&[("get".into(), "fetch".into()), ("set".into(), "".into())]).unwrap();
        assert_eq!(names.get(b"FETCH").map(|c| c.name), Some("get"));
        assert!(names.get(b"get").is_none() && names.get(b"set").is_none());
        assert!(Names::new(&[("nonsense".into(), "x".into())]).is_err());
        assert!(Names::new(&[("get".into(), "set".into())]).is_err());
    }
}
