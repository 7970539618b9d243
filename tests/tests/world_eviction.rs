//! What a page shows of an eviction is the decision that was taken: from a world's events alone, each pool and each victim
//! is worked out again, and each score from what was done to its key.

use std::collections::HashMap;

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::{Candidate, Decision, Event};
use kvarium_engine::keyspace::evict::POOL;
use kvarium_engine::world::World;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::trace::{NodeId, WorldEvent};

/// A key that is there, as the events tell of it.
#[derive(Clone, Copy)]
struct Life {
    used: Duration,
    /// When it expires, counted as `used` is.
    expires: Option<Duration>,
}

/// What is known of a node by its events.
#[derive(Default)]
struct Seen {
    keys: HashMap<Box<[u8]>, Life>,
    /// The expiry that the last command asked for, and for which key: it has come true once the key is said to have changed.
    asked: Option<(Box<[u8]>, Duration)>,
    pool: Vec<Candidate>,
    /// What was decided, and not yet done.
    decided: Option<Candidate>,
    /// When the node's clock began, in milliseconds, by the first score that tells it.
    epoch: Option<u64>,
    decisions: usize,
    scores: usize,
}

impl Seen {
    fn look(&mut self, at: Duration, event: &Event) {
        if let Some(victim) = self.decided.take() {
            let Event::Removed { key, .. } = event else { panic!("{event:?} follows a decision") };
            assert_eq!(*key, victim.key);
        }
        match event {
            Event::Ran { args, .. } => self.on_command(at, args),
            Event::Changed { key, .. } => {
                let asked = self.asked.as_ref().filter(|(of, _)| of == key);
                self.keys.insert(key.clone(), Life { used: at, expires: asked.map(|(_, expires)| *expires) });
            }
            Event::Removed { key, .. } => _ = self.keys.remove(key),
            Event::Evicting(decision) => self.on_decision(at, decision),
            _ => {}
        }
    }

    fn on_command(&mut self, at: Duration, args: &[Box<[u8]>]) {
        let Some(key) = args.get(1) else { return };
        if let Some(life) = self.keys.get_mut(key) {
            life.used = at;
        }
        let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u64>().ok();
        let millis = args.windows(2).find_map(|pair| match &*pair[0] {
            b"PX" => number(&pair[1]),
            b"EX" => Some(number(&pair[1])? * 1000),
            _ => None,
        });
        self.asked = millis.map(|millis| (key.clone(), at + Duration::from_millis(millis)));
    }

    fn on_decision(&mut self, at: Duration, decision: &Decision) {
        self.decisions += 1;
        assert!(decision.used > decision.limit);
        for seen in &decision.sampled {
            self.check_score(at, decision.policy, seen);
            self.pool.retain(|old| old.key != seen.key);
            let place = self.pool.partition_point(|old| old.score < seen.score);
            self.pool.insert(place, seen.clone());
            if self.pool.len() > POOL {
                self.pool.remove(0);
            }
        }
        assert_eq!(self.pool, decision.pool, "{}", decision.policy);
        let best = loop {
            match self.pool.pop() {
                // Something else removed it since it was seen.
                Some(best) if !self.keys.contains_key(&best.key) => {}
                best => break best,
            }
        };
        if decision.policy.ends_with("random") {
            assert!(best.is_none() && self.keys.contains_key(&decision.victim.key));
        } else {
            assert_eq!(best.as_ref(), Some(&decision.victim));
        }
        self.decided = Some(decision.victim.clone());
    }

    fn check_score(&mut self, at: Duration, policy: &str, seen: &Candidate) {
        let life = self.keys[&seen.key];
        if policy.ends_with("lru") {
            let idle = at.millis() - life.used.millis();
            assert!((idle / 1000).abs_diff(seen.score) <= 1, "{policy}: idle for {idle} ms, score {}", seen.score);
        } else if policy.ends_with("ttl") {
            let expires = life.expires.expect("only what expires is looked at").millis();
            let epoch = u64::MAX - seen.score - expires;
            let known = *self.epoch.get_or_insert(epoch);
            assert!(known.abs_diff(epoch) <= 1, "{policy}: expires at {expires} ms, score {}", seen.score);
        } else {
            assert!(seen.score <= 255, "{policy}");
        }
        self.scores += 1;
    }
}

fn act(world: &mut World, line: &str) {
    let action = Action::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    world.apply(&action).unwrap_or_else(|error| panic!("{line}: {error}"));
    world.play(world.now() + Duration::from_millis(10));
}

fn watch(world: &mut World, seen: &mut HashMap<NodeId, Seen>, seconds: u64) {
    for _ in 0..seconds {
        world.play(world.now() + Duration::from_seconds(1));
        for happened in world.take_events() {
            if let (Some(node), WorldEvent::Node(event)) = (happened.node, &happened.event) {
                seen.entry(node).or_default().look(happened.at, event);
            }
        }
    }
}

#[test]
fn each_decision_follows_from_the_events_before_it() {
    for policy in [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] {
        let scenario = Scenario::three_masters();
        let mut world = World::new(&scenario, 3).unwrap();
        let mut seen = HashMap::new();
        for (node, room) in [("A-M", 20_000), ("B-M", 40_000), ("C-M", 60_000)] {
            let used = world.nodes().next().and_then(|node| node.inspect).expect("it runs").memory() + room;
            act(&mut world, &format!("@{node}> CONFIG SET maxmemory-policy {policy} maxmemory {used}"));
        }
        act(&mut world, "!database db capacity=100000 rows=10000");
        act(&mut world, "!app a db=db rate=300 keys=2000 dist=zipf:0.8 scan=0.1 ttl=20s jitter=10s seed=7");
        act(&mut world, "!load w rate=100 keys=500 dist=zipf read=0.6 ttl=5s size=90 seed=4");
        watch(&mut world, &mut seen, 30);
        assert_eq!(seen.len(), 3);
        for (node, seen) in &seen {
            println!("{policy}, node {}: {} decisions, {} scores", node.0, seen.decisions, seen.scores);
            assert!(seen.decisions > 200, "{policy}: {}", seen.decisions);
            assert!(policy.ends_with("random") || seen.scores > 500);
        }
    }
}
