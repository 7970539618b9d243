//! Many processes, simulated: machines, the network between them, clocks, and clients that use them.
//!
//! ```text
//!   clients                    outside                        machines
//!   console ─┐   connection: two ways, each in order   ┌─ node (the real engine), wall clock
//!   load    ─┼══════════ latency, jitter, cuts ════════┼─ node
//!   worker  ─┤                                         └─ …
//!   app     ─┘ ─── queries ─── databases: a capacity, a latency, a queue
//!                one queue by (time, sequence) drives all; one trace says what happened
//! ```
//! A [`World`] is a value: it can be cloned, and two clones that are treated alike go on alike, on every target.
//! [`journal::History`] makes a recording of one: go back, do otherwise, share. Deliberately absent as yet: disks,
//! connections between nodes, and anything that depends on the time it takes to run this code.

pub mod actor;
pub mod app;
pub mod check;
pub mod clock;
pub mod console;
pub mod curve;
pub mod database;
pub mod journal;
pub mod lanes;
pub mod link;
mod machine;
pub mod otherwise;
pub mod outside;
pub mod predicate;
pub mod question;
pub mod scenario;
pub mod script;
pub mod share;
#[cfg(test)]
mod testing;
pub mod trace;
pub mod traffic;
mod waiting;
pub mod witness;
pub mod worker;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::base::rng::Rng;
use crate::base::time::{Duration, Time};
use crate::inspect::Inspect;
use actor::Load;
use app::{App, AppSpec};
use console::{Console, Exchange};
use database::{Database, DatabaseSpec};
use link::{Links, Path};
pub use machine::Condition;
use machine::Machine;
use outside::{Due, InFlight, Outside, Parcel, Way};
use scenario::Scenario;
use script::{Action, Between, ScriptError};
use trace::{Happened, NodeId, Party, WorldEvent};
use witness::{Goal, Witness};
use worker::{Worker, WorkerSpec};

#[derive(Clone)]
pub struct World {
    machines: Vec<Machine>,
    clients: Vec<Client>,
    outside: Outside,
    rng: Rng,
    /// What has been dealt with: see [`World::work`].
    work: u64,
    witness: Option<Box<Witness>>,
}

#[derive(Clone, Debug)]
struct Client {
    name: String,
    actor: Actor,
    wakeup: Option<Time>,
}

#[derive(Clone, Debug)]
enum Actor {
    Console(Console),
    Load(Box<Load>),
    Worker(Box<Worker>),
    App(Box<App>),
}

/// A node to be looked at.
#[derive(Clone, Copy)]
pub struct NodeView<'a> {
    pub id: NodeId,
    pub name: &'a str,
    pub address: &'a str,
    pub condition: Condition,
    /// How often its process has been started.
    pub starts: u32,
    /// How far its clock is ahead, in microseconds.
    pub ahead: i64,
    /// What its clock shows.
    pub clock: Time,
    /// The process's state; absent while it is down.
    pub inspect: Option<Inspect<'a>>,
}

/// A client to be looked at.
#[derive(Clone, Copy)]
pub struct ClientView<'a> {
    pub party: Party,
    pub name: &'a str,
    pub kind: ClientKind<'a>,
}

#[derive(Clone, Copy)]
pub enum ClientKind<'a> {
    Console(&'a Console),
    Load(&'a Load),
    Worker(&'a Worker),
    App(&'a App),
}

/// Most clients that a world has.
const CLIENTS: usize = 250;
/// Most databases.
const DATABASES: usize = 16;

impl World {
    /// A world at its first moment, all processes started.
    ///
    /// # Errors
    /// A configuration that a node can't take.
    pub fn new(scenario: &Scenario, seed: u64) -> Result<World, String> {
        let mut rng = Rng::new(seed);
        let addresses = scenario.nodes.iter().map(|node| node.address.clone()).collect();
        let mut machines = Vec::new();
        for (index, spec) in scenario.nodes.iter().enumerate() {
            let config = scenario.config(spec).map_err(|error| format!("{}: {}", error.text, error.why))?;
            machines.push(Machine::new(&spec.name, NodeId(index as u16), config, rng.fork()));
        }
        let outside = Outside::new(Links::new(scenario.latency, scenario.jitter), addresses, rng.fork());
        let mut world = World { machines, clients: Vec::new(), outside, rng, work: 0, witness: None };
        for machine in &mut world.machines {
            world.outside.trace.cause = None;
            machine.start(&mut world.outside)?;
        }
        for (name, spec) in &scenario.loads {
            let action = Action::Load { name: name.clone(), spec: spec.clone() };
            world.apply(&action).map_err(|error| error.to_string())?;
        }
        Ok(world)
    }

    /// Since the world began.
    pub fn now(&self) -> Duration {
        clock::since_start(self.outside.now)
    }

    /// The world's own clock, which no machine needs to agree with.
    pub fn time(&self) -> Time {
        self.outside.now
    }

    /// When something is due next; a world with a running node always has something.
    pub fn next(&self) -> Option<Duration> {
        self.outside.next().map(clock::since_start)
    }

    /// What it took to get here, in steps of the queue and bytes handled: the same wherever it runs.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Deals with the one thing that is due next.
    pub fn step(&mut self) {
        self.outside.trace.cause = None;
        self.work += 1;
        match self.outside.take_next() {
            None => {}
            Some(Due::Deliver { connection, way: Way::Up }) => self.deliver_up(connection),
            Some(Due::Deliver { connection, way: Way::Down }) => self.deliver_down(connection),
            Some(Due::Retry { connection, way }) => self.retry(connection, way),
            Some(Due::Node { node }) => self.machines[node.0 as usize].on_wakeup(&mut self.outside),
            Some(Due::Client { client }) => self.wake_client(client),
            Some(Due::Answer { client, ticket, is_served }) => self.with_client(client, |actor, outside| {
                if let Actor::App(app) = actor {
                    app.on_answer(outside, ticket, is_served);
                }
            }),
            Some(Due::Database { database }) => self.outside.recover(database),
        }
        self.outside.trace.cause = None;
        self.let_witness_see();
    }

    /// Deals with all that is due until `to`, as long as `budget` lasts, which pays for the steps; whether that was
    /// enough.
    pub fn run_to(&mut self, to: Duration, budget: &mut usize) -> bool {
        let to = clock::EPOCH + to;
        loop {
            if self.outside.next().is_none_or(|at| at > to) {
                self.outside.now = self.outside.now.max(to);
                return true;
            }
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            self.step();
        }
    }

    /// Deals with all that is due until `to`.
    pub fn play(&mut self, to: Duration) {
        while !self.run_to(to, &mut { usize::MAX }) {}
    }

    fn deliver_up(&mut self, connection: u64) {
        let Some(node) = self.outside.connection(connection).map(|connection| connection.node) else { return };
        if let Some(Parcel::Bytes(bytes)) = self.outside.has_arrived(connection, Way::Up) {
            self.work += bytes.len() as u64 / 64;
        }
        self.machines[node.0 as usize].on_delivery(&mut self.outside, connection);
    }

    fn deliver_down(&mut self, id: u64) {
        let Some(connection) = self.outside.connection(id) else { return };
        let (client, node) = (connection.client, connection.node);
        if self.outside.has_arrived(id, Way::Down).is_none() {
            return;
        }
        let Some(parcel) = self.outside.take(id, Way::Down) else { return };
        let Party::Client(client) = client else { return };
        match parcel {
            Parcel::Accept => self.with_client(client, |actor, outside| actor.on_connected(outside, id)),
            Parcel::Refuse => self.client_lost(client, id, "Connection refused"),
            Parcel::Close => self.client_lost(client, id, "Connection closed by the server"),
            Parcel::Bytes(bytes) => {
                self.with_client(client, |actor, outside| actor.on_bytes(outside, id, &bytes));
                self.machines[node.0 as usize].let_write(&mut self.outside, id);
            }
            Parcel::Open => debug_assert!(false, "a client was asked for a connection"),
        }
        self.outside.forget_if_over(id);
    }

    fn client_lost(&mut self, client: u16, id: u64, why: &'static str) {
        self.with_client(client, |actor, outside| {
            actor.on_closed(outside, id, why);
            outside.close(id, Way::Up);
        });
    }

    fn retry(&mut self, id: u64, way: Way) {
        let Some(broken) = self.outside.retry(id, way) else { return };
        if let Party::Client(client) = broken.client {
            self.with_client(client, |actor, outside| actor.on_closed(outside, id, "Connection timed out"));
        }
        if let Some(conn) = broken.conn {
            self.machines[broken.node.0 as usize].lose(&mut self.outside, conn);
        }
    }

    fn wake_client(&mut self, index: u16) {
        let now = self.outside.now;
        let Some(client) = self.clients.get_mut(index as usize) else { return };
        if client.wakeup == Some(now) {
            client.wakeup = None;
            self.with_client(index, |actor, outside| match actor {
                Actor::Console(_) => {}
                Actor::Load(load) => load.on_wakeup(outside),
                Actor::Worker(worker) => worker.on_wakeup(outside),
                Actor::App(app) => app.on_wakeup(outside),
            });
        }
    }

    /// Lets a client act, and sees to it that it is woken when it wants to be.
    fn with_client(&mut self, index: u16, f: impl FnOnce(&mut Actor, &mut Outside)) {
        let Some(client) = self.clients.get_mut(index as usize) else { return };
        f(&mut client.actor, &mut self.outside);
        let wakeup = match &client.actor {
            Actor::Console(_) => None,
            Actor::Load(load) => load.next_wakeup(),
            Actor::Worker(worker) => worker.next_wakeup(),
            Actor::App(app) => app.next_wakeup(),
        };
        let wakeup = wakeup.map(|at| at.max(self.outside.now));
        if wakeup != client.wakeup {
            client.wakeup = wakeup;
            if let Some(at) = wakeup {
                self.outside.schedule(at, Due::Client { client: index });
            }
        }
    }

    /// Does what an action says, now.
    ///
    /// # Errors
    /// It names what is not there, or makes no sense now: then nothing has happened. `!advance` and `!until` are
    /// matters of who plays the world ([`journal::History::act`]).
    pub fn apply(&mut self, action: &Action) -> Result<(), ScriptError> {
        self.outside.trace.cause = None;
        let result = self.do_action(action);
        self.outside.trace.cause = None;
        self.let_witness_see();
        result
    }

    fn do_action(&mut self, action: &Action) -> Result<(), ScriptError> {
        match action {
            Action::Command { node, tab, line } => {
                let node = self.node_named(node)?;
                let client = self.console_of(*tab)?;
                self.with_client(client, |actor, outside| actor.as_console(|console| console.ask(outside, node, line)));
            }
            Action::Kill(name) => {
                let machine = self.machine_named(name)?;
                if self.machines[machine].condition == Condition::Down {
                    return Err(ScriptError::new(name, "its process is down already"));
                }
                self.machines[machine].stop(&mut self.outside, WorldEvent::Killed);
            }
            Action::Restart(name) if self.worker_named(name).is_some() => {
                self.with_worker(name, |worker, outside| worker.restart(outside))?;
            }
            Action::Restart(name) => {
                let machine = self.machine_named(name)?;
                if self.machines[machine].condition != Condition::Down {
                    self.machines[machine].stop(&mut self.outside, WorldEvent::Killed);
                }
                self.machines[machine].start(&mut self.outside).map_err(|why| ScriptError::new(name, why))?;
            }
            Action::Pause(name) => self.change_if(name, Condition::Up, Machine::pause)?,
            Action::Resume(name) => self.change_if(name, Condition::Paused, Machine::resume)?,
            Action::Clock { node, by } => {
                let machine = self.machine_named(node)?;
                self.machines[machine].set_clock(&mut self.outside, *by);
                for client in &mut self.clients {
                    if let Actor::App(app) = &mut client.actor {
                        app.excuse();
                    }
                }
            }
            Action::Cut(between) => self.set_cut(between, true)?,
            Action::Heal(Some(between)) => self.set_cut(between, false)?,
            Action::Heal(None) => {
                for (from, to) in self.outside.links.cuts().collect::<Vec<_>>() {
                    self.outside.links.change(from, to, |path| path.cut = false);
                    self.outside.emit(None, WorldEvent::Healed { from, to });
                }
            }
            Action::Latency(between, span) => self.set_delay(between.as_ref(), |path| path.latency = *span)?,
            Action::Jitter(between, span) => self.set_delay(between.as_ref(), |path| path.jitter = *span)?,
            Action::Load { name, spec } => {
                let home = spec.node.as_ref().map_or(Ok(NodeId(0)), |node| self.node_named(node))?;
                let client = self.load_named(name, true)?;
                self.with_client(client, |actor, outside| {
                    actor.as_load(|load| load.start(outside, spec.clone(), home));
                });
            }
            Action::Stop { name } if self.worker_named(name).is_some() => {
                self.with_worker(name, |worker, outside| worker.stop(outside))?;
            }
            Action::Stop { name } if self.app_named(name).is_some() => {
                self.with_app(name, |app, outside| app.stop(outside))?;
            }
            Action::Stop { name } => {
                let client = self.load_named(name, false)?;
                self.with_client(client, |actor, outside| actor.as_load(|load| load.stop(outside)));
            }
            Action::Worker { name, spec } => {
                let home = spec.node.as_ref().map_or(Ok(NodeId(0)), |node| self.node_named(node))?;
                self.add_worker(name, spec)?;
                self.with_worker(name, |worker, outside| worker.start(outside, spec.clone(), home))?;
            }
            Action::Database { name, spec } => self.set_database(name, *spec)?,
            Action::App { name, spec } => self.start_app(name, spec)?,
            Action::Crash { name } => {
                if !self.with_worker(name, |worker, outside| worker.crash(outside))? {
                    return Err(ScriptError::new(name, "it is not running"));
                }
            }
            Action::Tab { tab, node, resp3 } => {
                let node = self.node_named(node)?;
                let client = self.console_of(*tab)?;
                self.with_client(client, |actor, outside| {
                    actor.as_console(|console| console.open(outside, node, *resp3));
                });
            }
            Action::Close { tab } => {
                let there =
                    self.clients.iter().any(|client| matches!(&client.actor, Actor::Console(c) if c.tab == *tab));
                if !there {
                    return Err(ScriptError::new(&tab.to_string(), "there is no such tab"));
                }
                let client = self.console_of(*tab)?;
                self.with_client(client, |actor, outside| actor.as_console(|console| console.close(outside)));
            }
            Action::Begin => {
                if let Some(mut witness) = self.witness.take() {
                    witness.begin(self);
                    self.witness = Some(witness);
                }
            }
            Action::Answer { id, value } => {
                if let Some(witness) = &mut self.witness {
                    witness.hear(id, value)?;
                }
            }
            Action::Advance(_) | Action::Until { .. } => {
                return Err(ScriptError::new(&action.to_string(), "time is moved by who plays the world"));
            }
        }
        Ok(())
    }

    fn change_if(
        &mut self,
        name: &str,
        condition: Condition,
        change: fn(&mut Machine, &mut Outside),
    ) -> Result<(), ScriptError> {
        let machine = self.machine_named(name)?;
        if self.machines[machine].condition != condition {
            let is = match self.machines[machine].condition {
                Condition::Up => "its process is up",
                Condition::Paused => "its process is paused already",
                Condition::Down => "its process is down",
            };
            return Err(ScriptError::new(name, is));
        }
        change(&mut self.machines[machine], &mut self.outside);
        Ok(())
    }

    fn set_cut(&mut self, between: &Between, cut: bool) -> Result<(), ScriptError> {
        for (from, to) in self.directions(between)? {
            if self.outside.links.path(from, to).cut != cut {
                self.outside.links.change(from, to, |path| path.cut = cut);
                self.outside
                    .emit(None, if cut { WorldEvent::Cut { from, to } } else { WorldEvent::Healed { from, to } });
            }
        }
        Ok(())
    }

    fn set_delay(&mut self, between: Option<&Between>, change: impl Fn(&mut Path)) -> Result<(), ScriptError> {
        let Some(between) = between else {
            self.outside.links.change_all(&change);
            let anyone = Party::Client(u16::MAX);
            let path = self.outside.links.path(anyone, anyone);
            self.emit_delay(None, path);
            return Ok(());
        };
        for (from, to) in self.directions(between)? {
            self.outside.links.change(from, to, &change);
            let path = self.outside.links.path(from, to);
            self.emit_delay(Some((from, to)), path);
        }
        Ok(())
    }

    fn emit_delay(&mut self, between: Option<(Party, Party)>, path: Path) {
        let (latency_micros, jitter_micros) = (path.latency.micros(), path.jitter.micros());
        self.outside.emit(None, WorldEvent::Delayed { between, latency_micros, jitter_micros });
    }

    fn directions(&self, between: &Between) -> Result<Vec<(Party, Party)>, ScriptError> {
        let (from, to) = (self.party_named(&between.from)?, self.party_named(&between.to)?);
        if from == to {
            return Err(ScriptError::new(&between.to, "a link has two ends"));
        }
        Ok(if between.one_way { alloc::vec![(from, to)] } else { alloc::vec![(from, to), (to, from)] })
    }

    fn machine_named(&self, name: &str) -> Result<usize, ScriptError> {
        self.machines.iter().position(|machine| machine.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.machines.iter().map(|machine| machine.name.as_str()).collect();
            ScriptError::new(name, format!("no such node; there are {}", names.join(", ")))
        })
    }

    fn node_named(&self, name: &str) -> Result<NodeId, ScriptError> {
        Ok(NodeId(self.machine_named(name)? as u16))
    }

    /// The node or client of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn party_named(&self, name: &str) -> Result<Party, ScriptError> {
        if let Some(client) = self.clients.iter().position(|client| client.name == name) {
            return Ok(Party::Client(client as u16));
        }
        self.node_named(name).map(Party::Node).map_err(|_| {
            let nodes = self.machines.iter().map(|machine| machine.name.as_str());
            let names: Vec<&str> = nodes.chain(self.clients.iter().map(|client| client.name.as_str())).collect();
            ScriptError::new(name, format!("no such node or client; there are {}", names.join(", ")))
        })
    }

    /// The tab's client, made where there is none.
    fn console_of(&mut self, tab: u32) -> Result<u16, ScriptError> {
        let is_it = |client: &Client| matches!(&client.actor, Actor::Console(console) if console.tab == tab);
        if let Some(found) = self.clients.iter().position(is_it) {
            return Ok(found as u16);
        }
        let name = format!("tab{tab}");
        self.add_client(&name, |index| Actor::Console(Console::new(tab, Party::Client(index))))
    }

    fn load_named(&mut self, name: &str, make: bool) -> Result<u16, ScriptError> {
        match self.clients.iter().position(|client| client.name == name) {
            Some(found) if matches!(self.clients[found].actor, Actor::Load(_)) => Ok(found as u16),
            Some(found) => Err(ScriptError::new(name, self.clients[found].actor.is_already())),
            None if !make => Err(ScriptError::new(name, "there is no such workload")),
            None => {
                let rng = self.rng_for(name)?;
                let load = |index| Load::new(name, index, actor::LoadSpec::default(), rng);
                self.add_client(name, |index| Actor::Load(Box::new(load(index))))
            }
        }
    }

    fn worker_named(&self, name: &str) -> Option<u16> {
        let is_it = |client: &Client| client.name == name && matches!(client.actor, Actor::Worker(_));
        self.clients.iter().position(is_it).map(|found| found as u16)
    }

    fn add_worker(&mut self, name: &str, spec: &WorkerSpec) -> Result<(), ScriptError> {
        match self.clients.iter().find(|client| client.name == name) {
            Some(Client { actor: Actor::Worker(_), .. }) => {}
            Some(other) => return Err(ScriptError::new(name, other.actor.is_already())),
            None => {
                let rng = self.rng_for(name)?;
                let worker = |index| Worker::new(name, index, spec.clone(), rng);
                self.add_client(name, |index| Actor::Worker(Box::new(worker(index))))?;
            }
        }
        Ok(())
    }

    fn with_worker<T>(&mut self, name: &str, f: impl FnOnce(&mut Worker, &mut Outside) -> T) -> Result<T, ScriptError> {
        let mut done = None;
        if let Some(client) = self.worker_named(name) {
            self.with_client(client, |actor, outside| {
                if let Actor::Worker(worker) = actor {
                    done = Some(f(worker, outside));
                }
            });
        }
        done.ok_or_else(|| ScriptError::new(name, "there is no such producer, consumer or reaper"))
    }

    fn app_named(&self, name: &str) -> Option<u16> {
        let is_it = |client: &Client| client.name == name && matches!(client.actor, Actor::App(_));
        self.clients.iter().position(is_it).map(|found| found as u16)
    }

    fn with_app(&mut self, name: &str, f: impl FnOnce(&mut App, &mut Outside)) -> Result<(), ScriptError> {
        let client = self.app_named(name).ok_or_else(|| ScriptError::new(name, "there is no such application"))?;
        self.with_client(client, |actor, outside| {
            if let Actor::App(app) = actor {
                f(app, outside);
            }
        });
        Ok(())
    }

    fn start_app(&mut self, name: &str, spec: &AppSpec) -> Result<(), ScriptError> {
        let home = spec.node.as_ref().map_or(Ok(NodeId(0)), |node| self.node_named(node))?;
        let database = self.database_named(&spec.database);
        let database = database.ok_or_else(|| ScriptError::new(&spec.database, "there is no such database"))?;
        match self.clients.iter().find(|client| client.name == name) {
            Some(Client { actor: Actor::App(_), .. }) => {}
            Some(other) => return Err(ScriptError::new(name, other.actor.is_already())),
            None => {
                let rng = self.rng_for(name)?;
                let app = |index| App::new(name, index, spec.clone(), rng);
                self.add_client(name, |index| Actor::App(Box::new(app(index))))?;
            }
        }
        self.with_app(name, |app, outside| app.start(outside, spec.clone(), home, database))
    }

    fn database_named(&self, name: &str) -> Option<usize> {
        self.outside.databases.iter().position(|database| database.name == name)
    }

    /// Makes a database, or makes it another.
    fn set_database(&mut self, name: &str, spec: DatabaseSpec) -> Result<(), ScriptError> {
        match self.database_named(name) {
            Some(found) => self.outside.databases[found].spec = spec,
            None => {
                if let Some(client) = self.clients.iter().find(|client| client.name == name) {
                    return Err(ScriptError::new(name, client.actor.is_already()));
                }
                self.is_free(name)?;
                if self.outside.databases.len() >= DATABASES {
                    return Err(ScriptError::new(name, format!("a world has at most {DATABASES} databases")));
                }
                self.outside.databases.push(Database::new(name, spec));
            }
        }
        let line = format!("{name}{spec}").into();
        self.outside.emit(None, WorldEvent::DatabaseSet { line });
        Ok(())
    }

    /// The chance of a new client, if it may have this name.
    fn rng_for(&mut self, name: &str) -> Result<Rng, ScriptError> {
        self.is_free(name)?;
        self.has_room_for(name)?;
        Ok(self.rng.fork())
    }

    /// No node, terminal or database has this name.
    fn is_free(&self, name: &str) -> Result<(), ScriptError> {
        let why = match () {
            () if self.machines.iter().any(|machine| machine.name == name) => "this is the name of a node",
            () if name.starts_with("tab") => "names that begin with tab are those of terminals",
            () if self.database_named(name).is_some() => "this is the name of a database",
            () => return Ok(()),
        };
        Err(ScriptError::new(name, why))
    }

    fn add_client(&mut self, name: &str, actor: impl FnOnce(u16) -> Actor) -> Result<u16, ScriptError> {
        self.has_room_for(name)?;
        let index = self.clients.len() as u16;
        self.clients.push(Client { name: name.into(), actor: actor(index), wakeup: None });
        Ok(index)
    }

    fn has_room_for(&self, name: &str) -> Result<(), ScriptError> {
        match self.clients.len() {
            0..CLIENTS => Ok(()),
            _ => Err(ScriptError::new(name, format!("a world has at most {CLIENTS} clients"))),
        }
    }

    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeView<'_>> {
        self.machines.iter().map(|machine| NodeView {
            id: machine.id,
            name: &machine.name,
            address: &self.outside.addresses[machine.id.0 as usize],
            condition: machine.condition,
            starts: machine.starts,
            ahead: machine.clock.ahead,
            clock: machine.now(&self.outside),
            inspect: machine.node.as_ref().map(crate::node::Node::inspect),
        })
    }

    pub fn node(&self, id: NodeId) -> Option<NodeView<'_>> {
        self.nodes().nth(id.0 as usize)
    }

    pub fn clients(&self) -> impl ExactSizeIterator<Item = ClientView<'_>> {
        self.clients.iter().enumerate().map(|(index, client)| ClientView {
            party: Party::Client(index as u16),
            name: &client.name,
            kind: match &client.actor {
                Actor::Console(console) => ClientKind::Console(console),
                Actor::Load(load) => ClientKind::Load(load),
                Actor::Worker(worker) => ClientKind::Worker(worker),
                Actor::App(app) => ClientKind::App(app),
            },
        })
    }

    pub fn loads(&self) -> impl Iterator<Item = &Load> {
        self.clients.iter().filter_map(|client| match &client.actor {
            Actor::Load(load) => Some(&**load),
            _ => None,
        })
    }

    pub fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.clients.iter().filter_map(|client| match &client.actor {
            Actor::Worker(worker) => Some(&**worker),
            _ => None,
        })
    }

    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.clients.iter().filter_map(|client| match &client.actor {
            Actor::App(app) => Some(&**app),
            _ => None,
        })
    }

    pub fn databases(&self) -> &[Database] {
        &self.outside.databases
    }

    /// How long an application has run as it does now without its database being overloaded.
    pub fn calm(&self, app: &App) -> Duration {
        app.calm(&self.outside)
    }

    /// What was said in a tab, oldest first.
    pub fn console(&self, tab: u32) -> impl DoubleEndedIterator<Item = &Exchange> {
        let consoles = self.clients.iter().filter_map(|client| match &client.actor {
            Actor::Console(console) => Some(console),
            _ => None,
        });
        consoles.filter(move |console| console.tab == tab).flat_map(Console::exchanges)
    }

    /// Who is at the other end of a node's connection, by the address that the node sees.
    pub fn client_at(&self, node: NodeId, peer: &str) -> Option<Party> {
        let connections = self.outside.connections_of(node).into_iter();
        let mut found = connections.filter_map(|id| self.outside.connection(id)).filter(|it| it.peer == peer);
        found.next().map(|connection| connection.client)
    }

    /// A party's name.
    pub fn name(&self, party: Party) -> &str {
        match party {
            Party::Node(node) => self.machines.get(node.0 as usize).map_or("?", |machine| &machine.name),
            Party::Client(client) => self.clients.get(client as usize).map_or("?", |client| &client.name),
        }
    }

    pub fn path(&self, from: Party, to: Party) -> Path {
        self.outside.links.path(from, to)
    }

    pub fn links(&self) -> &Links {
        &self.outside.links
    }

    /// What is on its way: where it is at a moment between `sent` and `arrives` is for the viewer to say.
    pub fn in_flight(&self) -> impl Iterator<Item = InFlight> + '_ {
        self.outside.in_flight()
    }

    /// How many events there have been, and the hash of all of them.
    pub fn trace_count(&self) -> u64 {
        self.outside.trace.count()
    }

    pub fn trace_hash(&self) -> u64 {
        self.outside.trace.hash()
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<Happened> {
        core::mem::take(&mut self.outside.trace.fresh)
    }

    /// From now on events are hashed, and not kept for [`World::take_events`].
    pub fn forget_events(&mut self) {
        self.outside.trace.forget = true;
        self.outside.trace.fresh = Vec::new();
    }

    /// From now on every node keeps its changes as records, for [`check::Checker`].
    fn keep_records(&mut self) {
        for machine in &mut self.machines {
            machine.records = true;
            if let Some(node) = &mut machine.node {
                node.keep_records();
            }
        }
    }

    /// Has goals watched, from `!begin` on.
    ///
    /// # Errors
    /// A goal names a node that is not there.
    pub fn watch(&mut self, goals: &[Goal]) -> Result<(), ScriptError> {
        self.witness = Some(Box::new(Witness::new(self, goals)?));
        Ok(())
    }

    pub fn witness(&self) -> Option<&Witness> {
        self.witness.as_deref()
    }

    fn let_witness_see(&mut self) {
        if let Some(mut witness) = self.witness.take() {
            witness.see(self, &self.outside.trace.fresh);
            self.witness = Some(witness);
        }
    }

    /// Bytes of all nodes' data, by their own account.
    pub fn memory(&self) -> usize {
        self.machines.iter().filter_map(|machine| machine.node.as_ref()).map(|node| node.inspect().memory()).sum()
    }
}

impl Actor {
    fn on_connected(&mut self, outside: &mut Outside, connection: u64) {
        match self {
            Actor::Console(console) => console.on_connected(outside, connection),
            Actor::Load(load) => load.on_connected(outside, connection),
            Actor::Worker(worker) => worker.on_connected(outside, connection),
            Actor::App(app) => app.on_connected(outside, connection),
        }
    }

    fn on_closed(&mut self, outside: &mut Outside, connection: u64, why: &'static str) {
        match self {
            Actor::Console(console) => console.on_closed(outside, connection, why),
            Actor::Load(load) => load.on_closed(outside, connection),
            Actor::Worker(worker) => worker.on_closed(outside, connection),
            Actor::App(app) => app.on_closed(outside, connection),
        }
    }

    fn on_bytes(&mut self, outside: &mut Outside, connection: u64, bytes: &[u8]) {
        match self {
            Actor::Console(console) => console.on_bytes(outside, connection, bytes),
            Actor::Load(load) => load.on_bytes(outside, connection, bytes),
            Actor::Worker(worker) => worker.on_bytes(outside, connection, bytes),
            Actor::App(app) => app.on_bytes(outside, connection, bytes),
        }
    }

    /// Why nobody else can have its name.
    fn is_already(&self) -> &'static str {
        match self {
            Actor::Console(_) => "this is the name of a terminal",
            Actor::Load(_) => "this is the name of a workload",
            Actor::Worker(_) => "this is the name of a producer, consumer or reaper",
            Actor::App(_) => "this is the name of an application",
        }
    }

    fn as_console(&mut self, f: impl FnOnce(&mut Console)) {
        if let Actor::Console(console) = self {
            f(console);
        }
    }

    fn as_load(&mut self, f: impl FnOnce(&mut Load)) {
        if let Actor::Load(load) = self {
            f(load);
        }
    }
}
