//! Measures a history: what playing ten minutes of a busy three-node world costs, seeking in it, and filling a node.

use kvarium_engine::base::rng::Rng;
use kvarium_engine::base::time::Duration;
use kvarium_engine::world::World;
use kvarium_engine::world::journal::History;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use std::time::Instant;

const MINUTES: u64 = 10;
const SEEKS: usize = 300;

fn main() {
    match std::env::args().nth(1).as_deref() {
        None => {
            seek();
            fill();
        }
        Some("seek") => seek(),
        Some("fill") => fill(),
        Some(other) => panic!("{other}: expected seek or fill"),
    }
}

fn seek() {
    let mut history = History::new(&Scenario::three_masters(), 42);
    act(&mut history, "!load app rate=50 keys=1000");
    let start = Instant::now();
    for minute in 1..=MINUTES {
        history.advance(Duration::from_seconds(60 * minute), usize::MAX);
        act(&mut history, "@A-M> PING");
    }
    let (events, work) = (history.world().trace_count(), history.world().work());
    println!("{MINUTES} minutes played in {:?}: {events} events, {work} units of work", start.elapsed());

    let (mut rng, mut times) = (Rng::new(1), Vec::new());
    for _ in 0..SEEKS {
        let to = Duration::from_micros(rng.below(history.end().micros()));
        let start = Instant::now();
        history.seek(to);
        times.push(start.elapsed());
    }
    times.sort();
    println!(
        "seek: median {:?}, 99th percentile {:?}, longest {:?}",
        times[SEEKS / 2],
        times[SEEKS * 99 / 100],
        times[SEEKS - 1]
    );

    let start = Instant::now();
    let copies: Vec<World> = (0..10).map(|_| history.world().clone()).collect();
    println!("a copy of the world: {:?}, {} bytes of data in it", start.elapsed() / 10, copies[0].memory());
}

fn fill() {
    let mut history = History::new(&Scenario::single(), 42);
    act(&mut history, "!load fill rate=max pipeline=1000 count=1000000 keys=1000000 read=0 dist=seq");
    let (start, mut slowest) = (Instant::now(), std::time::Duration::ZERO);
    while history.world().loads().any(|load| load.running || load.outstanding() > 0) {
        let frame = Instant::now();
        let to = history.now() + Duration::from_millis(1);
        history.advance(to, 1);
        slowest = slowest.max(frame.elapsed());
    }
    println!("1000000 SETs: {:?}, longest step {slowest:?}", start.elapsed());
}

fn act(history: &mut History, action: &str) {
    history.act(Action::parse(action).expect("it is in the language")).expect("it can be done");
}
