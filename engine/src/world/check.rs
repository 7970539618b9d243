//! What must always hold in a world, whatever was done to it: a list of rules, each of which says what breaks it.
//!
//! Data is in memory only as yet: a process that was killed has lost it, and a flushed node was told to. No rule holds
//! that against them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::World;
use super::app::App;
use super::machine::{Condition, Machine};
use super::worker::{Receipt, Worker};
use crate::base::sort;
use crate::base::time::{Duration, Time};
use crate::cluster::slots::SLOTS;
use crate::io::{Conn, Input};
use crate::keyspace::ValueRef;
use crate::node::Node;
use crate::types::Stream;
use crate::types::stream::Id;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub at: Duration,
    pub rule: &'static str,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms: {}: {}", self.at.millis(), self.rule, self.what)
    }
}

/// A rule: its name, and what breaks it now.
type Rule = (&'static str, fn(&World) -> Vec<String>);

/// The rules that need nothing but the world.
pub const RULES: &[Rule] = &[
    ("a slot has one owner", slots_have_one_owner),
    ("a key is at its slot's owner", keys_are_at_home),
    ("an acknowledged write is there", acknowledged_writes_are_there),
    ("an added entry is processed, a dead letter, pending or undelivered", added_entries_are_accounted_for),
    ("a dead letter is there", dead_letters_are_there),
    ("what an application serves is as fresh as its lifetimes say", served_rows_are_fresh),
    ("under a lock one asks the database", locks_are_kept),
    ("accounted memory is what a recount finds", memory_is_accounted),
    ("a reply belongs to its request", replies_are_in_order),
];

/// Looks after a world from its beginning. It keeps a second node beside each, made of nothing but records.
#[derive(Clone)]
pub struct Checker {
    shadows: Vec<Shadow>,
}

#[derive(Clone)]
struct Shadow {
    /// Which start of the process it follows.
    start: u32,
    node: Node,
}

const SHADOW: Conn = Conn(0);
/// When a shadow lives, for ever: nothing expires there before a record says so, however a clock was set.
const LONG_AGO: Time = Time::from_millis(1);

impl Checker {
    /// For a world in which nothing has been written yet.
    pub fn new(world: &mut World) -> Self {
        world.keep_records();
        Checker { shadows: world.machines.iter().map(Shadow::of).collect() }
    }

    /// What does not hold now.
    pub fn check(&mut self, world: &mut World) -> Vec<Violation> {
        let at = world.now();
        let mut violations: Vec<Violation> = Vec::new();
        for (rule, check) in RULES {
            violations.extend(check(world).into_iter().map(|what| Violation { at, rule, what }));
        }
        for (machine, shadow) in world.machines.iter_mut().zip(&mut self.shadows) {
            if let Some(what) = shadow.differs(machine) {
                violations.push(Violation { at, rule: "records make the same data", what });
            }
        }
        violations
    }
}

impl Shadow {
    fn of(machine: &Machine) -> Shadow {
        let mut node = Node::new(machine.config.clone(), 0).expect("the machine's own node took this configuration");
        node.handle(LONG_AGO, Input::Started).for_each(drop);
        let accepted = Input::Accepted { conn: SHADOW, peer: "127.0.0.1:1", local: "127.0.0.1:2", unix: false };
        node.handle(LONG_AGO, accepted).for_each(drop);
        Shadow { start: machine.starts, node }
    }

    /// Feeds it what has been recorded since; what is different then.
    fn differs(&mut self, machine: &mut Machine) -> Option<String> {
        let original = machine.node.as_mut()?;
        let records = original.take_records();
        if self.start != machine.starts {
            *self = Shadow::of(machine);
        }
        self.node.handle(LONG_AGO, Input::Received { conn: SHADOW, bytes: &records }).for_each(drop);
        let waiting = self.node.inspect().clients().map(|client| client.unsent).sum();
        self.node.handle(LONG_AGO, Input::Sent { conn: SHADOW, count: waiting }).for_each(drop);
        let (original, copy) = (machine.node.as_ref()?.inspect(), self.node.inspect());
        if original.digest() == copy.digest() {
            return None;
        }
        let count = |of: &crate::inspect::Inspect<'_>| of.databases().map(|db| db.keys).sum::<usize>();
        Some(format!("{}: {} keys, its records make {}", machine.name, count(&original), count(&copy)))
    }
}

fn running(world: &World) -> impl Iterator<Item = (&Machine, &Node)> {
    world.machines.iter().filter_map(|machine| Some((machine, machine.node.as_ref()?)))
}

fn slots_have_one_owner(world: &World) -> Vec<String> {
    let mut broken = Vec::new();
    for slot in 0..SLOTS {
        let owners: Vec<&str> = running(world)
            .filter(|(_, node)| node.inspect().slots().is_mine(slot))
            .map(|(machine, _)| machine.name.as_str())
            .collect();
        if owners.len() > 1 {
            broken.push(format!("slot {slot}: {}", owners.join(", ")));
        }
    }
    broken
}

fn keys_are_at_home(world: &World) -> Vec<String> {
    let mut broken = Vec::new();
    for (machine, node) in running(world) {
        let inspect = node.inspect();
        if !inspect.config().cluster_enabled {
            continue;
        }
        for entry in inspect.keyspace().db(0).iter() {
            if !inspect.slots().is_mine(crate::base::hash::slot(entry.key())) {
                broken.push(format!("{} at {}", entry.key().escape_ascii(), machine.name));
            }
        }
    }
    broken
}

fn acknowledged_writes_are_there(world: &World) -> Vec<String> {
    let mut broken = Vec::new();
    for load in world.loads().filter(|load| load.spec.audit && load.spec.life.ttl.is_none()) {
        for (&key, written) in load.ledger.iter() {
            let Some((number, asked, owner)) = written.acknowledged else { continue };
            let machine = &world.machines[owner.0 as usize];
            let (false, Some(node)) = (machine.condition == Condition::Down, &machine.node) else { continue };
            // It may have been done before the data was lost, or flushed.
            if machine.has_lost_since(asked) {
                continue;
            }
            let name = load.key(key);
            let keyspace = node.inspect().keyspace();
            let found = match keyspace.db(0).get(&keyspace.key(name.as_bytes())).map(|entry| entry.value()) {
                Some(ValueRef::Bytes(value)) => super::actor::read_value(value),
                _ => None,
            };
            let fine = found.is_some_and(|(of, found)| {
                of == key && (found == number || written.open.contains(&found) || written.lost.contains(&found))
            });
            if !fine {
                broken.push(format!("{name} at {}: write {number} was acknowledged, {found:?} is there", machine.name));
            }
        }
    }
    broken
}

/// Of audited producers that trim nothing, by every group of audited workers.
fn added_entries_are_accounted_for(world: &World) -> Vec<String> {
    let audited = || world.workers().filter(|worker| worker.spec.audit);
    let has_finished = |stream: &str, group: &str, id: Id| {
        audited().filter(|worker| worker.takes_from(stream, group)).any(|worker| worker.has_finished(id))
    };
    let mut broken = Vec::new();
    for producer in audited().filter(|worker| worker.keeps_all()) {
        let key = producer.spec.stream.as_str();
        let mut groups: Vec<&str> = audited().filter(|it| it.spec.stream == key).filter_map(Worker::group).collect();
        sort::sort_by(&mut groups, Ord::cmp);
        groups.dedup();
        for &(id, receipt) in &producer.ledger.added {
            let Some(stream) = stream_at(world, key, receipt) else { continue };
            let is_kept = |group: &&str| stream.is_some_and(|stream| keeps_for(stream, group, id));
            let lost = groups.iter().filter(|group| !is_kept(group) && !has_finished(key, group, id));
            broken.extend(lost.map(|group| format!("{key} {id}: acknowledged, and lost to {group}")));
        }
    }
    broken
}

/// An entry is still there for a group: pending, or not delivered yet.
fn keeps_for(stream: &Stream, group: &str, id: Id) -> bool {
    let group = stream.group(group.as_bytes()).map(|(_, group)| group);
    stream.entries.contains(id) && group.is_none_or(|group| id > group.last || group.find(id).is_some())
}

fn dead_letters_are_there(world: &World) -> Vec<String> {
    let mut broken = Vec::new();
    for worker in world.workers().filter(|worker| worker.spec.audit) {
        let Some(key) = worker.dead_letters() else { continue };
        for &(id, letter, receipt) in &worker.ledger.dead {
            let Some(stream) = stream_at(world, key, receipt) else { continue };
            if stream.is_none_or(|stream| !stream.entries.contains(letter)) {
                broken.push(format!("{}: {id} became {letter} in {key}, which is not there", worker.name));
            }
        }
    }
    broken
}

/// The stream as the node has it that acknowledged an entry: none where nothing can be said, for the process is down or
/// its data was lost or flushed since; and inside, none where there is no such stream.
fn stream_at<'w>(world: &'w World, key: &str, receipt: Receipt) -> Option<Option<&'w Stream>> {
    let machine = &world.machines[receipt.by.0 as usize];
    let node = machine.node.as_ref().filter(|_| machine.condition != Condition::Down)?;
    if machine.has_lost_since(receipt.asked) {
        return None;
    }
    let keyspace = node.inspect().keyspace();
    Some(match keyspace.db(0).get(&keyspace.key(key.as_bytes())).map(|entry| entry.value()) {
        Some(ValueRef::Stream(stream)) => Some(stream),
        _ => None,
    })
}

/// Of audited applications, until something excuses them: see [`super::app::App::excuse`].
fn served_rows_are_fresh(world: &World) -> Vec<String> {
    world.apps().flat_map(|app| app.too_old.iter().cloned()).collect()
}

fn locks_are_kept(world: &World) -> Vec<String> {
    let holds = |receipt: &Receipt| !world.machines[receipt.by.0 as usize].has_lost_since(receipt.asked);
    let broken = |app: &App| -> Vec<String> {
        let broken = app.broken_locks.iter().filter(|(_, receipt)| holds(receipt));
        broken.map(|(key, _)| format!("{key}: a second query under its lock")).collect()
    };
    world.apps().flat_map(broken).collect()
}

fn memory_is_accounted(world: &World) -> Vec<String> {
    let mut broken = Vec::new();
    for (machine, node) in running(world) {
        let keyspace = node.inspect().keyspace();
        for index in 0..keyspace.databases() {
            let (accounted, counted) = (keyspace.db(index).memory(), keyspace.db(index).recount());
            if accounted != counted {
                broken.push(format!("{} database {index}: {accounted} accounted, {counted} counted", machine.name));
            }
        }
    }
    broken
}

fn replies_are_in_order(world: &World) -> Vec<String> {
    let complaints = |load: &super::actor::Load| -> Vec<String> {
        load.complaints.iter().map(|complaint| format!("{}: {complaint}", load.name)).collect()
    };
    let of_workers = |worker: &Worker| -> Vec<String> {
        worker.complaints.iter().map(|complaint| format!("{}: {complaint}", worker.name)).collect()
    };
    let of_apps = |app: &App| -> Vec<String> {
        app.complaints.iter().map(|complaint| format!("{}: {complaint}", app.name)).collect()
    };
    let others = world.workers().flat_map(of_workers).chain(world.apps().flat_map(of_apps));
    world.loads().flat_map(complaints).chain(others).collect()
}
