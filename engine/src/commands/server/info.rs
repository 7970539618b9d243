//! INFO: what the server says of itself.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::inspect::memory::Account;
use crate::keyspace::access;
use crate::state::State;

/// The version of Redis whose behaviour clients may expect.
pub const REDIS_VERSION: &str = "7.2.4";

pub static INFO: Command = Command {
    summary: "What the server says of itself, in sections.",
    arity: -1,
    flags: Flags::LOADING.and(Flags::STALE),
    categories: crate::commands::declaration::Categories::DANGEROUS,
    arguments: &[Argument::string("section").optional().multiple()],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    run: info,
    ..Command::new("info", Group::Server, "1.0.0", "O(1)")
};

struct Section {
    name: &'static str,
    title: &'static str,
    /// Shown without being asked for.
    usual: bool,
    write: fn(&State, &mut String) -> core::fmt::Result,
}

const SECTIONS: &[Section] = &[
    Section { name: "server", title: "Server", usual: true, write: server },
    Section { name: "clients", title: "Clients", usual: true, write: clients },
    Section { name: "memory", title: "Memory", usual: true, write: memory },
    Section { name: "persistence", title: "Persistence", usual: true, write: persistence },
    Section { name: "stats", title: "Stats", usual: true, write: stats },
    Section { name: "replication", title: "Replication", usual: true, write: replication },
    Section { name: "modules", title: "Modules", usual: true, write: |_, _| Ok(()) },
    Section { name: "commandstats", title: "Commandstats", usual: false, write: command_stats },
    Section { name: "errorstats", title: "Errorstats", usual: true, write: error_stats },
    Section { name: "cluster", title: "Cluster", usual: true, write: cluster },
    Section { name: "keyspace", title: "Keyspace", usual: true, write: keyspace },
];

fn info(call: &mut Call<'_>) -> Outcome {
    let asked = call.args.from(1);
    let all = asked.iter().any(|word| word.eq_ignore_ascii_case(b"all") || word.eq_ignore_ascii_case(b"everything"));
    let usual = asked.is_empty() || asked.iter().any(|word| word.eq_ignore_ascii_case(b"default"));
    let mut text = String::new();
    let memory = call.state.memory();
    call.state.peak_memory = call.state.peak_memory.max(memory);
    for section in SECTIONS {
        let named = asked.iter().any(|word| word.eq_ignore_ascii_case(section.name.as_bytes()));
        if all || named || (usual && section.usual) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            let _ = write!(text, "# {}\r\n", section.title);
            let _ = (section.write)(call.state, &mut text);
        }
    }
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

macro_rules! lines {
    ($out:ident: $($name:literal = $value:expr),* $(,)?) => {{
        $(write!($out, concat!($name, ":{}\r\n"), $value)?;)*
        Ok(())
    }};
}

fn server(state: &State, out: &mut String) -> core::fmt::Result {
    let mode = if state.config.cluster_enabled { "cluster" } else { "standalone" };
    let uptime = state.uptime().seconds();
    lines!(out:
        "redis_version" = REDIS_VERSION,
        "server_name" = "kvarium",
        "kvarium_version" = env!("CARGO_PKG_VERSION"),
        "redis_mode" = mode,
        "arch_bits" = usize::BITS,
        "run_id" = state.run_id,
        "tcp_port" = state.config.port,
        "server_time_usec" = state.now.micros(),
        "uptime_in_seconds" = uptime,
        "uptime_in_days" = uptime / 86400,
        "hz" = state.hz(),
        "configured_hz" = state.config.hz,
        "lru_clock" = access::clock(state.now),
    )
}

fn clients(state: &State, out: &mut String) -> core::fmt::Result {
    let pubsub = state.clients.iter().filter(|client| client.is_subscriber()).count();
    let watching = state.clients.iter().filter(|client| state.watches.of(client.conn).next().is_some()).count();
    lines!(out:
        "connected_clients" = state.clients.len(),
        "maxclients" = state.config.maxclients,
        "client_recent_max_input_buffer" = state.clients.iter().map(|c| c.query.capacity()).max().unwrap_or(0),
        "client_recent_max_output_buffer" = state.clients.iter().map(|c| c.output.memory()).max().unwrap_or(0),
        "blocked_clients" = state.blocked.len() + state.clients.iter().filter(|client| client.postponed).count(),
        "pubsub_clients" = pubsub,
        "watching_clients" = watching,
        "clients_in_timeout_table" = state.blocked.with_deadline(),
        "total_blocking_keys" = state.blocked.keys(),
        "total_watched_keys" = state.watches.keys(None).count(),
    )
}

fn memory(state: &State, out: &mut String) -> core::fmt::Result {
    let account = Account::of(state);
    let (used, peak, resident) = (account.total(), state.peak_memory.max(account.total()), state.resident);
    let ratio = |part: f64| if used == 0 { 0.0 } else { part / used as f64 };
    lines!(out:
        "used_memory" = used,
        "used_memory_human" = human(used as u64),
        "used_memory_rss" = resident,
        "used_memory_rss_human" = human(resident),
        "used_memory_peak" = peak,
        "used_memory_peak_human" = human(peak as u64),
        "used_memory_peak_perc" = format!("{:.2}%", used as f64 * 100.0 / peak.max(1) as f64),
        "used_memory_overhead" = account.overhead(),
        "used_memory_startup" = account.fixed,
        "used_memory_dataset" = account.data(),
        "used_memory_dataset_perc" = format!("{:.2}%", account.data() as f64 * 100.0 / (used - account.fixed).max(1) as f64),
        "allocator_allocated" = used,
        "allocator_active" = used + account.spare,
        "allocator_resident" = resident,
        "maxmemory" = state.config.maxmemory.0,
        "maxmemory_human" = human(state.config.maxmemory.0),
        "maxmemory_policy" = state.config.maxmemory_policy.name(),
        "mem_fragmentation_ratio" = format!("{:.2}", ratio(resident as f64)),
        "mem_fragmentation_bytes" = resident as i64 - used as i64,
        "allocator_frag_ratio" = format!("{:.2}", ratio((used + account.spare) as f64)),
        "allocator_frag_bytes" = account.spare,
        "mem_not_counted_for_evict" = 0,
        "mem_clients_normal" = account.clients,
        "active_defrag_running" = state.defrag.effort,
        "lazyfree_pending_objects" = state.lazyfree_pending(),
        "lazyfreed_objects" = state.stats.lazyfreed_objects,
    )
}

fn persistence(_: &State, out: &mut String) -> core::fmt::Result {
    lines!(out: "loading" = 0, "async_loading" = 0, "rdb_bgsave_in_progress" = 0, "aof_enabled" = 0)
}

fn stats(state: &State, out: &mut String) -> core::fmt::Result {
    let s = &state.stats;
    lines!(out:
        "total_connections_received" = s.connections,
        "total_commands_processed" = s.commands,
        "total_net_input_bytes" = s.bytes_in,
        "total_net_output_bytes" = s.bytes_out,
        "rejected_connections" = s.rejected_connections,
        "expired_keys" = s.expired_keys,
        "expired_fields" = s.expired_fields,
        "expired_stale_perc" = format!("{:.2}", state.expiry.stale_percent),
        "expired_time_cap_reached_count" = state.expiry.cut_short,
        "evicted_keys" = s.evicted_keys,
        "evicted_clients" = s.evicted_clients,
        "keyspace_hits" = s.keyspace_hits,
        "keyspace_misses" = s.keyspace_misses,
        "active_defrag_hits" = state.defrag.offers.moves.moved,
        "active_defrag_misses" = state.defrag.offers.moves.stayed,
        "active_defrag_key_hits" = state.defrag.offers.moved_keys,
        "active_defrag_key_misses" = state.defrag.offers.stayed_keys,
        "total_active_defrag_time" = state.defrag.total_time(state.now).millis(),
        "current_active_defrag_time" = state.defrag.current_time(state.now).millis(),
        "pubsub_channels" = state.pubsub.channels.len(),
        "pubsub_patterns" = state.pubsub.patterns.len(),
        "pubsubshard_channels" = state.pubsub.shard_channels.len(),
        "total_error_replies" = s.errors,
        "client_query_buffer_limit_disconnections" = s.query_limit_disconnections,
        "client_output_buffer_limit_disconnections" = s.output_limit_disconnections,
    )
}

fn replication(_: &State, out: &mut String) -> core::fmt::Result {
    lines!(out: "role" = "master", "connected_slaves" = 0)
}

fn command_stats(state: &State, out: &mut String) -> core::fmt::Result {
    for (name, calls) in state.stats.calls() {
        let (calls, rejected, failed) = (calls.calls, calls.rejected, calls.failed);
        write!(out, "cmdstat_{name}:calls={calls},rejected_calls={rejected},failed_calls={failed}\r\n")?;
    }
    Ok(())
}

fn error_stats(state: &State, out: &mut String) -> core::fmt::Result {
    for (code, count) in state.stats.error_codes.iter() {
        write!(out, "errorstat_{code}:count={count}\r\n")?;
    }
    Ok(())
}

fn cluster(state: &State, out: &mut String) -> core::fmt::Result {
    lines!(out: "cluster_enabled" = state.config.cluster_enabled as u8)
}

fn keyspace(state: &State, out: &mut String) -> core::fmt::Result {
    for index in 0..state.keyspace.databases() {
        let db = state.keyspace.db(index);
        if !db.is_empty() {
            let average = average_ttl(state, index);
            let (keys, expires, partly) = (db.len(), db.expires_len(), db.partly_expiring_len());
            write!(
                out,
                "db{index}:keys={keys},expires={expires},avg_ttl={average},keys_with_volatile_items={partly}\r\n"
            )?;
        }
    }
    Ok(())
}

/// The mean time that keys with an expiry have left, in milliseconds, over a sample of them.
fn average_ttl(state: &State, db: usize) -> u64 {
    let (mut total, mut seen) = (0u64, 0);
    // A generator of its own: looking must not change what happens.
    let mut rng = crate::base::rng::Rng::new(state.stats.commands);
    state.keyspace.db(db).sample_expires(16, &mut rng, |entry| {
        total += entry.expiry().map_or(0, |expiry| expiry.since(state.now).millis());
        seen += 1;
    });
    total.checked_div(seen).unwrap_or(0)
}

/// A size as people read it: `1.50M`.
fn human(bytes: u64) -> String {
    let units = ["B", "K", "M", "G", "T", "P"];
    let mut power = 0;
    while power + 1 < units.len() && bytes >> (10 * (power + 1)) > 0 {
        power += 1;
    }
    if power == 0 {
        return format!("{bytes}B");
    }
    format!("{:.2}{}", bytes as f64 / (1u64 << (10 * power)) as f64, units[power])
}
