//! The world that one page plays with: the engine's history of it, and what is drawn of it.

use std::rc::Rc;

use kvarium_engine::base::time::Duration;
use kvarium_engine::inspect::Inspect;
use kvarium_engine::world::actor::{Knowledge, Load};
use kvarium_engine::world::app::App;
use kvarium_engine::world::console::{Exchange, Stream};
use kvarium_engine::world::database::Database;
use kvarium_engine::world::journal::{Entry, History};
use kvarium_engine::world::outside::InFlight;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::trace::{Happened, MessageKind, NodeId, Party, WorldEvent};
use kvarium_engine::world::worker::{Life, Role, Source, Take, Worker};
use kvarium_engine::world::{self, ClientKind as Kind, Condition, World, curve};
use yew::AttrValue;

use crate::catalogue::Words;
use crate::scene::{
    AppView, CachedView, ClientKind, ClientView, DatabaseView, End, Flight, NodeState, NodeView, Scene, What,
    WorkState, WorkView,
};
use crate::store::PRESETS;
use crate::told;
use crate::widgets::event_list::Row;
use crate::widgets::timeline::{Mark, MarkKind, thin};

const SEED: u64 = 42;
/// Rows of the log that are drawn, the newest; fewer while they change faster than anybody reads.
pub const ROWS: usize = 150;
pub const ROWS_BUSY: usize = 30;
/// Marks on the rail.
const MARKS: usize = 300;
/// Seconds of a curve, and those of a ratio in figures: the ones that a lesson's question takes.
const SECONDS: usize = curve::KEPT;
const RECENT: usize = 10;
/// Between two looks at the page's clock, in the engine's measure of work: some tenths of a millisecond.
const SLICE: u64 = 128;
/// Connections that one terminal may open.
pub const TABS: usize = 99;

/// What the first page shows: two clients, one of which knows where keys are, on links slow enough to be watched.
const HOME: [&str; 4] = [
    "!latency 60ms",
    "!jitter 20ms",
    "!load plain rate=5 keys=40 read=0.5 client=follow",
    "!load smart rate=6 keys=40 read=0.5 client=smart",
];
/// Where the first page stands still: at the first moment from here on at which enough is on its way.
const HOME_AT: Duration = Duration::from_millis(1500);
const HOME_FLIGHTS: usize = 3;

#[derive(Clone)]
pub struct Laboratory {
    history: History,
    /// What a lesson's set-up did before this moment stays as it is.
    begin: Duration,
}

impl Laboratory {
    /// A set-up of `store::PRESETS`, or any other that the engine knows; the first of them where there is no such.
    pub fn new(preset: &str, seed: Option<u64>) -> Laboratory {
        let scenario = Scenario::preset(preset).unwrap_or_else(Scenario::single);
        Laboratory::of(History::new(&scenario, seed.unwrap_or(SEED)))
    }

    /// A world with its past.
    pub fn of(history: History) -> Laboratory {
        let begin = history.journal().iter().find(|entry| entry.action == Action::Begin);
        Laboratory { begin: begin.map_or(Duration::ZERO, |entry| entry.at), history }
    }

    /// What the first page shows, in mid-flight.
    pub fn home() -> Laboratory {
        let mut lab = Laboratory::new(PRESETS[1].0, None);
        for line in HOME {
            let done = lab.act(line);
            debug_assert_eq!(done, Ok(()));
        }
        lab.history.advance(HOME_AT, usize::MAX);
        let is_busy = |lab: &Laboratory| lab.history.world().in_flight().count() >= HOME_FLIGHTS;
        while !is_busy(&lab) && lab.history.step() {}
        lab
    }

    /// Plays a script to where its author stood.
    ///
    /// # Errors
    /// The line and the word that are wrong.
    pub fn from_script(script: &str) -> Result<Laboratory, String> {
        Ok(Laboratory::of(History::from_script(script).map_err(|error| error.to_string())?))
    }

    pub fn script(&self) -> String {
        self.history.to_script()
    }

    /// The same set-up and seed, at its beginning.
    pub fn anew(&self) -> Laboratory {
        Laboratory::of(History::new(self.history.scenario(), self.history.seed()))
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn preset(&self) -> &str {
        &self.history.scenario().name
    }

    pub fn now(&self) -> Duration {
        self.history.now()
    }

    // Time.

    /// Plays on towards a moment for as long as there is time; has it been reached?
    pub fn advance(&mut self, to: Duration, is_time_left: &mut impl FnMut() -> bool) -> bool {
        // A step may be a heartbeat or a thousand commands: slices begin small, and grow while they cost nothing.
        let mut steps = 1;
        loop {
            let before = self.history.world().work();
            if self.history.advance(to, steps) {
                return true;
            }
            if !is_time_left() {
                return false;
            }
            let cost = self.history.world().work() - before;
            steps = if cost < SLICE { (steps * 2).min(SLICE as usize) } else { 1 };
        }
    }

    pub fn step(&mut self) {
        self.history.step();
    }

    pub fn back(&mut self) {
        self.history.back();
        if self.now() < self.begin {
            self.history.seek(self.begin);
        }
    }

    pub fn seek(&mut self, to: Duration) {
        self.history.seek(to.min(self.history.end()).max(self.begin));
    }

    pub fn switch(&mut self, branch: usize) {
        self.history.switch(branch);
    }

    /// Takes over another course of events: see [`History::follow`].
    pub fn follow(&mut self, journal: Vec<Entry>, end: Duration) {
        self.history.follow(journal, end);
    }

    /// To a moment from which it is not far to another, if that is nearer than here.
    pub fn rewind(&mut self, to: Duration) {
        self.history.rewind(to);
    }

    // Actions.

    /// Does what a line of the script language says.
    ///
    /// # Errors
    /// Why it can't be done.
    pub fn act(&mut self, line: &str) -> Result<(), String> {
        let action = Action::parse(line).map_err(|error| error.to_string())?;
        self.history.act(action).map_err(|error| error.to_string())
    }

    /// Does what a line says, and lets time pass until every terminal has been answered.
    ///
    /// # Errors
    /// Why it can't be done.
    pub fn play(&mut self, line: &str) -> Result<(), String> {
        kvarium_lessons::play::play(&mut self.history, line).map_err(|error| error.to_string())
    }

    /// Enters a command in a terminal.
    ///
    /// # Errors
    /// There is no such node.
    pub fn command(&mut self, tab: usize, node: &str, line: &str) -> Result<(), String> {
        let action = Action::Command { node: node.to_owned(), tab: tab as u32, line: line.to_owned() };
        self.history.act(action).map_err(|error| error.to_string())
    }

    /// What was said in a terminal, oldest first.
    pub fn exchanges(&self, tab: usize) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.history.world().console(tab as u32)
    }

    /// What a terminal's connection to a node has been turned into.
    pub fn stream(&self, tab: usize, node: &str) -> Stream {
        let world = self.history.world();
        let console = world.clients().find_map(|client| match client.kind {
            Kind::Console(console) if console.tab == tab as u32 => Some(console),
            _ => None,
        });
        let node = world.nodes().position(|known| known.name == node);
        console.zip(node).map_or(Stream::Nothing, |(console, node)| console.stream(NodeId(node as u16)))
    }

    /// Is there a reply that will come without anybody's doing, or anything on its way to a terminal or from it?
    pub fn is_waiting(&self) -> bool {
        self.history.world().is_waiting()
    }

    /// What the world calls the client behind a connection of a node.
    pub fn client_name(&self, node: usize, peer: &str) -> Option<&str> {
        let world = self.history.world();
        world.client_at(NodeId(node as u16), peer).map(|party| world.name(party))
    }

    /// Of links that nobody has changed one by one.
    pub fn latency(&self) -> Duration {
        let anyone = Party::Client(u16::MAX);
        self.history.world().path(anyone, anyone).latency
    }

    /// The speed at which what is on its way now would travel for so many seconds of the viewer.
    pub fn pace(&self, seconds: f64) -> f64 {
        let way = |flight: InFlight| Some(flight.arrives?.micros().saturating_sub(flight.sent.micros()));
        let shortest = self.history.world().in_flight().filter_map(way).min();
        shortest.map_or(1.0, |micros| (micros as f64 / 1e6 / seconds).clamp(1e-5, 1.0))
    }

    // What is there.

    pub fn nodes(&self) -> Vec<String> {
        self.history.world().nodes().map(|node| node.name.to_owned()).collect()
    }

    pub fn node_name(&self, node: NodeId) -> &str {
        self.history.world().name(Party::Node(node))
    }

    /// The node with this address; where only one part is given, the first that fits.
    pub fn node_at(&self, host: Option<&str>, port: Option<u16>) -> Option<String> {
        let fits = |node: &world::NodeView<'_>| {
            let (its_host, its_port) = node.address.rsplit_once(':').unwrap_or_default();
            port.is_none_or(|port| its_port == port.to_string())
                && host.is_none_or(|host| host == its_host || ["127.0.0.1", "localhost"].contains(&host))
        };
        self.history.world().nodes().find(fits).map(|node| node.name.to_owned())
    }

    /// A node's state; none while its process is down.
    pub fn inspect(&self, node: usize) -> Option<Inspect<'_>> {
        self.history.world().node(NodeId(node as u16))?.inspect
    }

    pub fn branches(&self) -> Vec<AttrValue> {
        self.history.branches().iter().map(|branch| branch.name.clone().into()).collect()
    }

    /// Actions on this branch, whether done or still to come.
    pub fn actions(&self) -> u64 {
        self.history.journal().len() as u64
    }

    pub fn scene(&self) -> Scene {
        let world = self.history.world();
        // Every node knows the whole static table: any that is up can be asked who owns what.
        let ranges_of = |address: &str| {
            let table =
                world.nodes().find_map(|node| node.inspect).map(|node| node.slots().ranges()).unwrap_or_default();
            let mine = table.iter().filter(|range| range.owner.address() == address);
            mine.map(|range| (range.first, range.last)).collect()
        };
        let node = |(shard, node): (usize, world::NodeView<'_>)| NodeView {
            name: node.name.to_owned(),
            address: node.address.to_owned(),
            state: match node.condition {
                Condition::Up => NodeState::Up,
                Condition::Paused => NodeState::Paused,
                Condition::Down => NodeState::Down,
            },
            shard,
            ranges: ranges_of(node.address),
            keys: node.inspect.map_or(0, |node| node.databases().map(|db| db.keys as u64).sum()),
            clock: node.clock,
            ahead: node.ahead,
        };
        Scene {
            now: seconds(self.now()),
            nodes: world.nodes().enumerate().map(node).collect(),
            clients: world.clients().map(|client| client_view(world, client)).collect(),
            databases: world.databases().iter().map(|database| database_view(world, database)).collect(),
            flights: world.in_flight().filter_map(|flight| self.flight(&flight)).collect(),
            cuts: world.links().cuts().filter_map(|(from, to)| Some((end(from)?, end(to)?))).collect(),
        }
    }

    fn flight(&self, flight: &InFlight) -> Option<Flight> {
        let label = match self.happened(flight.message).map(|happened| &happened.event) {
            Some(WorldEvent::Sent(message)) => message.label.to_string(),
            _ => String::new(),
        };
        let what = match flight.kind {
            MessageKind::Open => What::Request("connect".into()),
            MessageKind::Accept => What::Reply("connected".into()),
            MessageKind::Refuse => What::Moved("refused".into()),
            MessageKind::Close => What::Request("close".into()),
            MessageKind::Request => What::Request(label),
            MessageKind::Reply | MessageKind::Push => What::Reply(label),
            MessageKind::Moved => What::Moved(self.moved(&label)),
            MessageKind::Error => What::Moved(label),
        };
        Some(Flight {
            id: flight.message,
            from: end(flight.from)?,
            to: end(flight.to)?,
            sent: seconds(flight.sent),
            arrives: flight.arrives.map(seconds),
            what,
        })
    }

    /// `866 172.50.0.11:6371` with the node's name.
    fn moved(&self, label: &str) -> String {
        let (slot, address) = label.split_once(' ').unwrap_or((label, ""));
        let (host, port) = address.rsplit_once(':').unwrap_or_default();
        let node = self.node_at(Some(host), port.parse().ok());
        format!("MOVED {slot} → {}", node.as_deref().unwrap_or(address))
    }

    /// Of the last seconds those who asked for something that may be cached, in percent those who found it: all clients
    /// together, the newest last.
    pub fn served(&self) -> Vec<Option<u32>> {
        let world = self.history.world();
        let mut seconds = Vec::new();
        let mut add = |at: usize, served: u32, all: u32| {
            seconds.resize(seconds.len().max(at + 1), (0, 0));
            let second: &mut (u32, u32) = &mut seconds[at];
            *second = (second.0 + served, second.1 + all);
        };
        for load in world.loads() {
            let reads = load.reads.seconds(world.time(), SECONDS);
            reads.enumerate().for_each(|(at, [hits, misses])| add(at, hits, hits + misses));
        }
        for app in world.apps() {
            let users = app.curve.seconds(world.time(), SECONDS);
            users.enumerate().for_each(|(at, [users, served, _])| add(at, served.min(users), users));
        }
        seconds.into_iter().map(percent).collect()
    }

    // What happened.

    /// How much has happened until now.
    pub fn count(&self) -> u64 {
        self.history.world().trace_count()
    }

    /// An event by its number, unless it has been forgotten.
    pub fn happened(&self, id: u64) -> Option<&Happened> {
        let trace = self.history.trace();
        trace.get(id.checked_sub(trace.first()?.id)? as usize)
    }

    /// What is said aloud of an event.
    pub fn sentence(&self, id: u64, words: Words) -> Option<String> {
        let happened = self.happened(id)?;
        told::sentence(words, self.history.world(), happened)
    }

    /// The newest rows of the log that are asked for.
    pub fn rows(&self, important_only: bool, filter: &str, most: usize) -> Rc<[Row]> {
        let filter = filter.to_ascii_lowercase();
        let wanted = if important_only { told::Weight::Important } else { told::Weight::Usual };
        let row = |happened: &Happened| {
            let weight = told::weight(&happened.event);
            if weight < wanted {
                return None;
            }
            let who = happened.node.map_or("", |node| self.node_name(node));
            let line = told::line(self.history.world(), &happened.event);
            let is_wanted = filter.is_empty() || format!("{who} {}", line.text).to_ascii_lowercase().contains(&filter);
            is_wanted.then(|| Row {
                id: happened.id,
                time: format!("{:.4}", seconds(happened.at)).into(),
                who: who.to_owned().into(),
                sign: line.sign,
                what: line.text.into(),
                important: weight == told::Weight::Important,
            })
        };
        let mut rows: Vec<_> = self.history.trace().iter().rev().filter_map(row).take(most).collect();
        rows.reverse();
        rows.into()
    }

    /// What stands on the rail: actions, and what matters of what happened.
    pub fn marks(&self) -> Rc<[Mark]> {
        let end = self.history.end().micros().max(1) as f64;
        let place = |at: Duration| at.micros() as f64 / end;
        let trace = self.history.trace().iter().chain(self.history.future());
        let mark = |happened: &Happened| {
            let kind = match told::weight(&happened.event) {
                told::Weight::Important if told::is_fault(&happened.event) => MarkKind::Fault,
                told::Weight::Important => MarkKind::Event,
                _ => return None,
            };
            Some(Mark { at: place(happened.at), kind })
        };
        let typed = self.history.journal().iter().map(|entry| Mark { at: place(entry.at), kind: MarkKind::Action });
        thin(trace.filter_map(mark).chain(typed), MARKS)
    }
}

fn client_view(world: &World, client: world::ClientView<'_>) -> ClientView {
    match client.kind {
        Kind::Console(console) => {
            let errors = console.exchanges().rev().filter_map(|exchange| match &exchange.reply {
                Some(kvarium_engine::resp::value::ReplyValue::Error(error)) => Some(error),
                _ => None,
            });
            let errors: Vec<_> = errors.collect();
            let last = console.exchanges().next_back();
            let open = last.filter(|exchange| exchange.reply.is_none() && exchange.failed.is_none());
            ClientView {
                name: client.name.to_owned(),
                kind: ClientKind::Terminal,
                waiting: open.map(|exchange| exchange.command.clone()),
                requests: console.exchanges().len() as u64,
                redirected: errors.iter().filter(|error| error.starts_with("MOVED ")).count() as u64,
                last_error: errors.first().map(|error| (*error).clone()),
                work: None,
                cached: None,
            }
        }
        Kind::Load(load) => load_view(world, client.name, load),
        Kind::Worker(worker) => worker_view(worker),
        Kind::App(app) => app_view(world, app),
    }
}

fn load_view(world: &World, name: &str, load: &Load) -> ClientView {
    let reads = load.reads.seconds(world.time(), SECONDS).map(|[hits, misses]| (hits, hits + misses));
    ClientView {
        name: name.to_owned(),
        kind: match load.spec.knowledge {
            Knowledge::Plain => ClientKind::Plain,
            Knowledge::Follow => ClientKind::Following,
            Knowledge::Smart => ClientKind::SlotAware,
        },
        waiting: (load.outstanding() > 0).then(|| load.outstanding().to_string()),
        requests: load.stats.sent,
        redirected: load.stats.redirections,
        last_error: (!load.last_error.is_empty()).then(|| load.last_error.clone()),
        work: None,
        cached: Some(cached_view(reads, None)).filter(|_| load.spec.read > 0),
    }
}

fn worker_view(worker: &Worker) -> ClientView {
    let stats = &worker.stats;
    ClientView {
        name: worker.name.clone(),
        kind: match &worker.spec.role {
            Role::Produce { .. } => ClientKind::Producer,
            Role::Take(Take { source: Source::New, .. }) => ClientKind::Consumer,
            Role::Take(Take { source: Source::Idle { .. }, .. }) => ClientKind::Reaper,
        },
        waiting: worker.asked(),
        requests: stats.sent,
        redirected: stats.redirections,
        last_error: (!worker.last_error.is_empty()).then(|| worker.last_error.clone()),
        work: Some(WorkView {
            state: match worker.life {
                Life::Running => WorkState::Running,
                Life::Stopping => WorkState::Stopping,
                Life::Stopped => WorkState::Stopped,
                Life::Crashed => WorkState::Crashed,
            },
            holds: worker.held().map(|held| held.id.to_string()).collect(),
            done: stats.added + stats.processed,
            failed: stats.failed,
            dead: stats.dead,
        }),
        cached: None,
    }
}

fn percent((served, all): (u32, u32)) -> Option<u32> {
    (served * 100).checked_div(all)
}

/// Of each second those who were served, and all.
fn cached_view(seconds: impl Iterator<Item = (u32, u32)>, app: Option<AppView>) -> CachedView {
    let seconds: Vec<(u32, u32)> = seconds.collect();
    let recent = &seconds[seconds.len().saturating_sub(RECENT)..];
    let ratio = percent(recent.iter().fold((0, 0), |sum, second| (sum.0 + second.0, sum.1 + second.1)));
    CachedView { ratios: seconds.into_iter().map(percent).collect(), ratio, app }
}

fn database_view(world: &World, database: &Database) -> DatabaseView {
    let capacity = database.spec.capacity;
    let loads = database.curve.seconds(world.time(), SECONDS);
    DatabaseView {
        name: database.name.clone(),
        capacity,
        loads: loads.map(|[asked, _]| Some((u64::from(asked) * 100 / u64::from(capacity.max(1))) as u32)).collect(),
        waiting: database.waiting(world.time()),
        timeouts: database.timeouts,
        overloads: database.overloads,
        is_overloaded: database.is_overloaded,
    }
}

fn app_view(world: &World, app: &App) -> ClientView {
    let [users, _, queries] = app.curve.seconds(world.time(), 1).next().unwrap_or_default();
    let seconds = app.curve.seconds(world.time(), SECONDS).map(|[users, served, _]| (served.min(users), users));
    ClientView {
        name: app.name.clone(),
        kind: ClientKind::Application,
        waiting: (app.inside() > 0).then(|| app.inside().to_string()),
        requests: app.stats.sent,
        redirected: app.stats.redirections,
        last_error: (!app.last_error.is_empty()).then(|| app.last_error.clone()),
        work: None,
        cached: Some(cached_view(seconds, Some(AppView { users, queries, failed: app.stats.failed, rush: app.rush }))),
    }
}

fn end(party: Party) -> Option<End> {
    match party {
        Party::Node(node) => Some(End::Node(node.0 as usize)),
        // Nobody in particular.
        Party::Client(u16::MAX) => None,
        Party::Client(client) => Some(End::Client(client as usize)),
    }
}

pub fn seconds(span: Duration) -> f64 {
    span.micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_stands_still_in_mid_flight_always_at_the_same_moment() {
        let (a, b) = (Laboratory::home(), Laboratory::home());
        assert_eq!(a.now(), b.now());
        assert_eq!(a.history.trace_hash(), b.history.trace_hash());
        let scene = a.scene();
        assert!(scene.flights.len() >= HOME_FLIGHTS);
        assert!(scene.flights.iter().any(|flight| !matches!(&flight.what, What::Request(text) if text.is_empty())));
        assert!(scene.nodes.iter().all(|node| !node.ranges.is_empty()));
    }

    #[test]
    fn a_script_holds_the_experiment() {
        let mut lab = Laboratory::new("3-masters", Some(7));
        lab.command(1, "A-M", "SET {a}1 x").unwrap();
        lab.advance(Duration::from_seconds(1), &mut || true);
        lab.act("!kill B-M").unwrap();
        lab.advance(Duration::from_seconds(2), &mut || true);
        let again = Laboratory::from_script(&lab.script()).unwrap();
        assert_eq!(again.history.trace_hash(), lab.history.trace_hash());
        assert_eq!(again.scene(), lab.scene());
    }

    #[test]
    fn nobody_goes_back_into_a_set_up() {
        let mut history = History::new(&Scenario::single(), 1);
        for line in ["@M> SET a 1", "!advance 1s", "!begin", "!advance 1s"] {
            history.act(Action::parse(line).unwrap()).unwrap();
        }
        let mut lab = Laboratory::of(history);
        let begin = Duration::from_seconds(1);
        lab.seek(Duration::ZERO);
        assert_eq!(lab.now(), begin);
        lab.back();
        assert_eq!(lab.now(), begin);
    }

    #[test]
    fn who_works_on_a_stream_is_shown_with_what_it_holds() {
        let mut lab = Laboratory::new("single", Some(7));
        lab.act("!produce p stream=s rate=100 count=3").unwrap();
        lab.advance(Duration::from_seconds(1), &mut || true);
        lab.act("!consume c stream=s group=g batch=2 work=5s").unwrap();
        lab.advance(Duration::from_seconds(2), &mut || true);
        let work = |lab: &Laboratory, name: &str| {
            let client = lab.scene().clients.into_iter().find(|client| client.name == name).unwrap();
            (client.kind, client.work.unwrap())
        };
        let (kind, producer) = work(&lab, "p");
        assert_eq!((kind, producer.state, producer.done), (ClientKind::Producer, WorkState::Stopped, 3));
        let (kind, consumer) = work(&lab, "c");
        assert_eq!((kind, consumer.state, consumer.holds.len()), (ClientKind::Consumer, WorkState::Running, 2));
        lab.act("!crash c").unwrap();
        let (_, consumer) = work(&lab, "c");
        assert_eq!((consumer.state, consumer.holds.len()), (WorkState::Crashed, 0));
        assert!(lab.rows(true, "", 100).iter().any(|row| &*row.what == "c crashed with 2 entries in its hands"));
    }

    #[test]
    fn who_is_served_from_the_cache_is_added_up_over_all_clients() {
        let mut lab = Laboratory::new("single", Some(7));
        lab.act("!database db capacity=1000 rows=100").unwrap();
        lab.act("!app shop db=db rate=100 keys=100 ttl=0s").unwrap();
        lab.advance(Duration::from_millis(3500), &mut || true);
        let alone = lab.scene().clients[0].cached.clone().unwrap().ratios;
        assert_eq!((alone.len(), lab.served()), (3, alone));
        // Many more who find nothing.
        lab.act("!load nobody rate=10000 pipeline=100 keys=1000000 read=1").unwrap();
        lab.advance(Duration::from_millis(5500), &mut || true);
        let served = lab.served();
        assert!(served[..3].iter().all(Option::is_some) && served[4] < Some(5), "{served:?}");
    }

    #[test]
    fn nodes_are_found_by_what_people_paste() {
        let lab = Laboratory::new("3-masters", None);
        assert_eq!(lab.node_at(Some("172.50.0.12"), None).as_deref(), Some("B-M"));
        assert_eq!(lab.node_at(Some("127.0.0.1"), Some(6373)).as_deref(), Some("C-M"));
        assert_eq!(lab.node_at(None, Some(1)), None);
    }
}
