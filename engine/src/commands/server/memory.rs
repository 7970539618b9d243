//! MEMORY: where the memory goes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::inspect::memory::Account;
use crate::keyspace::{Entry, Kind};
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

/// The most that was ever in use, as far as anybody looked.
fn peak(state: &State, account: &Account) -> usize {
    state.peak_memory.max(account.total())
}

fn percent(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 }
}

enum Figure {
    Count(usize),
    Ratio(f64),
    /// A database's tables: that of its keys, and those of expiries.
    Tables(usize, usize),
}

fn stats(call: &mut Call<'_>) -> Outcome {
    let figures = figures(call.state);
    call.reply.map(figures.len());
    for (name, figure) in figures {
        call.reply.field(&name);
        match figure {
            Figure::Count(count) => call.reply.integer(count as i64),
            Figure::Ratio(ratio) => call.reply.double(ratio),
            Figure::Tables(main, expires) => {
                call.reply.map(2);
                call.reply.field("overhead.hashtable.main");
                call.reply.integer(main as i64);
                call.reply.field("overhead.hashtable.expires");
                call.reply.integer(expires as i64);
            }
        }
    }
    Ok(())
}

fn figures(state: &State) -> Vec<(String, Figure)> {
    use Figure::{Count, Ratio, Tables};
    let account = Account::of(state);
    let (total, peak, data, keys) = (account.total(), peak(state, &account), account.data(), account.keys());
    let resident = usize::try_from(state.resident).unwrap_or(usize::MAX);
    let mut figures = Vec::new();
    let mut add = |name: &str, figure| figures.push((name.into(), figure));
    add("peak.allocated", Count(peak));
    add("total.allocated", Count(total));
    add("startup.allocated", Count(account.fixed));
    add("clients.normal", Count(account.clients));
    add("pubsub", Count(account.pubsub));
    add("waits", Count(account.waits));
    add("lazyfree.pending", Count(account.pending));
    for db in &account.databases {
        add(&format!("db.{}", db.index), Tables(db.main, db.expires));
    }
    add("overhead.total", Count(account.overhead()));
    add("keys.count", Count(keys));
    add("keys.bytes-per-key", Count((total - account.fixed).checked_div(keys).unwrap_or(0)));
    for kind in Kind::ALL {
        let of = account.databases.iter().flat_map(|db| &db.kinds).filter(|(name, _)| *name == kind.name());
        add(&format!("dataset.{}", kind.name()), Count(of.map(|(_, share)| share.memory).sum()));
    }
    add("dataset.bytes", Count(data));
    add("dataset.percentage", Ratio(percent(data, total - account.fixed)));
    add("peak.percentage", Ratio(percent(total, peak)));
    add("allocator.allocated", Count(total));
    add("allocator.active", Count(total + account.spare));
    add("allocator.resident", Count(resident));
    add("allocator-fragmentation.ratio", Ratio(percent(total + account.spare, total) / 100.0));
    add("allocator-fragmentation.bytes", Count(account.spare));
    add("fragmentation", Ratio(percent(resident, total) / 100.0));
    add("fragmentation.bytes", Count(resident.saturating_sub(total)));
    figures
}

/// With less than this there is nothing to say.
const TOO_LITTLE: usize = 5 << 20;
/// Clients that hold more than this each, on average, are worth a word.
const MUCH_FOR_A_CLIENT: usize = 200 << 10;

fn diagnosis(state: &State) -> String {
    let account = Account::of(state);
    let (total, peak) = (account.total(), peak(state, &account));
    if total < TOO_LITTLE {
        return "There is too little data here for anything to stand out: less than 5 MB in all.".into();
    }
    let mut findings = Vec::new();
    if peak > total * 3 / 2 {
        findings.push(format!(
            "Memory was {peak} bytes at its peak, and is {total} now: the difference may still belong to the process."
        ));
    }
    if state.resident > total as u64 * 3 / 2 {
        findings.push(format!("The process holds {} bytes for the {total} that are in use.", state.resident));
    }
    if account.clients > state.clients.len() * MUCH_FOR_A_CLIENT {
        findings.push(format!(
            "Clients hold {} bytes: replies that they do not read, or requests that do not end.",
            account.clients
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
        assert_eq!(figure("keys.bytes-per-key"), (figure("total.allocated") - figure("startup.allocated")) / 1000);
        assert_eq!(figure("dataset.string"), figure("dataset.bytes"));
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
