//! CLUSTER, READONLY, READWRITE, ASKING: who owns which slots, as the static table says.
//!
//! Deliberately absent: whatever would change the table, and nodes that know of each other's health. Every owner counts
//! as a master that is reachable, because nothing here could know better.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::declaration::{Argument, Categories, Command, Flags, Group, Outcome};
use crate::base::hash;
use crate::cluster::slots::{Owner, SLOTS, SlotTable};
use crate::commands::call::{Call, count};
use crate::resp::decode::OwnedArgs;
use crate::resp::error::{self, Error};
use crate::state::State;

pub static COMMANDS: &[&Command] = &[&ASKING, &CLUSTER, &READONLY, &READWRITE];

const ALWAYS: Flags = Flags::LOADING.and(Flags::STALE);

pub static CLUSTER: Command = Command {
    summary: "The cluster as this node sees it.",
    arity: -2,
    subcommands: &[&COUNTKEYSINSLOT, &GETKEYSINSLOT, &HELP, &INFO, &KEYSLOT, &MYID, &NODES, &SHARDS, &SLOT_RANGES],
    ..Command::new("cluster", Group::Cluster, "3.0.0", "that of its subcommand")
};

static COUNTKEYSINSLOT: Command = Command {
    summary: "How many keys of this node are in a slot.",
    arity: 3,
    flags: Flags::STALE,
    arguments: &[Argument::integer("slot")],
    full_name: "cluster|countkeysinslot",
    run: count_keys,
    ..Command::new("countkeysinslot", Group::Cluster, "3.0.0", "O(1)")
};

static GETKEYSINSLOT: Command = Command {
    summary: "Some keys of this node that are in a slot.",
    arity: 4,
    flags: Flags::STALE,
    arguments: &[Argument::integer("slot"), Argument::integer("count")],
    tips: &["nondeterministic_output"],
    full_name: "cluster|getkeysinslot",
    run: get_keys,
    ..Command::new("getkeysinslot", Group::Cluster, "3.0.0", "O(N) in the keys asked for")
};

static HELP: Command = Command::help("cluster|help", Group::Cluster, "5.0.0");

static INFO: Command = Command {
    summary: "The state of the cluster in numbers.",
    full_name: "cluster|info",
    run: info,
    ..view("info", "3.0.0", "O(1)")
};

static KEYSLOT: Command = Command {
    summary: "The slot that a key belongs to.",
    arity: 3,
    flags: Flags::STALE,
    arguments: &[Argument::string("key")],
    full_name: "cluster|keyslot",
    run: |call| {
        let slot = hash::slot(call.arg(2));
        call.reply.integer(slot as i64);
        Ok(())
    },
    ..Command::new("keyslot", Group::Cluster, "3.0.0", "O(N) in the bytes of the key")
};

static MYID: Command = Command {
    summary: "This node's name in the cluster.",
    full_name: "cluster|myid",
    run: |call| {
        let id = table(call.state)?.myself().map_or("", |owner| &owner.id);
        call.reply.bulk(id.as_bytes());
        Ok(())
    },
    tips: &[],
    ..view("myid", "3.0.0", "O(1)")
};

static NODES: Command = Command {
    summary: "The nodes with their slots, one a line, as the cluster's configuration file has them.",
    full_name: "cluster|nodes",
    run: |call| {
        let text = nodes(table(call.state)?);
        call.reply.verbatim("txt", text.as_bytes());
        Ok(())
    },
    ..view("nodes", "3.0.0", "O(N) in the nodes")
};

static SHARDS: Command = Command {
    summary: "The slots, each group with the nodes that serve it.",
    full_name: "cluster|shards",
    run: shards,
    ..view("shards", "7.0.0", "O(N) in the nodes")
};

static SLOT_RANGES: Command = Command {
    summary: "The ranges of slots, each with the node that serves it.",
    full_name: "cluster|slots",
    run: slots,
    ..view("slots", "3.0.0", "O(N) in the nodes")
};

pub static READONLY: Command = Command {
    summary: "Says that this connection is content with what a replica knows. There are no replicas: nothing changes.",
    ..mode("readonly", ALWAYS.and(Flags::FAST))
};

pub static READWRITE: Command =
    Command { summary: "Takes READONLY back.", ..mode("readwrite", ALWAYS.and(Flags::FAST)) };

pub static ASKING: Command = Command {
    summary: "Says that the next command follows a redirection of ASK. No slot moves: nothing changes.",
    run: |call| {
        table(call.state)?;
        call.reply.ok();
        Ok(())
    },
    ..mode("asking", Flags::FAST)
};

const fn view(name: &'static str, since: &'static str, complexity: &'static str) -> Command {
    Command {
        arity: 2,
        flags: ALWAYS,
        tips: &["nondeterministic_output"],
        ..Command::new(name, Group::Cluster, since, complexity)
    }
}

const fn mode(name: &'static str, flags: Flags) -> Command {
    Command {
        arity: 1,
        flags,
        categories: Categories::CONNECTION,
        run: |call| {
            call.reply.ok();
            Ok(())
        },
        ..Command::new(name, Group::Cluster, "3.0.0", "O(1)")
    }
}

/// # Errors
/// The node is not part of a cluster.
fn table(state: &State) -> Result<&SlotTable, Error> {
    if state.config.cluster_enabled { Ok(&state.slots) } else { Err(error::CLUSTER_DISABLED) }
}

/// # Errors
/// The node is not part of a cluster, or there is no such slot.
fn slot(call: &Call<'_>, invalid: Error) -> Result<u16, Error> {
    table(call.state)?;
    let slot = call.integer(2)?;
    u16::try_from(slot).ok().filter(|slot| *slot < SLOTS).ok_or(invalid)
}

fn count_keys(call: &mut Call<'_>) -> Outcome {
    let slot = slot(call, Error::fixed("ERR Invalid slot"))?;
    let count = call.db().slot_len(slot);
    call.reply.integer(count as i64);
    Ok(())
}

fn get_keys(call: &mut Call<'_>) -> Outcome {
    const INVALID: Error = Error::fixed("ERR Invalid slot or number of keys");
    let slot = slot(call, INVALID);
    let most = call.integer(3)?;
    let slot = slot?;
    let most = count(most).ok_or(INVALID)?;
    let (mut keys, mut cursor) = (OwnedArgs::default(), 0);
    loop {
        cursor = call.db().scan_slot(slot, cursor, |entry| keys.push(entry.key()));
        if cursor == 0 || keys.as_args().len() >= most {
            break;
        }
    }
    let keys = keys.as_args();
    call.reply.array(keys.len().min(most));
    keys.iter().take(most).for_each(|key| call.reply.bulk(key));
    Ok(())
}

fn info(call: &mut Call<'_>) -> Outcome {
    let full_coverage = call.state.config.cluster_require_full_coverage;
    let table = table(call.state)?;
    let (assigned, known) = (table.assigned(), table.owners().len());
    let size = table.owners().iter().filter(|owner| ranges_of(table, owner).next().is_some()).count();
    let state = if assigned == SLOTS as usize || !full_coverage { "ok" } else { "fail" };
    let text = format!(
        "cluster_state:{state}\r\ncluster_slots_assigned:{assigned}\r\ncluster_slots_ok:{assigned}\r\n\
         cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:{known}\r\ncluster_size:{size}\r\n\
         cluster_current_epoch:0\r\ncluster_my_epoch:0\r\ncluster_stats_messages_sent:0\r\n\
         cluster_stats_messages_received:0\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n"
    );
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// The ranges of slots that one node owns, first and last.
fn ranges_of<'a>(table: &'a SlotTable, owner: &'a Owner) -> impl Iterator<Item = (u16, u16)> + 'a {
    table.ranges().into_iter().filter(move |range| range.owner == owner).map(|range| (range.first, range.last))
}

fn nodes(table: &SlotTable) -> String {
    let mut text = String::new();
    for owner in table.owners() {
        let Owner { id, host, port } = owner;
        let myself = if table.myself() == Some(owner) { "myself," } else { "" };
        // A node's bus is 10000 ports above, even where nobody listens there.
        let bus = *port as u32 + 10_000;
        text.push_str(&format!("{id} {host}:{port}@{bus} {myself}master - 0 0 0 connected"));
        for (first, last) in ranges_of(table, owner) {
            text.push_str(&if first == last { format!(" {first}") } else { format!(" {first}-{last}") });
        }
        text.push('\n');
    }
    text
}

fn slots(call: &mut Call<'_>) -> Outcome {
    table(call.state)?;
    let ranges = call.state.slots.ranges();
    call.reply.array(ranges.len());
    for range in ranges {
        call.reply.array(3);
        call.reply.integer(range.first as i64);
        call.reply.integer(range.last as i64);
        call.reply.array(4);
        call.reply.bulk(range.owner.host.as_bytes());
        call.reply.integer(range.owner.port as i64);
        call.reply.bulk(range.owner.id.as_bytes());
        call.reply.array(0);
    }
    Ok(())
}

fn shards(call: &mut Call<'_>) -> Outcome {
    table(call.state)?;
    let table = &call.state.slots;
    call.reply.array(table.owners().len());
    for owner in table.owners() {
        call.reply.map(2);
        call.reply.field("slots");
        let ranges: Vec<(u16, u16)> = ranges_of(table, owner).collect();
        call.reply.array(2 * ranges.len());
        for (first, last) in ranges {
            call.reply.integer(first as i64);
            call.reply.integer(last as i64);
        }
        call.reply.field("nodes");
        call.reply.array(1);
        call.reply.map(7);
        for (name, text) in [("id", &owner.id), ("ip", &owner.host), ("endpoint", &owner.host)] {
            call.reply.field(name);
            call.reply.bulk(text.as_bytes());
        }
        call.reply.field("port");
        call.reply.integer(owner.port as i64);
        call.reply.field("role");
        call.reply.bulk(b"master");
        call.reply.field("replication-offset");
        call.reply.integer(0);
        call.reply.field("health");
        call.reply.bulk(b"online");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    const CONFIG: &str = "port 7000\ncluster-enabled yes\ncluster-static-slots \"127.0.0.1:7000 0-100 12182 127.0.0.1:7001 101-12181 12183-16383\"";

    #[test]
    fn the_table_is_told_in_every_form() {
        let mut server = Server::with(CONFIG);
        assert_eq!(server.run("CLUSTER KEYSLOT foo"), "(integer) 12182");
        let me = server.run("CLUSTER MYID");
        let me = me.trim_matches('"');
        assert_eq!(me.len(), 40);
        let nodes = server.run("CLUSTER NODES");
        assert!(
            nodes.contains(&std::format!("{me} 127.0.0.1:7000@17000 myself,master - 0 0 0 connected 0-100 12182\\n"))
        );
        assert!(nodes.contains(" 127.0.0.1:7001@17001 master - 0 0 0 connected 101-12181 12183-16383\\n"));
        assert!(server.run("CLUSTER INFO").contains("cluster_state:ok\\r\\ncluster_slots_assigned:16384"));
        assert!(
            server.run("CLUSTER SLOTS").starts_with("1) 1) (integer) 0\n   2) (integer) 100\n   3) 1) \"127.0.0.1\"")
        );
        assert!(
            server.run("CLUSTER SHARDS").starts_with("1) 1) \"slots\"\n   2) 1) (integer) 0\n      2) (integer) 100")
        );
        assert_eq!(server.run("READONLY"), "OK");
    }

    #[test]
    fn keys_are_counted_by_slot() {
        let mut server = Server::with(CONFIG);
        for i in 0..20 {
            server.run(&std::format!("SET {{foo}}{i} v"));
        }
        assert_eq!(server.run("SET bar v"), "(error) MOVED 5061 127.0.0.1:7001");
        assert_eq!(server.run("CLUSTER COUNTKEYSINSLOT 12182"), "(integer) 20");
        assert_eq!(server.run("CLUSTER COUNTKEYSINSLOT 16384"), "(error) ERR Invalid slot");
        assert_eq!(server.run("CLUSTER GETKEYSINSLOT 12182 3").lines().count(), 3);
        assert_eq!(server.run("CLUSTER GETKEYSINSLOT 12182 -1"), "(error) ERR Invalid slot or number of keys");
    }

    #[test]
    fn outside_a_cluster_only_the_slot_of_a_key_is_known() {
        let mut server = Server::new();
        for line in ["CLUSTER INFO", "CLUSTER NODES", "CLUSTER MYID", "ASKING", "CLUSTER COUNTKEYSINSLOT 1"] {
            assert_eq!(server.run(line), "(error) ERR This instance has cluster support disabled", "{line}");
        }
        assert_eq!(server.run("CLUSTER KEYSLOT foo"), "(integer) 12182");
    }
}
