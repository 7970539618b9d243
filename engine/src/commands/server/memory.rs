//! MEMORY: where the memory goes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Entry;
use crate::resp::error;
use crate::state::State;

pub static MEMORY: Command = Command {
    summary: "Where the memory goes.",
    arity: -2,
    subcommands: &[&DOCTOR, &HELP, &MALLOC_STATS, &PURGE, &STATS, &USAGE],
    ..Command::new("memory", Group::Server, "4.0.0", "that of its subcommand")
};

static DOCTOR: Command = Command {
    summary: "What stands out in the use of memory.",
    full_name: "memory|doctor",
    tips: CHANGES,
    run: |call| {
        let text = diagnosis(call.state);
        call.reply.verbatim("txt", text.as_bytes());
        Ok(())
    },
    ..subcommand("doctor")
};

static MALLOC_STATS: Command = Command {
    summary: "What the allocator says of itself: here, that it keeps no statistics.",
    full_name: "memory|malloc-stats",
    flags: Flags::LOADING,
    tips: CHANGES,
    run: |call| {
        call.reply.verbatim("txt", b"Stats not supported for the current allocator");
        Ok(())
    },
    ..subcommand("malloc-stats")
};

static PURGE: Command = Command {
    summary: "Frees at once what was removed and is still to be freed.",
    full_name: "memory|purge",
    flags: Flags::LOADING,
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    run: |call| {
        call.state.free_all();
        call.reply.ok();
        Ok(())
    },
    ..subcommand("purge")
};

static STATS: Command = Command {
    summary: "Where the memory goes, in figures.",
    full_name: "memory|stats",
    tips: CHANGES,
    run: stats,
    ..subcommand("stats")
};

const CHANGES: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

const fn subcommand(name: &'static str) -> Command {
    Command { arity: 2, ..Command::new(name, Group::Server, "4.0.0", "O(1)") }
}

static USAGE: Command = Command {
    summary: "The bytes that a key and its value take, with what manages them.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(2, Access::LOOK)],
    arguments: &[Argument::key("key"), Argument::integer("count").token("SAMPLES").optional()],
    full_name: "memory|usage",
    run: usage,
    ..Command::new("usage", Group::Server, "4.0.0", "O(1): every value knows its size")
};

static HELP: Command = Command::help("memory|help", Group::Server, "4.0.0");

fn usage(call: &mut Call<'_>) -> Outcome {
    match (call.args.len(), call.args.get(3)) {
        (3, _) => {}
        (5, Some(word)) if word.eq_ignore_ascii_case(b"SAMPLES") => {
            let samples = parse_i64(call.arg(4)).ok_or(error::NOT_INTEGER)?;
            if samples < 0 {
                return call.syntax();
            }
        }
        _ => return call.syntax(),
    }
    let key = call.key(2);
    match call.state.look(&key).map(Entry::memory) {
        Some(bytes) => call.reply.integer(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}

/// What all of it is made of, in bytes.
struct Shares {
    total: usize,
    tables: usize,
    clients: usize,
    peak: usize,
}

impl Shares {
    fn of(state: &State) -> Shares {
        let total = state.memory();
        let tables = (0..state.keyspace.databases()).map(|index| state.keyspace.db(index).table_memory()).sum();
        Shares { total, tables, clients: state.clients.memory(), peak: state.peak_memory.max(total) }
    }

    fn overhead(&self) -> usize {
        self.tables + self.clients
    }

    fn dataset(&self) -> usize {
        self.total - self.overhead()
    }
}

fn percent(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 }
}

enum Figure {
    Count(usize),
    Ratio(f64),
    /// A database's tables.
    Tables(usize),
}

fn stats(call: &mut Call<'_>) -> Outcome {
    let figures = figures(call.state);
    call.reply.map(figures.len());
    for (name, figure) in figures {
        call.reply.field(&name);
        match figure {
            Figure::Count(count) => call.reply.integer(count as i64),
            Figure::Ratio(ratio) => call.reply.double(ratio),
            Figure::Tables(bytes) => {
                call.reply.map(1);
                call.reply.field("overhead.hashtable.main");
                call.reply.integer(bytes as i64);
            }
        }
    }
    Ok(())
}

fn figures(state: &State) -> Vec<(String, Figure)> {
    use Figure::{Count, Ratio, Tables};
    let shares = Shares::of(state);
    let databases = || (0..state.keyspace.databases()).map(|index| (index, state.keyspace.db(index)));
    let keys: usize = databases().map(|(_, db)| db.len()).sum();
    let resident = usize::try_from(state.resident).unwrap_or(usize::MAX);
    let mut figures = Vec::new();
    let mut add = |name: &str, figure| figures.push((name.into(), figure));
    add("peak.allocated", Count(shares.peak));
    add("total.allocated", Count(shares.total));
    add("clients.normal", Count(shares.clients));
    for (index, db) in databases().filter(|(_, db)| !db.is_empty()) {
        add(&format!("db.{index}"), Tables(db.table_memory()));
    }
    add("overhead.total", Count(shares.overhead()));
    add("keys.count", Count(keys));
    add("keys.bytes-per-key", Count(shares.dataset().checked_div(keys).unwrap_or(0)));
    add("dataset.bytes", Count(shares.dataset()));
    add("dataset.percentage", Ratio(percent(shares.dataset(), shares.total)));
    add("peak.percentage", Ratio(percent(shares.total, shares.peak)));
    add("fragmentation", Ratio(percent(resident, shares.total) / 100.0));
    add("fragmentation.bytes", Count(resident.saturating_sub(shares.total)));
    figures
}

/// With less than this there is nothing to say.
const TOO_LITTLE: usize = 5 << 20;
/// Clients that hold more than this each, on average, are worth a word.
const MUCH_FOR_A_CLIENT: usize = 200 << 10;

fn diagnosis(state: &State) -> String {
    let shares = Shares::of(state);
    if shares.total < TOO_LITTLE {
        return "There is too little data here for anything to stand out: less than 5 MB in all.".into();
    }
    let mut findings = Vec::new();
    if shares.peak > shares.total * 3 / 2 {
        findings.push(format!(
            "Memory was {} bytes at its peak, and is {} now: the difference may still belong to the process.",
            shares.peak, shares.total
        ));
    }
    if state.resident > shares.total as u64 * 3 / 2 {
        findings.push(format!("The process holds {} bytes for the {} that are in use.", state.resident, shares.total));
    }
    if shares.clients > state.clients.len() * MUCH_FOR_A_CLIENT {
        findings.push(format!(
            "Clients hold {} bytes: replies that they do not read, or requests that do not end.",
            shares.clients
        ));
    }
    if findings.is_empty() {
        return "Nothing stands out.".into();
    }
    findings.iter().map(|finding| format!("* {finding}\n")).collect()
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn the_parts_make_up_the_whole() {
        let mut server = Server::new();
        for n in 0..1000 {
            server.run(&format!("SET key:{n} {n}"));
        }
        server.run("HELLO 3");
        let stats = server.run("MEMORY STATS");
        let figure = |name: &str| -> u64 {
            let line = stats.lines().find(|line| line.contains(&format!("\"{name}\" =>"))).expect(name);
            line.rsplit(' ').next().unwrap().parse().expect(line)
        };
        assert_eq!(figure("total.allocated"), figure("overhead.total") + figure("dataset.bytes"));
        assert_eq!(figure("keys.count"), 1000);
        assert_eq!(figure("keys.bytes-per-key"), figure("dataset.bytes") / 1000);
        assert!(figure("peak.allocated") >= figure("total.allocated"));
        assert!(server.run("MEMORY DOCTOR").contains("too little data"));
    }

    #[test]
    fn what_is_still_to_be_freed_can_be_freed_at_once() {
        let mut server = Server::new();
        for n in 0..2000 {
            server.run(&format!("SADD s member:{n}"));
        }
        server.run("DEL s");
        assert!(server.run("INFO memory").contains("lazyfree_pending_objects:1"));
        assert_eq!(server.run("MEMORY PURGE"), "OK");
        assert!(server.run("INFO memory").contains("lazyfree_pending_objects:0"));
    }
}
