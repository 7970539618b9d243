//! An application with the server as its cache, in front of a simulated database: users come at a rate, whatever happens.
//!
//! ```text
//!   user ──→ BF.EXISTS ──→ GET ── found: served
//!   (filter)   └ 0: no      └ nil ──→ SET … NX PX ──→ GET ──→ query ──→ served; SET … PX; DEL of the lock
//!                such row   (lock)      └ nil: taken, wait a little, GET again
//! ```
//! The filter, the lock, the short life of what is not there and the jitter of lives are each a choice. Where the cache
//! can't be reached or refuses, the database is asked in its place. It is a client like any other: what it does can be
//! read in the log, and it follows MOVED. Deliberately absent: writes of users, a cache of its own, and a second look at
//! rows that the table has got since the filter was filled.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::actor::{read_value, value_of, write_set};
use super::clock::since_start;
use super::curve::Curve;
use super::lanes::{Answer, Lanes, Lost, PATIENCE, Reply};
use super::outside::Outside;
use super::trace::{NodeId, WorldEvent};
use super::traffic::{Lifetime, Traffic, TrafficSpec};
use super::worker::Receipt;
use crate::base::hash::slot;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Time};
use crate::collections::ordered::Map;
use crate::keyspace::change::write_record;
use crate::resp::value::ReplyValue;

/// What an application does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSpec {
    pub database: String,
    /// Its users and the rows they ask for.
    pub traffic: TrafficSpec,
    pub life: Lifetime,
    pub attack: Option<Attack>,
    /// Who finds nothing takes a lock of the key before it asks the database, and who does not get it waits.
    pub lock: bool,
    /// That a row is not there is remembered for so long.
    pub null: Option<Duration>,
    /// A Bloom filter of all rows is asked first.
    pub bloom: bool,
    /// Bytes of a value, at least.
    pub size: u32,
    /// Whom it asks first; the first node where none is named.
    pub node: Option<String>,
    /// Remembers what must hold, and says what did not.
    pub audit: bool,
}

/// Users who ask for what is not there: so many in a thousand, for rows of so many numbers behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    pub share: u16,
    pub rows: u32,
}

/// What has become of its users, and how often it asked the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppStats {
    pub users: u64,
    /// Served from the cache: a row, that there is none, or that the filter says so.
    pub hits: u64,
    pub nulls: u64,
    pub filtered: u64,
    /// Found nothing in the cache at first.
    pub misses: u64,
    /// Served from the database.
    pub queried: u64,
    /// Not served.
    pub failed: u64,
    pub queries: u64,
    /// Of these, the ones for which the cache could not be asked.
    pub bypasses: u64,
    /// Times that somebody waited for another's lock.
    pub waits: u64,
    pub sent: u64,
    pub errors: u64,
    pub redirections: u64,
    /// Commands that will never be answered.
    pub unanswered: u64,
    /// Of all who were served together, and of the slowest.
    pub latency_sum: Duration,
    pub latency_max: Duration,
}

/// An application and what it remembers.
#[derive(Clone, Debug)]
pub struct App {
    pub name: String,
    pub spec: AppSpec,
    pub stats: AppStats,
    /// Users, those served from the cache, and queries.
    pub curve: Curve<3>,
    pub last_error: String,
    pub running: bool,
    /// What it saw that must not be.
    pub complaints: Vec<String>,
    /// What it served that was older than it may be.
    pub too_old: Vec<String>,
    /// Two queries for one row, each under its lock; with when the first lock was asked for, and of whom.
    pub broken_locks: Vec<(String, Receipt)>,
    /// The most queries for one row that were under way at once since it was started.
    pub rush: u32,
    client: u16,
    /// Of the traffic alone: what has been cached has no part in what is asked for next.
    rng: Rng,
    lives: Rng,
    traffic: Traffic,
    lanes: Lanes<Request>,
    home: NodeId,
    /// Who owns a slot, learned from MOVED.
    owners: Map<u16, NodeId>,
    /// Its place among the world's databases.
    database: usize,
    started: Time,
    next_user: Time,
    users: Map<u64, User>,
    next_ticket: u64,
    /// Who waits for a lock, and when they look again.
    waiting: VecDeque<(Time, u64)>,
    /// Queries under way, by row: all, and those under a lock.
    asked: Map<u32, [u32; 2]>,
    filter: Filter,
    /// The oldest that a row and the absence of one may be by any specification so far; nothing where there is no bound.
    bounds: [Option<Duration>; 2],
    /// Something happened after which no bound holds: a command may come late, or a clock was set.
    is_excused: bool,
}

#[derive(Clone, Copy, Debug)]
struct User {
    row: u32,
    came: Time,
    has_missed: bool,
    /// When and of whom it got the lock that it holds.
    lock: Option<Receipt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Off,
    Filling,
    Ready,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    what: What,
    redirections: u8,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// About the user of a ticket.
    Filter {
        ticket: u64,
    },
    Get {
        ticket: u64,
        row: u32,
    },
    Lock {
        ticket: u64,
        row: u32,
    },
    /// Read at this moment; a row, or that there is none.
    Put {
        row: u32,
        read: Time,
        is_there: bool,
        life: Option<u64>,
    },
    Unlock {
        row: u32,
    },
    /// The filter, and some of its rows.
    Reserve,
    Fill {
        from: u32,
    },
}

/// Between two looks of somebody who waits for a lock, and the longest that somebody does.
const LOOK: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_seconds(3);
/// Rows that are added to the filter at once, and how often it may be wrong.
const FILL: u32 = 100;
const WRONG: &str = "0.01";
/// What is kept where a row is not there.
const NOTHING: &str = "nothing.";
const REDIRECTIONS: u8 = 5;
const COMPLAINTS: usize = 16;

impl App {
    pub fn new(name: &str, client: u16, spec: AppSpec, mut rng: Rng) -> Self {
        App {
            name: name.to_string(),
            stats: AppStats::default(),
            curve: Curve::default(),
            last_error: String::new(),
            running: false,
            complaints: Vec::new(),
            too_old: Vec::new(),
            broken_locks: Vec::new(),
            rush: 0,
            client,
            lives: rng.fork(),
            traffic: Traffic::new(spec.traffic.clone(), rng.clone()),
            spec,
            rng,
            lanes: Lanes::new(client),
            home: NodeId(0),
            owners: Map::new(),
            database: 0,
            started: Time::ZERO,
            next_user: Time::ZERO,
            users: Map::new(),
            next_ticket: 0,
            waiting: VecDeque::new(),
            asked: Map::new(),
            filter: Filter::Off,
            bounds: [Some(Duration::ZERO); 2],
            is_excused: false,
        }
    }

    /// Begins, or goes on with another specification; `home` is whom it asks first.
    pub fn start(&mut self, outside: &mut Outside, spec: AppSpec, home: NodeId, database: usize) {
        self.traffic = Traffic::new(spec.traffic.clone(), self.rng.fork());
        for (bound, own) in self.bounds.iter_mut().zip([spec.life.longest(), Some(spec.null.unwrap_or_default())]) {
            *bound = bound.zip(own).map(|(bound, own)| bound.max(own));
        }
        self.spec = spec;
        (self.home, self.database, self.running, self.rush) = (home, database, true, 0);
        (self.started, self.next_user) = (outside.now, outside.now);
        self.filter = Filter::Off;
        self.lanes.reach(outside);
        let line = format!("{}{}", self.name, self.spec).into();
        outside.emit(None, WorldEvent::LoadStarted { client: self.client, line });
        if self.lanes.is_open() {
            self.fill(outside);
        }
        self.lanes.flush(outside);
    }

    /// No more users come; those who are there are still served.
    pub fn stop(&mut self, outside: &mut Outside) {
        if core::mem::take(&mut self.running) {
            outside.emit(None, WorldEvent::LoadStopped { client: self.client, sent: self.stats.sent });
        }
    }

    /// No bound holds any more for what it serves.
    pub fn excuse(&mut self) {
        self.is_excused = true;
    }

    /// Users who have not been served yet.
    pub fn inside(&self) -> usize {
        self.users.len()
    }

    /// How long it has run as it does now without its database being overloaded.
    pub fn calm(&self, outside: &Outside) -> Duration {
        let database = outside.databases.get(self.database).filter(|_| self.running);
        database.map_or(Duration::ZERO, |database| database.calm(outside.now, self.started))
    }

    /// The nodes it has a connection to.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.lanes.open()
    }

    /// When it wants to be asked again.
    pub fn next_wakeup(&self) -> Option<Time> {
        let user = self.has_users().then_some(self.next_user);
        let look = self.waiting.front().map(|(at, _)| *at);
        [self.lanes.patience_ends(), user, look, self.wants_home()].into_iter().flatten().min()
    }

    /// Its time has come: to give up waiting, to connect, to look again, to let a user in.
    pub fn on_wakeup(&mut self, outside: &mut Outside) {
        while let Some(lost) = self.lanes.lose_patience(outside) {
            self.lose(outside, lost);
        }
        if self.wants_home().is_some_and(|at| at <= outside.now) {
            self.lanes.connect(outside, self.home);
        }
        while let Some((_, ticket)) = self.waiting.pop_front_if(|(at, _)| *at <= outside.now) {
            self.get(outside, ticket);
        }
        if self.has_users() && self.next_user <= outside.now {
            self.let_in(outside);
        }
        self.lanes.flush(outside);
    }

    pub fn on_connected(&mut self, outside: &mut Outside, connection: u64) {
        if self.lanes.on_connected(outside, connection).is_some() {
            self.fill(outside);
            self.lanes.flush(outside);
        }
    }

    pub fn on_closed(&mut self, outside: &mut Outside, connection: u64) {
        if let Some(lost) = self.lanes.on_closed(outside, connection) {
            self.lose(outside, lost);
            self.lanes.flush(outside);
        }
    }

    pub fn on_bytes(&mut self, outside: &mut Outside, connection: u64, bytes: &[u8]) {
        let Some(node) = self.lanes.on_bytes(connection, bytes) else { return };
        while let Some(reply) = self.lanes.next_reply(outside, node) {
            match reply {
                Reply::Answer(answer) => self.on_reply(outside, answer),
                Reply::Nonsense(why, lost) => {
                    self.complain(why);
                    self.lose(outside, lost);
                }
            }
        }
        self.lanes.flush(outside);
    }

    /// The database has answered, or there is no more waiting for it.
    pub fn on_answer(&mut self, outside: &mut Outside, ticket: u64, is_served: bool) {
        let Some(user) = self.users.get(&ticket).copied() else { return };
        self.leave_queue(user);
        let is_there = outside.databases.get(self.database).is_some_and(|database| user.row < database.spec.rows);
        if is_served {
            self.stats.queried += 1;
            self.see_off(outside.now, ticket);
            let life = match is_there {
                true => self.spec.life.millis(&mut self.lives),
                false => self.spec.null.map(|life| life.millis().max(1)),
            };
            if is_there || life.is_some() {
                self.ask(outside, What::Put { row: user.row, read: outside.now, is_there, life });
            }
        } else {
            let key = self.key(user.row).into();
            outside.emit(None, WorldEvent::QueryTimedOut { client: self.client, key });
            self.fail(ticket);
        }
        if user.lock.is_some() {
            self.ask(outside, What::Unlock { row: user.row });
        }
        self.lanes.flush(outside);
    }

    fn has_users(&self) -> bool {
        self.running && !self.traffic.is_over()
    }

    /// Without any connection it goes to its first node again.
    fn wants_home(&self) -> Option<Time> {
        self.lanes.wants(self.home).filter(|_| self.running)
    }

    fn let_in(&mut self, outside: &mut Outside) {
        let mut row = self.traffic.key();
        if let Some(attack) = self.spec.attack
            && self.traffic.by_chance(attack.share)
        {
            let rows = outside.databases.get(self.database).map_or(0, |database| database.spec.rows);
            row = rows + self.traffic.below(attack.rows.max(1).into()) as u32;
        }
        self.stats.users += 1;
        self.curve.count(outside.now, 0);
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        self.users.insert(ticket, User { row, came: outside.now, has_missed: false, lock: None });
        match self.filter {
            Filter::Ready => self.ask(outside, What::Filter { ticket }),
            Filter::Off | Filter::Filling => self.get(outside, ticket),
        }
        self.next_user = outside.now + self.traffic.pause(1).unwrap_or(PATIENCE);
        if self.traffic.is_over() {
            self.stop(outside);
        }
    }

    fn get(&mut self, outside: &mut Outside, ticket: u64) {
        if let Some(user) = self.users.get(&ticket) {
            self.ask(outside, What::Get { ticket, row: user.row });
        }
    }

    /// Begins to fill the filter, if there is to be one.
    fn fill(&mut self, outside: &mut Outside) {
        if self.spec.bloom && self.filter == Filter::Off {
            self.filter = Filter::Filling;
            self.ask(outside, What::Reserve);
        }
    }

    fn on_reply(&mut self, outside: &mut Outside, answer: Answer<Request>) {
        if let ReplyValue::Error(text) = &answer.value {
            return self.on_error(outside, answer.request, text);
        }
        let receipt = Receipt { asked: answer.sent, by: answer.by };
        match (answer.request.what, &answer.value) {
            (What::Filter { ticket }, ReplyValue::Integer(0)) => {
                self.stats.filtered += 1;
                self.serve(outside.now, ticket);
            }
            (What::Filter { ticket }, _) => self.get(outside, ticket),
            (What::Get { ticket, row }, ReplyValue::Bulk(value)) => self.on_value(outside, ticket, row, value),
            (What::Get { ticket, .. }, _) => self.on_miss(outside, ticket),
            (What::Lock { ticket, .. }, ReplyValue::Simple(_)) => self.on_lock(outside, ticket, receipt),
            (What::Lock { ticket, .. }, _) => self.wait(outside, ticket),
            (What::Put { .. } | What::Unlock { .. }, _) => {}
            (What::Reserve, _) => self.fill_from(outside, 0),
            (What::Fill { from }, _) => self.fill_from(outside, from + FILL),
        }
    }

    fn on_error(&mut self, outside: &mut Outside, request: Request, text: &str) {
        if let Some((slot, address)) = text.strip_prefix("MOVED ").and_then(|rest| rest.split_once(' '))
            && let (Ok(slot), Some(owner)) = (slot.parse::<u16>(), outside.node_at(address))
            && request.redirections < REDIRECTIONS
        {
            self.stats.redirections += 1;
            self.owners.insert(slot, owner);
            return self.send(outside, Request { redirections: request.redirections + 1, ..request });
        }
        // Of a filter that is there already.
        if let What::Reserve = request.what
            && text.contains("exists")
        {
            return self.fill_from(outside, 0);
        }
        self.stats.errors += 1;
        self.last_error = text.to_string();
        self.do_without(outside, request.what);
    }

    /// What is done where the cache can't be asked.
    fn do_without(&mut self, outside: &mut Outside, what: What) {
        match what {
            What::Filter { ticket } | What::Get { ticket, .. } | What::Lock { ticket, .. } => {
                self.stats.bypasses += 1;
                self.query(outside, ticket);
            }
            What::Reserve | What::Fill { .. } => self.filter = Filter::Off,
            What::Put { .. } | What::Unlock { .. } => {}
        }
    }

    fn on_value(&mut self, outside: &mut Outside, ticket: u64, row: u32, value: &[u8]) {
        let now = outside.now;
        let (read, bound) = match value.strip_prefix(NOTHING.as_bytes()) {
            Some(rest) => {
                self.stats.nulls += 1;
                (read_value(rest), self.bounds[1])
            }
            None => {
                self.stats.hits += 1;
                (read_value(value), self.bounds[0])
            }
        };
        match read {
            Some((of, read)) if of == row => {
                let age = Duration::from_micros(since_start(now).micros().saturating_sub(read));
                // On its way to the cache and back for as long as that is waited for.
                let is_fine = bound.is_none_or(|bound| age <= bound + PATIENCE + PATIENCE) || self.is_excused;
                if self.spec.audit && !is_fine && self.too_old.len() < COMPLAINTS {
                    self.too_old.push(format!("{}: served {} ms after it was read", self.key(row), age.millis()));
                }
            }
            _ => self.complain(format!("row {row}: the reply is another's: {}", value.escape_ascii())),
        }
        if self.users.get(&ticket).is_some_and(|user| user.lock.is_some()) {
            self.ask(outside, What::Unlock { row });
        }
        self.serve(now, ticket);
    }

    fn on_miss(&mut self, outside: &mut Outside, ticket: u64) {
        let Some(user) = self.users.get_mut(&ticket) else { return };
        self.stats.misses += u64::from(!core::mem::replace(&mut user.has_missed, true));
        let row = user.row;
        match self.spec.lock && user.lock.is_none() {
            true => self.ask(outside, What::Lock { ticket, row }),
            false => self.query(outside, ticket),
        }
    }

    /// It looks again: another may have been done since it looked.
    fn on_lock(&mut self, outside: &mut Outside, ticket: u64, receipt: Receipt) {
        if let Some(user) = self.users.get_mut(&ticket) {
            user.lock = Some(receipt);
            self.get(outside, ticket);
        }
    }

    fn wait(&mut self, outside: &mut Outside, ticket: u64) {
        let Some(user) = self.users.get(&ticket) else { return };
        if outside.now.since(user.came) >= LONGEST_WAIT {
            return self.fail(ticket);
        }
        self.stats.waits += 1;
        self.waiting.push_back((outside.now + LOOK, ticket));
    }

    fn query(&mut self, outside: &mut Outside, ticket: u64) {
        let Some(&User { row, lock, .. }) = self.users.get(&ticket) else { return };
        let asked = self.asked.get_or_default(row);
        asked[0] += 1;
        asked[1] += u32::from(lock.is_some());
        self.rush = self.rush.max(asked[0]);
        if lock.is_some() && asked[1] > 1 && self.spec.audit && !self.is_excused {
            self.break_lock(row);
        }
        self.stats.queries += 1;
        self.curve.count(outside.now, 2);
        let key = self.key(row).into();
        outside.emit(None, WorldEvent::Queried { client: self.client, key });
        outside.query(self.database, self.client, ticket);
    }

    /// More than one holds the lock of a row.
    fn break_lock(&mut self, row: u32) {
        let holders = self.users.values().filter(|user| user.row == row).filter_map(|user| user.lock);
        if let Some(first) = holders.min_by_key(|lock| lock.asked)
            && self.broken_locks.len() < COMPLAINTS
        {
            self.broken_locks.push((self.key(row), first));
        }
    }

    fn leave_queue(&mut self, user: User) {
        if let Some(asked) = self.asked.get_mut(&user.row) {
            asked[0] -= 1;
            asked[1] -= u32::from(user.lock.is_some());
            if asked[0] == 0 {
                self.asked.remove(&user.row);
            }
        }
    }

    /// From the cache.
    fn serve(&mut self, now: Time, ticket: u64) {
        self.curve.count(now, 1);
        self.see_off(now, ticket);
    }

    fn see_off(&mut self, now: Time, ticket: u64) {
        let Some(user) = self.users.remove(&ticket) else { return };
        let took = now.since(user.came);
        self.stats.latency_sum = self.stats.latency_sum + took;
        self.stats.latency_max = self.stats.latency_max.max(took);
    }

    fn fail(&mut self, ticket: u64) {
        self.stats.failed += 1;
        self.users.remove(&ticket);
    }

    fn fill_from(&mut self, outside: &mut Outside, from: u32) {
        let rows = outside.databases.get(self.database).map_or(0, |database| database.spec.rows);
        if from < rows {
            return self.ask(outside, What::Fill { from });
        }
        self.filter = Filter::Ready;
    }

    fn ask(&mut self, outside: &mut Outside, what: What) {
        self.send(outside, Request { what, redirections: 0 });
    }

    fn send(&mut self, outside: &mut Outside, request: Request) {
        let key = self.key_of(request.what);
        let node = self.owners.get(&slot(key.as_bytes())).copied().unwrap_or(self.home);
        let words = self.words(outside, request.what, &key);
        let write = |bytes: &mut Vec<u8>| match request.what {
            What::Put { life, .. } => write_set(bytes, &key, words[0].as_bytes(), life),
            _ => write_record(bytes, words.iter().map(|word| word.as_bytes())),
        };
        match self.lanes.ask(outside, node, request, write) {
            Ok(()) => self.stats.sent += 1,
            Err(request) => self.do_without(outside, request.what),
        }
    }

    fn lose(&mut self, outside: &mut Outside, lost: Lost<Request>) {
        // The filter may be gone with the data of a process that ended.
        self.filter = Filter::Off;
        self.stats.unanswered += lost.unanswered.len() as u64;
        for request in &lost.unanswered {
            let may_come_late = matches!(request.what, What::Put { .. } | What::Lock { .. } | What::Unlock { .. });
            self.is_excused |= may_come_late;
        }
        for request in lost.unanswered.into_iter().chain(lost.unsent) {
            self.do_without(outside, request.what);
        }
    }

    /// Where a row is kept.
    pub fn key(&self, row: u32) -> String {
        format!("{}:{row}", self.name)
    }

    fn key_of(&self, what: What) -> String {
        match what {
            What::Filter { .. } | What::Reserve | What::Fill { .. } => format!("{}:rows", self.name),
            What::Get { row, .. } | What::Put { row, .. } => self.key(row),
            What::Lock { row, .. } | What::Unlock { row } => format!("{}:{row}:lock", self.name),
        }
    }

    /// The words of a command; of SET, the value alone.
    fn words(&self, outside: &Outside, what: What, key: &str) -> Vec<String> {
        let database = outside.databases.get(self.database).map(|database| database.spec).unwrap_or_default();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_string()).collect();
        match what {
            What::Filter { ticket } => {
                let row = self.users.get(&ticket).map_or(0, |user| user.row);
                words(&["BF.EXISTS", key, &row.to_string()])
            }
            What::Get { .. } => words(&["GET", key]),
            What::Lock { .. } => {
                // Longer than any query takes.
                let life = database.patience + database.latency + PATIENCE;
                words(&["SET", key, &self.name, "NX", "PX", &life.millis().to_string()])
            }
            What::Put { row, read, is_there, .. } => {
                let value = value_of(row, since_start(read).micros(), self.spec.size as usize);
                let prefix = if is_there { "" } else { NOTHING };
                words(&[&format!("{prefix}{}", String::from_utf8_lossy(&value))])
            }
            What::Unlock { .. } => words(&["DEL", key]),
            What::Reserve => words(&["BF.RESERVE", key, WRONG, &database.rows.max(1).to_string()]),
            What::Fill { from } => {
                let rows = from..from.saturating_add(FILL).min(database.rows);
                let mut all: Vec<String> = words(&["BF.MADD", key]);
                all.extend(rows.map(|row| row.to_string()));
                all
            }
        }
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(complaint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use crate::world::scenario::Scenario;
    use crate::world::script::Action;
    use crate::world::testing::{act, world};

    fn app(world: &World) -> &App {
        world.apps().next().unwrap()
    }

    fn count(world: &mut World, kind: &str, has: &str) -> usize {
        let events = world.take_events().into_iter();
        events.filter(|it| it.event.kind() == kind && it.event.to_string().contains(has)).count()
    }

    /// Everybody who came was served one way, or was not, or is there still.
    fn assert_accounts(app: &App) {
        let AppStats { users, hits, nulls, filtered, queried, failed, .. } = app.stats;
        assert_eq!(users, hits + nulls + filtered + queried + failed + app.inside() as u64, "{:?}", app.stats);
        assert_eq!((&app.complaints, &app.too_old, app.broken_locks.len()), (&Vec::new(), &Vec::new(), 0));
    }

    #[test]
    fn what_is_not_cached_is_fetched_once_and_served_from_the_cache_while_it_lives() {
        let lines = ["!database db", "!app a db=db rate=100 keys=20 ttl=30s audit", "!advance 10s"];
        let mut world = world(&Scenario::single(), &lines);
        let stats = app(&world).stats;
        assert!(stats.users > 900 && stats.queries == stats.misses && stats.errors == 0, "{stats:?}");
        assert!((20..25).contains(&stats.queries), "each row once, or twice at once: {stats:?}");
        assert_accounts(app(&world));
        act(&mut world, "!advance 30s");
        assert!(app(&world).stats.queries >= 40, "they have expired");
        act(&mut world, "!stop a");
        act(&mut world, "!advance 1s");
        let users = app(&world).stats.users;
        act(&mut world, "!advance 5s");
        assert_eq!((app(&world).stats.users, app(&world).inside()), (users, 0));
        assert_accounts(app(&world));
        assert!(count(&mut world, "Ran", "SET a:3 3.") > 0);
    }

    #[test]
    fn lives_that_end_together_are_an_avalanche_and_jitter_is_its_cure() {
        let overloads = |jitter: &str| {
            let shop = format!("!app a db=db rate=400 keys=400 dist=seq ttl=5s {jitter} audit");
            let lines =
                ["!database db capacity=50 patience=500ms rows=400", "!app a db=db rate=40 keys=400 dist=seq ttl=5s"];
            let mut world = world(&Scenario::single(), &lines);
            act(&mut world, "!database db capacity=1000000 rows=400");
            act(&mut world, &shop);
            act(&mut world, "!advance 3s");
            act(&mut world, "!database db capacity=100 patience=500ms rows=400");
            act(&mut world, "!advance 8s");
            assert_accounts(app(&world));
            world.databases()[0].overloads
        };
        assert_eq!((overloads(""), overloads("jitter=20s")), (1, 0));
    }

    #[test]
    fn a_hot_key_that_expires_is_fetched_by_all_at_once_and_under_a_lock_by_one() {
        let run = |lock: &str| {
            let shop = format!("!app a db=db rate=500 keys=1 ttl=2s {lock} audit");
            let mut world = world(&Scenario::single(), &["!database db latency=300ms", &shop, "!advance 10s"]);
            assert_accounts(app(&world));
            assert_eq!(app(&world).stats.failed, 0);
            (app(&world).rush, app(&world).stats.waits, count(&mut world, "Queried", "a:0"))
        };
        let (rush, waits, _) = run("");
        assert!(rush > 100 && waits == 0, "{rush}");
        let (rush, waits, queries) = run("lock");
        assert!(rush == 1 && waits > 100 && (3..=5).contains(&queries), "{rush} at once, {queries} in all");
    }

    #[test]
    fn rows_that_are_not_there_go_through_the_cache_unless_their_absence_is_kept_or_a_filter_knows() {
        let run = |options: &str| {
            let shop = format!("!app a db=db rate=500 keys=100 {options} audit");
            let lines = [
                "!database db capacity=10000 rows=100",
                "!app a db=db rate=500 keys=100 audit",
                "!advance 3s",
                "!database db capacity=100 rows=100",
            ];
            let mut world = world(&Scenario::single(), &lines);
            act(&mut world, &shop);
            act(&mut world, "!advance 10s");
            assert_accounts(app(&world));
            act(&mut world, "!stop a");
            act(&mut world, "!advance 3s");
            (world.databases()[0].overloads, app(&world).stats)
        };
        assert_eq!(run("").0, 0);
        assert_eq!(run("attack=0.5:50").0, 1);
        let (overloads, stats) = run("attack=0.5:50 null=30s");
        assert!(overloads == 0 && stats.nulls > 2000, "{stats:?}");
        assert_eq!(run("attack=0.5 null=30s").0, 1, "each is asked for only once");
        let (overloads, stats) = run("attack=0.5 bloom");
        assert!(overloads == 0 && stats.filtered > 2000, "{stats:?}");
        // One in a hundred passes, and those who come before the filter is full.
        assert!(stats.queries < 100 + 150, "{stats:?}");
    }

    #[test]
    fn without_its_cache_it_asks_the_database_and_is_back_when_the_cache_is() {
        let lines =
            ["!database db", "!app a db=db rate=100 keys=20 bloom audit", "!advance 5s", "!kill M", "!advance 2s"];
        let mut world = world(&Scenario::single(), &lines);
        let stats = app(&world).stats;
        assert!(stats.bypasses > 150 && stats.failed == 0, "{stats:?}");
        for line in ["!restart M", "!advance 1s", "!pause M", "!advance 3s", "!resume M", "!advance 2s"] {
            act(&mut world, line);
        }
        let before = app(&world).stats;
        act(&mut world, "!advance 5s");
        let after = app(&world).stats;
        assert!(after.hits > before.hits + 400 && after.bypasses == before.bypasses, "{before:?} {after:?}");
        assert_accounts(app(&world));
    }

    #[test]
    fn it_finds_the_owners_of_slots_and_bounds_hold_in_a_cluster() {
        let shop = "!app a db=db rate=200 keys=50 ttl=1s jitter=1s null=500ms bloom lock attack=0.2:20 audit";
        let mut world = world(&Scenario::three_masters(), &["!database db rows=40", shop, "!advance 20s"]);
        let stats = app(&world).stats;
        assert!(stats.redirections > 10 && stats.hits > 2000 && stats.filtered > 500, "{stats:?}");
        assert_accounts(app(&world));
        act(&mut world, "!app a db=db rate=200 keys=50 ttl=10s attack=0.2:20 null=10s audit");
        act(&mut world, "!advance 20s");
        assert!(app(&world).stats.nulls > 500);
        assert_accounts(app(&world));
    }

    #[test]
    fn names_belong_to_one_and_a_database_must_be_there() {
        let mut world = world(&Scenario::single(), &["!database db", "!load w", "!app a db=db"]);
        for (line, why) in [
            ("!app b db=none", "there is no such database"),
            ("!app w db=db", "this is the name of a workload"),
            ("!load a", "this is the name of an application"),
            ("!load db", "this is the name of a database"),
            ("!database a", "this is the name of an application"),
            ("!database M", "this is the name of a node"),
            ("!app b db=db node=Z", "no such node; there are M"),
            ("!stop db", "there is no such workload"),
        ] {
            assert_eq!(world.apply(&Action::parse(line).unwrap()).unwrap_err().why, why, "{line}");
        }
    }
}
