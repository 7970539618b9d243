//! Many seeds, many faults, and what must hold does. `KVARIUM_SEED=7` plays one seed, `KVARIUM_SEEDS=1000` so many.

use kvarium_engine::base::time::Duration;
use kvarium_engine::world::World;
use kvarium_engine::world::check::Checker;
use kvarium_engine::world::journal::History;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_tests::simulation::{Done, run};

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}={value}: expected a number")))
}

#[test]
fn simulation_of_many_seeds_breaks_no_rule() {
    let seeds = match (number("KVARIUM_SEED"), number("KVARIUM_SEEDS").unwrap_or(40)) {
        (Some(seed), _) => seed..seed + 1,
        (None, seeds) => 0..seeds,
    };
    let mut all = Done::default();
    for seed in seeds {
        let report = run(seed);
        assert!(report.violations.is_empty(), "{report}");
        if number("KVARIUM_SEED").is_some() {
            println!("{report}{}", report.script);
        }
        all.actions += report.done.actions;
        all.replies += report.done.replies;
        all.unanswered += report.done.unanswered;
        all.added += report.done.added;
        all.processed += report.done.processed;
        all.dead += report.done.dead;
        all.lost += report.done.lost;
        all.users += report.done.users;
        all.cached += report.done.cached;
        all.queries += report.done.queries;
        all.events += report.done.events;
        all.checks += report.done.checks;
    }
    println!("{all:?}");
    assert!(all.processed > all.dead && all.dead > 0 && all.lost > 0, "entries take every way: {all:?}");
    assert!(
        all.users > all.queries && all.queries > 0 && all.cached > 0,
        "an application has hits and misses: {all:?}"
    );
    assert!(all.replies > all.unanswered && all.unanswered > 0, "faults hurt, and not everything: {all:?}");
}

#[test]
fn simulation_runs_alike_twice_and_as_a_script_in_a_history() {
    for seed in 0..6 {
        let (one, two) = (run(seed), run(seed));
        assert_eq!(one.trace_hash, two.trace_hash, "seed {seed}");
        let history = History::from_script(&one.script).unwrap_or_else(|error| panic!("{error}\n{}", one.script));
        assert_eq!(history.trace_hash(), one.trace_hash, "seed {seed}\n{}", one.script);
    }
}

/// A checker that never complains would be worth nothing.
#[test]
fn a_broken_rule_is_noticed() {
    let mut world = World::new(&Scenario::single(), 1).unwrap();
    let mut checker = Checker::new(&mut world);
    let apply = |world: &mut World, checker: &mut Checker, action: &str| {
        world.apply(&Action::parse(action).unwrap()).unwrap();
        world.play(world.now() + Duration::from_millis(500));
        let mut broken: Vec<_> = checker.check(world).into_iter().map(|violation| violation.rule).collect();
        broken.dedup();
        broken
    };
    assert_eq!(apply(&mut world, &mut checker, "!load w rate=200 keys=5 read=0 audit"), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "!stop w"), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "@M> DEL w:3"), ["an acknowledged write is there"]);
    assert_eq!(apply(&mut world, &mut checker, "@M> SET w:3 3.1."), ["an acknowledged write is there"]);
    assert_eq!(apply(&mut world, &mut checker, "@M> FLUSHALL"), NOTHING, "who flushes wants it so");
    assert_eq!(apply(&mut world, &mut checker, "@M> SET w:3 4.1."), NOTHING);
    let complaint = apply(&mut world, &mut checker, "!load w rate=200 keys=5 read=1 audit");
    assert_eq!(complaint, ["a reply belongs to its request"], "the value says that it is another key's");

    let mut world = World::new(&Scenario::single(), 1).unwrap();
    let mut checker = Checker::new(&mut world);
    let lost = "an added entry is processed, a dead letter, pending or undelivered";
    for line in ["!produce p stream=s rate=100 count=4 audit", "!consume c stream=s group=g batch=2 work=60s audit"] {
        assert_eq!(apply(&mut world, &mut checker, line), NOTHING);
    }
    assert_eq!(apply(&mut world, &mut checker, "!crash c"), NOTHING, "its entries are pending");
    assert_eq!(apply(&mut world, &mut checker, "@M> XGROUP DELCONSUMER s g c"), [lost], "they are pending no more");
    assert_eq!(apply(&mut world, &mut checker, "@M> XGROUP SETID s g 0"), NOTHING, "they will be delivered again");
    assert_eq!(apply(&mut world, &mut checker, "@M> XTRIM s MAXLEN 3"), [lost]);
    assert_eq!(apply(&mut world, &mut checker, "@M> FLUSHALL"), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "@M> XADD s * job bad"), NOTHING);
    let reaper = "!reap r stream=s group=g idle=100ms every=50ms work=10ms poison=bad dead=3:d audit";
    for line in ["!consume c stream=s group=g work=10ms poison=bad audit", "!stop c", reaper] {
        assert_eq!(apply(&mut world, &mut checker, line), NOTHING);
    }
    assert_eq!(apply(&mut world, &mut checker, "@M> XLEN d"), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "@M> XTRIM d MAXLEN 0"), ["a dead letter is there"]);

    let mut world = World::new(&Scenario::single(), 1).unwrap();
    let mut checker = Checker::new(&mut world);
    assert_eq!(apply(&mut world, &mut checker, "!database db latency=600ms"), NOTHING);
    let locked = "!app a db=db rate=20 keys=1 ttl=1s lock audit";
    assert_eq!(apply(&mut world, &mut checker, locked), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "@M> DEL a:0:lock"), ["under a lock one asks the database"]);
    let mut world = World::new(&Scenario::single(), 1).unwrap();
    let mut checker = Checker::new(&mut world);
    assert_eq!(apply(&mut world, &mut checker, "!database db"), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "!app a db=db rate=20 keys=1 ttl=500ms audit"), NOTHING);
    assert_eq!(apply(&mut world, &mut checker, "@M> PERSIST a:0"), NOTHING);
    let stale = "what an application serves is as fresh as its lifetimes say";
    (0..2).for_each(|_| assert_eq!(apply(&mut world, &mut checker, "@M> PERSIST a:0"), NOTHING));
    world.play(world.now() + Duration::from_seconds(1));
    assert_eq!(apply(&mut world, &mut checker, "@M> GET a:0"), [stale]);

    let mut world = World::new(&Scenario::single(), 1).unwrap();
    let mut late = Checker::new(&mut World::new(&Scenario::single(), 1).unwrap());
    assert_eq!(apply(&mut world, &mut late, "@M> SET k v"), ["records make the same data"], "nothing was recorded");
}

const NOTHING: [&str; 0] = [];
