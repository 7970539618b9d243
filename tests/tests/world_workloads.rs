//! Workloads: the same traffic whatever the servers answer, so that two policies can be compared on what was recorded.

use std::collections::BTreeSet;

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::{Event, Gone};
use kvarium_engine::world::World;
use kvarium_engine::world::journal::History;
use kvarium_engine::world::otherwise::Otherwise;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::trace::{Happened, WorldEvent};

/// Queries that the database can answer in a second.
const CAPACITY: u64 = 1000;
const SECONDS: u64 = 40;

/// An application with its database, for a while; `room` is for its keys, in bytes, none where there is no limit.
fn recorded(room: Option<usize>, app: &str) -> History {
    let mut history = History::new(&Scenario::single(), 1);
    let mut lines = vec![format!("!database db capacity={CAPACITY} rows=10000"), format!("!app a db=db {app}")];
    if let Some(room) = room {
        let used = history.world().nodes().next().and_then(|node| node.inspect).expect("it runs").memory() + room;
        lines.insert(0, format!("@M> CONFIG SET maxmemory-policy allkeys-lru maxmemory {used}"));
    }
    for line in lines {
        let action = Action::parse(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        history.act(action).unwrap_or_else(|error| panic!("{line}: {error}"));
        history.advance(history.now() + Duration::from_millis(10), usize::MAX);
    }
    history.advance(Duration::from_seconds(SECONDS), usize::MAX);
    history
}

/// What follows from the events alone.
#[derive(Default)]
struct Run {
    /// The key of every GET, in order.
    asked: Vec<Vec<u8>>,
    hits: u64,
    evicted: u64,
    queries: u64,
    /// Those that are there.
    keys: BTreeSet<Vec<u8>>,
}

impl Run {
    fn hear(&mut self, happened: &Happened) {
        match &happened.event {
            WorldEvent::Node(Event::Ran { args, .. }) if &*args[0] == b"GET" => {
                self.hits += u64::from(self.keys.contains(&*args[1]));
                self.asked.push(args[1].to_vec());
            }
            WorldEvent::Node(Event::Changed { key, what: "set", .. }) => {
                self.keys.insert(key.to_vec());
            }
            WorldEvent::Node(Event::Removed { key, why, .. }) => {
                self.keys.remove(&**key);
                // It is told after the GET that found it past its time.
                let was_stale = *why == Gone::ExpiredLazily && self.asked.last().is_some_and(|last| **last == **key);
                self.hits -= u64::from(was_stale);
                self.evicted += u64::from(*why == Gone::Evicted);
            }
            WorldEvent::Queried { .. } => self.queries += 1,
            _ => {}
        }
    }

    /// What is told is what follows.
    fn agrees_with(&self, world: &World) {
        let stats = world.nodes().next().and_then(|node| node.inspect).expect("it runs").stats();
        let asked = self.asked.len() as u64;
        assert_eq!((stats.keyspace_hits, stats.keyspace_misses), (self.hits, asked - self.hits));
        assert_eq!(stats.evicted_keys, self.evicted);
        let app = world.apps().next().expect("it was started").stats;
        // Some are on their way.
        assert!(app.users - asked < 20 && self.hits - app.hits < 20 && app.queries == self.queries, "{app:?}");
        assert_eq!(world.databases()[0].queries, self.queries);
    }

    /// Of a thousand requests, those served from the cache.
    fn served(&self) -> u64 {
        self.hits * 1000 / self.asked.len() as u64
    }
}

/// Plays what was recorded under another policy.
fn under(policy: &str, recorded: &History) -> Run {
    let settings = vec![("maxmemory-policy", policy.to_owned())];
    let mut history = Otherwise { node: "M".to_owned(), settings }.history(recorded).unwrap();
    let mut run = Run::default();
    for second in 1..=SECONDS {
        let (before, queries) = (history.world().trace_count(), run.queries);
        history.advance(Duration::from_seconds(second), usize::MAX);
        history.trace().iter().filter(|happened| happened.id >= before).for_each(|happened| run.hear(happened));
        run.agrees_with(history.world());
        let (world, queries) = (history.world(), run.queries - queries);
        assert_eq!(world.databases()[0].load(world.time()), queries * 100 / CAPACITY, "second {second}");
    }
    println!("{policy}: {} of 1000 served, {} evicted, {} queries", run.served(), run.evicted, run.queries);
    run
}

/// Both have asked for the same in the same order: the one that was answered sooner has got further.
fn asked_alike(a: &Run, b: &Run) {
    let shorter = a.asked.len().min(b.asked.len());
    assert!(shorter > 10_000);
    assert_eq!(a.asked[..shorter], b.asked[..shorter]);
    assert!(a.asked.len().abs_diff(b.asked.len()) < 20);
}

#[test]
fn who_was_asked_for_lately_is_kept_and_chance_keeps_less() {
    let recorded = recorded(Some(30_000), "rate=500 keys=2000 dist=zipf:0.9 ttl=0s");
    let runs = ["allkeys-lru", "allkeys-random", "noeviction"].map(|policy| under(policy, &recorded));
    let [lru, random, none] = &runs;
    runs.iter().for_each(|run| asked_alike(run, lru));
    assert!(lru.evicted > 1000 && random.evicted > 1000 && none.evicted == 0);
    assert!(lru.served() > random.served() + 20 && lru.queries < random.queries);
}

#[test]
fn a_scan_drives_out_of_an_lru_what_an_lfu_keeps() {
    let recorded = recorded(Some(60_000), "rate=500 keys=2000 dist=hot:100:1:1000000 scan=0.5 ttl=0s");
    let [lru, lfu] = ["allkeys-lru", "allkeys-lfu"].map(|policy| under(policy, &recorded));
    asked_alike(&lru, &lfu);
    assert!(lfu.served() > lru.served() + 20 && lfu.queries < lru.queries);
}

#[test]
fn a_hot_set_that_moves_is_followed_by_an_lru() {
    let recorded = recorded(Some(30_000), "rate=500 keys=2000 dist=hot:100:0.8:2000 ttl=0s");
    let [lru, lfu, random] = ["allkeys-lru", "allkeys-lfu", "allkeys-random"].map(|policy| under(policy, &recorded));
    asked_alike(&lru, &lfu);
    asked_alike(&lru, &random);
    assert!(lru.served() > random.served() + 20, "what was hot is let go in time");
    assert!(lfu.served() < random.served(), "what was hot once is held on to");
}

#[test]
fn a_longer_life_serves_more_of_the_same_traffic_from_the_cache() {
    let [short, long] = ["ttl=1s", "ttl=10s"]
        .map(|ttl| under("noeviction", &recorded(None, &format!("rate=300 keys=300 {ttl} seed=7"))));
    asked_alike(&short, &long);
    assert!(long.served() > short.served() + 100);
}

#[test]
fn an_application_that_begins_anew_asks_alike_whatever_it_had_cached() {
    let mut recorded = recorded(Some(30_000), "rate=500 keys=2000 dist=zipf:0.9 ttl=5s jitter=2s");
    recorded.seek(Duration::from_seconds(20));
    recorded.act(Action::parse("!app a db=db rate=400 keys=1000 ttl=0s").unwrap()).unwrap();
    let [lru, random] = ["allkeys-lru", "allkeys-random"].map(|policy| under(policy, &recorded));
    assert!(lru.evicted > 0 && random.evicted != lru.evicted);
    asked_alike(&lru, &random);
}
