//! Workloads: the same traffic whatever the servers answer, so that two policies can be compared on it.

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::Event;
use kvarium_engine::world::World;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::trace::WorldEvent;

/// An application with its database, played for a while.
struct Run {
    /// The key of every GET, in order.
    keys: Vec<Vec<u8>>,
    /// Of a thousand users, those served from the cache.
    served: u64,
    evicted: u64,
}

fn act(world: &mut World, line: &str) {
    let action = Action::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    world.apply(&action).unwrap_or_else(|error| panic!("{line}: {error}"));
    world.play(world.now() + Duration::from_millis(10));
}

/// `room` is for the application's keys, in bytes; none where there is no limit.
fn run(room: Option<usize>, policy: &str, app: &str) -> Run {
    let mut world = World::new(&Scenario::single(), 1).unwrap();
    if let Some(room) = room {
        let used = world.nodes().next().and_then(|node| node.inspect).expect("it runs").memory() + room;
        act(&mut world, &format!("@M> CONFIG SET maxmemory-policy {policy} maxmemory {used}"));
    }
    act(&mut world, "!database db capacity=100000 rows=10000");
    act(&mut world, &format!("!app a db=db {app}"));
    let mut keys = Vec::new();
    for _ in 0..40 {
        world.play(world.now() + Duration::from_seconds(1));
        keys.extend(world.take_events().into_iter().filter_map(|happened| match happened.event {
            WorldEvent::Node(Event::Ran { args, .. }) if &*args[0] == b"GET" => Some(args[1].to_vec()),
            _ => None,
        }));
    }
    let stats = world.apps().next().expect("it was started").stats;
    let evicted = world.nodes().next().and_then(|node| node.inspect).expect("it runs").stats().evicted_keys;
    Run { keys, served: stats.hits * 1000 / stats.users, evicted }
}

const ROOM: Option<usize> = Some(60_000);

#[test]
fn two_policies_are_compared_on_the_same_traffic() {
    let app = "rate=500 keys=2000 dist=zipf:0.9 ttl=0s seed=7";
    let runs = ["allkeys-lru", "allkeys-random", "noeviction"].map(|policy| run(Some(30_000), policy, app));
    let [lru, random, none] = &runs;
    for run in &runs {
        println!("{} of 1000 served, {} evicted", run.served, run.evicted);
        assert!(run.keys.len() > 15_000);
        let shorter = run.keys.len().min(lru.keys.len());
        assert_eq!(run.keys[..shorter], lru.keys[..shorter]);
    }
    assert!(lru.evicted > 1000 && random.evicted > 1000 && none.evicted == 0);
    assert!(lru.served > random.served + 20, "who was asked for lately is kept");
}

#[test]
fn a_scan_drives_out_of_an_lru_what_an_lfu_keeps() {
    let app = "rate=500 keys=2000 dist=hot:100:1:1000000 scan=0.5 ttl=0s seed=7";
    let [lru, lfu] = ["allkeys-lru", "allkeys-lfu"].map(|policy| run(ROOM, policy, app));
    println!("LRU {}, LFU {} of 1000", lru.served, lfu.served);
    assert!(lfu.served > lru.served + 20);
}

#[test]
fn a_hot_set_that_moves_is_followed_by_an_lru() {
    let app = "rate=500 keys=2000 dist=hot:100:1:4000 ttl=0s seed=7";
    let [lru, lfu] = ["allkeys-lru", "allkeys-lfu"].map(|policy| run(ROOM, policy, app));
    println!("LRU {}, LFU {} of 1000", lru.served, lfu.served);
    assert!(lru.served > 900);
}

#[test]
fn a_longer_life_serves_more_of_the_same_traffic_from_the_cache() {
    let [short, long] = ["ttl=1s", "ttl=10s"].map(|ttl| run(None, "", &format!("rate=300 keys=300 {ttl} seed=7")));
    let shorter = short.keys.len().min(long.keys.len());
    assert_eq!(short.keys[..shorter], long.keys[..shorter]);
    assert!(long.served > short.served + 100, "{} and {}", long.served, short.served);
}
