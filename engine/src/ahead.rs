//! What the commands of a pipeline will look at, asked from memory before the first of them runs.
//!
//! ```text
//!   keys ─▶ buckets ─▶ entries ─▶ of large collections: the elements' buckets ─▶ elements
//! ```
//! Each arrow is a walk over all commands, so that memory is waited for once and not once for each. The hashes that this takes
//! are kept for the commands themselves.

use alloc::vec::Vec;

use crate::commands::declaration::{Begin, Command};
use crate::keyspace::{Entry, Key, ValueRef};
use crate::resp::decode::{Args, Batch};
use crate::state::{HashHint, State};

/// So many keys, and so many elements, are asked for on behalf of one command.
const MOST: usize = 16;

/// What is known of the commands of a batch.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    commands: Vec<Known>,
    keys: Vec<HashHint>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    command: Option<&'static Command>,
    /// Its first key among all, and how many there are.
    keys: (u32, u32),
}

impl Ahead {
    /// Finds the commands of a batch, and requests what those of a database will look at.
    pub fn look(&mut self, state: &State, db: usize, batch: &Batch, bytes: &[u8]) {
        self.commands.clear();
        self.keys.clear();
        let many = batch.len() > 1;
        let mut last = (None, None);
        for index in 0..batch.len() {
            let args = batch.args(index, bytes);
            let name = args.get(0);
            // Pipelines tend to say the same over and over.
            if name != last.0 {
                last = (name, name.and_then(|name| state.names.get(name)));
            }
            let first = self.keys.len() as u32;
            if let Some(command) = last.1 {
                self.hash_keys(state, command, args);
            }
            self.commands.push(Known { command: last.1, keys: (first, self.keys.len() as u32 - first) });
        }
        if !many && self.keys.len() <= 1 {
            return;
        }
        let keyspace = &state.keyspace;
        self.keys.iter().for_each(|hint| keyspace.prefetch_bucket(db, hint.hash, hint.slot));
        self.keys.iter().for_each(|hint| keyspace.prefetch_entry(db, hint.hash, hint.slot));
        if many && self.commands.iter().any(|known| known.command.is_some_and(|command| command.elements.is_some())) {
            self.look_into_values(state, db, batch, bytes);
        }
    }

    /// What the state is to know while a command runs.
    pub fn hints(&self, index: usize) -> (Option<&'static Command>, &[HashHint]) {
        let Known { command, keys: (first, count) } = self.commands[index];
        (command, &self.keys[first as usize..][..count as usize])
    }

    fn hash_keys(&mut self, state: &State, command: &'static Command, args: Args<'_>) {
        let specs = command.keys.iter().filter(|spec| matches!(spec.begin, Begin::Index(_)));
        for position in specs.flat_map(|spec| spec.positions(args)).take(MOST) {
            self.keys.push(HashHint::of(&state.keyspace.key(&args[position])));
        }
    }

    /// Requests the elements that the commands name, of large collections, and small collections themselves.
    fn look_into_values(&self, state: &State, db: usize, batch: &Batch, bytes: &[u8]) {
        let keyspace = &state.keyspace;
        let mut values = Vec::new();
        let mut last: (&[u8], Option<ValueRef<'_>>) = (b"", None);
        for (index, known) in self.commands.iter().enumerate() {
            let elements = known.command.and_then(|command| command.elements);
            let (Some(elements), (first, 1..)) = (elements, known.keys) else { continue };
            let (args, HashHint { hash, slot, .. }) = (batch.args(index, bytes), self.keys[first as usize]);
            let Some(name) = args.get(1) else { continue };
            if name != last.0 {
                last = (name, keyspace.db(db).get(&Key { bytes: name, hash, slot }).map(Entry::value));
                last.1.inspect(ValueRef::prefetch);
            }
            values.extend(last.1.map(|value| (value, args, elements)));
        }
        let mut records = Vec::new();
        for (table, args, elements) in
            values.iter().filter_map(|(value, args, elements)| Some((value.table()?, args, elements)))
        {
            for element in args.from(elements.first).iter().step_by(elements.step).take(MOST) {
                let hash = keyspace.hash(element);
                table.prefetch_bucket(hash);
                records.push((table, hash));
            }
        }
        records.iter().for_each(|(table, hash)| table.prefetch_record(*hash));
    }
}

#[cfg(test)]
mod tests {
    use crate::base::rng::Rng;
    use crate::commands::testing::Server;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// A command with one key, many, more than are asked for, with elements, and with what is no element in their places.
    fn line(rng: &mut Rng) -> String {
        let mut word = |kind: &str, of: u64| format!("{kind}{}", rng.below(of));
        match word("", 9).as_str() {
            "0" => format!("GET {}", word("k", 30)),
            "1" => format!("MSET {}", (0..20).map(|_| word("k", 30) + " v").collect::<Vec<_>>().join(" ")),
            "2" => format!("MGET {}", (0..40).map(|_| word("k", 30)).collect::<Vec<_>>().join(" ")),
            "3" => format!("SADD {} {} {}", word("s", 3), word("m", 900), word("m", 900)),
            "4" => format!("ZADD {} CH 1 {}", word("z", 3), word("m", 900)),
            "5" => format!("HSET {} {} {}", word("h", 3), word("f", 900), word("v", 9)),
            "6" => format!("SINTER {} {}", word("s", 3), word("s", 3)),
            "7" => format!("DEL {} {}", word("k", 30), word("s", 30)),
            _ => format!("HGET {} {}", word("k", 3), word("f", 900)),
        }
    }

    #[test]
    fn a_pipeline_is_answered_as_its_commands_one_by_one() {
        let (mut one, mut many) = (Server::new(), Server::new());
        let mut rng = Rng::new(7);
        for _ in 0..if cfg!(miri) { 3 } else { 120 } {
            let lines: Vec<_> = (0..1 + rng.below(90)).map(|_| line(&mut rng)).collect();
            let apart: Vec<_> = lines.iter().map(|line| one.run_as(1, line)).collect();
            assert_eq!(apart.join("\n"), many.run_as(1, &lines.join("\r\n")));
        }
    }
}
