//! What a witness makes of a world: goals are reached live, not any more after going back, and again on the way forth.

use kvarium_engine::base::time::Duration;
use kvarium_engine::world::journal::History;
use kvarium_engine::world::predicate::{Predicate, Truth};
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::witness::{Goal, Shortfall};

fn goal(check: &str) -> Goal {
    Goal { check: Predicate::parse(check).unwrap_or_else(|error| panic!("{check}: {error}")), truth: None }
}

fn watched(checks: &[&str]) -> History {
    let goals: Vec<Goal> = checks.iter().map(|check| goal(check)).collect();
    let mut history = History::watched(&Scenario::preset("single").unwrap(), 42, &goals).unwrap();
    act(&mut history, "@M> SET before 1");
    act(&mut history, "!advance 1s");
    act(&mut history, "!begin");
    history
}

fn act(history: &mut History, line: &str) {
    history.act(Action::parse(line).unwrap()).unwrap_or_else(|error| panic!("{line}: {error}"));
}

fn play(history: &mut History, lines: &[&str]) {
    for line in lines {
        act(history, line);
        act(history, "!advance 100ms");
    }
}

fn reached(history: &History) -> String {
    let witness = history.world().witness().unwrap();
    (0..).map_while(|goal| (goal < GOALS).then(|| if witness.reached(goal).is_some() { 'x' } else { '.' })).collect()
}

/// Goals of the longest list below, and more.
const GOALS: usize = 8;

#[test]
fn every_predicate_holds_when_it_does_and_not_before() {
    for (check, until, then) in [
        ("ran(\"SET *\")", "GET before", "SET k v"),
        ("ran(\"GET k\", reply == v)", "GET k", "SET k v; GET k"),
        ("ran(\"LRANGE *\", count == 2)", "RPUSH l a; LRANGE l 0 -1", "RPUSH l b; LRANGE l 0 -1"),
        ("ran(\"PING\") >= 2", "PING", "ping"),
        ("ran(\"*\", reply ~ WRONGTYPE)", "GET before", "LPUSH before x"),
        ("event(Removed, has=\"Expired\", has=\"k\")", "SET k v PX 5000; SET j v PX 1", "!advance 6s"),
        ("event(Changed) == 2", "SET a 1", "SET b 1"),
        ("state(keys) == 3", "SET a 1", "SET b 1"),
        ("state(type of k) == list", "SET k v", "DEL k; RPUSH k v"),
        ("state(ttl of k) == -1", "SET k v EX 5", "PERSIST k"),
        ("state(len of k) > 2", "RPUSH k a b", "RPUSH k c"),
        ("state(pending of s, at=g) == 1", "XADD s 1-0 f v; XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >"),
        ("state(pending of s, at=g) == 0", "XADD s 1-0 f v; XGROUP CREATE s h 0", "XGROUP CREATE s g 0"),
        ("state(lag of s, at=g) == 2", "XADD s 1-0 f v; XGROUP CREATE s g 0", "XADD s 2-0 f v"),
        ("state(delivered of s, at=g) == 1-0", "XADD s 1-0 f v; XGROUP CREATE s g 0", "XGROUP SETID s g 1-0"),
        (
            "state(deliveries of s, at=g) == 2",
            "XADD s 1-0 f v; XGROUP CREATE s g 0; XREADGROUP GROUP g c STREAMS s >",
            "XREADGROUP GROUP g c STREAMS s 0",
        ),
        (
            "state(owner of s, at=1-0) == d",
            "XADD s 1-0 f v; XGROUP CREATE s g 0; XREADGROUP GROUP g c STREAMS s >",
            "XCLAIM s g d 0 1-0",
        ),
        (
            "state(encoding of k) == hashtable",
            "SADD k a",
            "SADD k 0123456789012345678901234567890123456789012345678901234567890123456789",
        ),
        ("state(value of k, at=f) == 2", "HSET k f 1", "HINCRBY k f 1"),
        ("state(value of k, at=f) == 1.5", "ZADD k 1 f", "ZINCRBY k .5 f"),
        ("state(config of maxmemory) == 100", "PING", "CONFIG SET maxmemory 100"),
        ("state(condition, node=M) == down", "PING", "!kill M"),
        ("before(ran(\"SET a *\"), ran(\"GET a\"))", "GET a; SET a 1", "GET a"),
        ("before(predicted(q), ran(\"GET a\"))", "GET a; !answer q 1", "GET a"),
        ("before(not state(keys) >= 2, event(Killed))", "SET a 1", "!kill M"),
        ("within(event(Killed), event(Started), 1s)", "!kill M; !advance 2s; !restart M", "!kill M; !restart M"),
        ("answer(link) == \"A-S C-M\"", "!answer link A-S", "!answer link A-S C-M"),
        ("predicted(q) or ran(\"PING\")", "GET a", "!answer q 1"),
        ("ran(\"GET b\") and never(ran(\"SET a *\"))", "SET b 1", "GET b"),
        ("ran(\"GET b\") and always(state(keys) >= 1)", "SET b 1", "GET b"),
        ("not state(keys) >= 1", "GET b", "DEL before"),
    ] {
        let mut history = watched(&[check]);
        let lines = |text: &'static str| text.split(';').map(str::trim).map(line).collect::<Vec<_>>();
        let play = |history: &mut History, text| lines(text).iter().for_each(|line| play(history, &[line]));
        play(&mut history, until);
        let witness = history.world().witness().unwrap();
        assert_eq!(witness.reached(0), None, "{check} after {until}");
        assert!(!witness.shortfalls(0).is_empty(), "{check} after {until}");
        play(&mut history, then);
        let witness = history.world().witness().unwrap();
        assert!(witness.reached(0).is_some(), "{check} after {then}: {:?}", witness.shortfalls(0));
        assert!(witness.shortfalls(0).is_empty());
    }
}

/// A command of the only node, or an action.
fn line(text: &str) -> String {
    if text.starts_with('!') { text.to_owned() } else { format!("@M> {text}") }
}

#[test]
fn what_is_broken_stays_broken() {
    for (check, breaks) in [
        ("ran(\"PING\") and never(ran(\"SET a *\"))", "SET a 1"),
        ("ran(\"PING\") and always(state(keys) == 1)", "SET a 1"),
    ] {
        let mut history = watched(&[check]);
        play(&mut history, &[&line(breaks), "@M> DEL a", "@M> PING"]);
        let witness = history.world().witness().unwrap();
        assert_eq!(witness.reached(0), None, "{check}");
        assert!(matches!(witness.shortfalls(0)[..], [Shortfall::Broken(at)] if at > Duration::from_seconds(1)));
    }
}

#[test]
fn set_up_is_not_seen_and_a_node_must_be_there() {
    assert_eq!(reached(&watched(&["ran(\"SET before *\")", "state(keys) == 1"])), ".x......");
    let error = History::watched(&Scenario::preset("single").unwrap(), 1, &[goal("event(Killed, node=Q)")]);
    assert_eq!(error.err().map(|error| error.word).as_deref(), Some("Q"));
}

#[test]
fn goals_go_with_time_and_with_branches() {
    let checks = ["ran(\"SET a *\")", "predicted(q)", "event(Killed)"];
    let mut history = watched(&checks);
    play(&mut history, &["@M> SET a 1", "!answer q 7"]);
    let middle = history.now();
    play(&mut history, &["!advance 1s", "!kill M"]);
    let end = history.now();
    assert_eq!(reached(&history), "xxx.....");
    let hash = history.trace_hash();
    history.seek(Duration::ZERO);
    assert_eq!(reached(&history), "........");
    history.seek(middle);
    assert_eq!(reached(&history), "xx......");
    assert_eq!(history.world().witness().unwrap().answer("q"), Some("7"));
    history.seek(end);
    assert_eq!((reached(&history).as_str(), history.trace_hash()), ("xxx.....", hash));
    // Another future, without the prediction.
    history.seek(Duration::from_millis(1050));
    play(&mut history, &["@M> SET a 2"]);
    assert_eq!((reached(&history).as_str(), history.branches().len()), ("x.......", 2));
    history.switch(0);
    history.seek(end);
    assert_eq!(reached(&history), "xxx.....");
    // And from its script, as a page that was opened again has it.
    let goals: Vec<Goal> = checks.iter().map(|check| goal(check)).collect();
    let again = History::from_script_watched(&history.to_script(), &goals).unwrap();
    assert_eq!((reached(&again), again.trace_hash()), (reached(&history), history.trace_hash()));
}

#[test]
fn who_watches_changes_nothing() {
    let mut watching = watched(&["state(keys) == 0", "event(Sent) >= 1000000"]);
    let mut alone = History::new(&Scenario::preset("single").unwrap(), 42);
    play(&mut alone, &[]);
    act(&mut alone, "@M> SET before 1");
    act(&mut alone, "!advance 1s");
    for history in [&mut watching, &mut alone] {
        play(history, &["!load w rate=200", "!advance 3s", "!kill M", "!restart M", "!advance 1s"]);
    }
    assert_eq!(watching.trace_hash(), alone.trace_hash());
}

#[test]
fn a_prediction_is_locked_and_its_truth_kept() {
    let truth = |text| Some(Truth::parse(text).unwrap());
    let goals = [
        Goal { truth: truth("reply(\"TTL k\")"), ..goal("before(predicted(q), ran(\"TTL k\"))") },
        Goal { truth: truth("state(type of k)"), ..goal("ran(\"PING\")") },
    ];
    let mut history = History::watched(&Scenario::preset("single").unwrap(), 42, &goals).unwrap();
    act(&mut history, "!begin");
    play(&mut history, &["@M> SET k v EX 9", "!answer q -1"]);
    let refused = history.act(Action::parse("!answer q 9").unwrap()).unwrap_err();
    assert_eq!(refused.word, "q");
    play(&mut history, &["@M> TTL k", "@M> PING", "@M> DEL k", "!advance 10s", "@M> TTL k"]);
    let witness = history.world().witness().unwrap();
    let truth = |goal| witness.reached(goal).and_then(|reached| reached.truth.clone());
    assert_eq!((truth(0).as_deref(), truth(1).as_deref()), (Some("9"), Some("string")));
}
