//! A world and its recording: what a user does to it, going back, doing otherwise, sharing.

use kvarium_engine::base::time::Duration;
use kvarium_engine::inspect::KeyView;
use kvarium_engine::resp::value::ReplyValue;
use kvarium_engine::world::journal::History;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::share;
use kvarium_engine::world::{ClientKind, Condition, NodeView};

fn seconds(seconds: u64) -> Duration {
    Duration::from_seconds(seconds)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn history(scenario: &str) -> History {
    History::new(&Scenario::preset(scenario).unwrap(), 42)
}

fn act(history: &mut History, action: &str) {
    history.act(Action::parse(action).unwrap()).unwrap_or_else(|error| panic!("{action}: {error}"));
}

/// Enters a line and waits for a second.
fn ask(history: &mut History, node: &str, line: &str) -> ReplyValue {
    act(history, &format!("@{node}> {line}"));
    act(history, "!advance 1s");
    let exchange = history.world().console(1).last().unwrap();
    exchange.reply.clone().unwrap_or_else(|| panic!("{line} was not answered: {:?}", exchange.failed))
}

fn bulk(text: &str) -> ReplyValue {
    ReplyValue::Bulk(text.as_bytes().into())
}

fn ok() -> ReplyValue {
    ReplyValue::Simple("OK".into())
}

#[test]
fn a_terminal_talks_to_a_node_over_a_link_that_takes_time() {
    let mut history = history("single");
    act(&mut history, "!latency 5ms");
    act(&mut history, "!jitter 0s");
    act(&mut history, "@M> SET greeting \"hello world\"");
    // Three ways to connect and ask, and one back.
    history.advance(millis(19), usize::MAX);
    assert!(history.world().console(1).last().unwrap().reply.is_none());
    assert_eq!(history.world().in_flight().count(), 1);
    history.advance(millis(20), usize::MAX);
    let exchange = history.world().console(1).last().unwrap();
    assert_eq!((exchange.reply.clone(), exchange.answered), (Some(ok()), Some(millis(20))));
    assert_eq!(ask(&mut history, "M", "GET greeting"), bulk("hello world"));
    assert!(matches!(ask(&mut history, "M", "NONSENSE"), ReplyValue::Error(_)));
    act(&mut history, "@M> GET \"unbalanced");
    assert_eq!(history.world().console(1).last().unwrap().failed, Some("Invalid argument(s)"));
}

#[test]
fn a_cluster_sends_a_plain_terminal_away_and_a_smart_client_learns() {
    let mut history = history("3-masters");
    let moved = ask(&mut history, "A-M", "SET foo bar");
    assert_eq!(moved, ReplyValue::Error("MOVED 12182 172.50.0.13:6373".into()));
    assert_eq!(ask(&mut history, "C-M", "SET foo bar"), ok());
    act(&mut history, "!load app rate=200 keys=50 read=0.5 audit");
    act(&mut history, "!load plain rate=20 keys=50 client=plain");
    act(&mut history, "!load follow rate=20 keys=50 client=follow");
    act(&mut history, "!advance 10s");
    let loads: Vec<_> = history.world().loads().collect();
    let [app, plain, follow] = loads[..] else { panic!("three workloads") };
    assert!(app.stats.replies > 1500 && app.stats.errors == 0 && app.stats.hits > 500, "{:?}", app.stats);
    assert!(app.stats.redirections < 60, "learns each slot once: {:?}", app.stats);
    assert!(plain.stats.errors > 80 && plain.stats.replies > 30, "{:?}", plain.stats);
    assert!(follow.stats.redirections > 80 && follow.stats.errors == 0, "{:?}", follow.stats);
    assert_eq!(app.complaints, Vec::<String>::new());
    assert_eq!(keys_with(&history, "app:"), 50);
    let keys = 1 + 50 + keys_with(&history, "plain:") + keys_with(&history, "follow:");
    assert_eq!(history.world().nodes().map(keys_of).sum::<usize>() as u32, keys);
}

fn keys_of(node: NodeView<'_>) -> usize {
    node.inspect.unwrap().databases().map(|db| db.keys).sum()
}

fn keys_with(history: &History, prefix: &str) -> u32 {
    let mut count = 0;
    for node in history.world().nodes() {
        let mut cursor = 0;
        loop {
            let count_it = |key: KeyView| count += u32::from(key.key.starts_with(prefix.as_bytes()));
            cursor = node.inspect.unwrap().scan_keys(0, cursor, count_it);
            if cursor == 0 {
                break;
            }
        }
    }
    count
}

#[test]
fn a_killed_process_forgets_everything_and_a_paused_one_nothing() {
    let mut history = history("single");
    assert_eq!(ask(&mut history, "M", "SET k v"), ok());
    act(&mut history, "!pause M");
    act(&mut history, "@M> GET k");
    act(&mut history, "!advance 5s");
    assert!(history.world().console(1).last().unwrap().reply.is_none());
    act(&mut history, "!resume M");
    act(&mut history, "!advance 1s");
    assert_eq!(history.world().console(1).last().unwrap().reply, Some(bulk("v")));

    act(&mut history, "@M> GET k");
    act(&mut history, "!kill M");
    act(&mut history, "!advance 1s");
    let last = history.world().console(1).last().unwrap();
    assert_eq!(last.failed, Some("Connection closed by the server"));
    assert_eq!(history.world().nodes().next().unwrap().condition, Condition::Down);
    act(&mut history, "@M> GET k");
    act(&mut history, "!advance 1s");
    assert_eq!(history.world().console(1).last().unwrap().failed, Some("Connection refused"));
    act(&mut history, "!restart M");
    assert_eq!(ask(&mut history, "M", "GET k"), ReplyValue::Null);
    assert!(history.act(Action::parse("!resume M").unwrap()).is_err());
    assert!(history.act(Action::parse("!kill N").unwrap()).unwrap_err().to_string().contains("there are M"));
}

#[test]
fn a_cut_delays_and_a_healed_link_delivers() {
    let mut history = history("single");
    assert_eq!(ask(&mut history, "M", "SET k v"), ok());
    act(&mut history, "!cut tab1 -> M");
    act(&mut history, "@M> GET k");
    act(&mut history, "!advance 2s");
    assert!(history.world().console(1).last().unwrap().reply.is_none());
    act(&mut history, "!heal");
    act(&mut history, "!until event(Answered) limit 5s");
    assert_eq!(history.world().console(1).last().unwrap().reply, Some(bulk("v")));
    let error = history.act(Action::parse("!until event(Answered) limit 1s").unwrap()).unwrap_err();
    assert!(error.to_string().contains("did not happen"), "{error}");
}

#[test]
fn a_clock_that_jumps_expires_keys() {
    let mut history = history("single");
    assert_eq!(ask(&mut history, "M", "SET k v EX 100"), ok());
    act(&mut history, "!clock M -1h");
    assert_eq!(ask(&mut history, "M", "GET k"), bulk("v"));
    act(&mut history, "!clock M +2h");
    assert_eq!(ask(&mut history, "M", "GET k"), ReplyValue::Null);
}

#[test]
fn seeking_back_shows_the_same_world_and_the_same_trace() {
    let mut history = history("3-masters-busy");
    let mut seen = Vec::new();
    for round in 0..30 {
        history.advance(millis(700 * (round + 1)), usize::MAX);
        if round % 5 == 2 {
            act(&mut history, &format!("@A-M> SET round {round}"));
        }
        seen.push((history.now(), history.trace_hash(), history.world().trace_count()));
    }
    for &(at, hash, count) in seen.iter().rev().chain(&seen) {
        history.seek(at);
        assert_eq!((history.now(), history.trace_hash(), history.world().trace_count()), (at, hash, count));
        assert_eq!(history.trace().last().map(|event| event.id), Some(count - 1));
    }
    assert_eq!(history.branches().len(), 1);
}

#[test]
fn a_budget_cuts_the_work_and_changes_nothing() {
    let (mut whole, mut parts) = (history("3-masters-busy"), history("3-masters-busy"));
    whole.advance(seconds(3), usize::MAX);
    let mut calls = 1;
    while !parts.advance(seconds(3), 7) {
        calls += 1;
    }
    assert!(calls > 10);
    assert_eq!(whole.trace_hash(), parts.trace_hash());
    assert_eq!(whole.trace(), parts.trace());
}

#[test]
fn acting_in_the_past_forks_and_the_old_future_stays() {
    let mut history = history("single");
    assert_eq!(ask(&mut history, "M", "SET k first"), ok());
    act(&mut history, "!advance 2s");
    assert_eq!(ask(&mut history, "M", "SET k second"), ok());
    let (end, hash) = (history.end(), history.trace_hash());
    history.seek(seconds(2));
    assert!(history.is_in_the_past() && !history.future().is_empty());
    assert_eq!(ask(&mut history, "M", "GET k"), bulk("first"));
    assert_eq!((history.branch(), history.branches().len()), (1, 2));
    assert_eq!(history.branches()[1].name, "main·2");
    assert_eq!(ask(&mut history, "M", "SET k other"), ok());
    history.switch(0);
    history.seek(end);
    assert_eq!(history.trace_hash(), hash);
    assert_eq!(ask(&mut history, "M", "GET k"), bulk("second"));
    history.switch(1);
    assert_eq!(ask(&mut history, "M", "GET k"), bulk("other"));
    assert_eq!(history.branches().len(), 2, "waiting at the end of a branch forks nothing");
}

#[test]
fn steps_go_from_event_to_event_and_back() {
    let mut history = history("single");
    act(&mut history, "@M> SET k v");
    let mut moments = vec![history.now()];
    while history.world().console(1).last().unwrap().reply.is_none() {
        assert!(history.step());
        assert!(history.now() > *moments.last().unwrap());
        moments.push(history.now());
    }
    for moment in moments.iter().rev().skip(1) {
        assert!(history.back());
        assert_eq!(history.now(), *moment);
    }
    assert!(!history.back());
}

#[test]
fn a_script_plays_the_same_history_again() {
    let mut history = history("3-masters-busy");
    act(&mut history, "!advance 1.5s");
    act(&mut history, "@C-M> SET foo \"a b\"");
    act(&mut history, "!kill A-M");
    act(&mut history, "!advance 1.234567s");
    act(&mut history, "!restart A-M");
    act(&mut history, "!cut B-M app");
    act(&mut history, "!advance 3s");
    let script = history.to_script();
    let played = History::from_script(&script).unwrap();
    assert_eq!((played.now(), played.trace_hash()), (history.now(), history.trace_hash()), "{script}");
    assert_eq!(played.to_script(), script);
    history.seek(seconds(2));
    let script = history.to_script();
    let played = History::from_script(&script).unwrap();
    assert_eq!((played.now(), played.end(), played.trace_hash()), (seconds(2), history.end(), history.trace_hash()));
}

#[test]
fn what_is_wrong_with_a_script_is_said_with_its_line() {
    for (text, line, word) in [
        ("!scenario nowhere", 1, "nowhere"),
        ("# a comment\n\n!seed x", 3, "x"),
        ("!scenario single\n+1s !kill M\n+1s !kill N", 0, "N"),
        ("+1s @M> GET k\n+25h", 2, "25h"),
        ("+20h\n+20h\n", 2, ""),
        ("+1 !kill M", 1, "1"),
        ("!until event(Killed) limit 1s", 1, "event(Killed)"),
    ] {
        let Err(error) = History::from_script(text) else { panic!("{text} was played") };
        assert_eq!((error.line, error.word.as_str()), (line, word), "{text}: {error}");
    }
}

#[test]
fn events_name_their_causes() {
    let mut history = history("single");
    assert_eq!(ask(&mut history, "M", "SET k v"), ok());
    let trace = history.trace();
    let mut event = trace.iter().find(|event| event.event.kind() == "Answered").unwrap();
    let mut chain = vec![event.event.kind()];
    while let Some(parent) = event.parent {
        event = &trace[parent as usize];
        chain.push(event.event.kind());
    }
    let expected = ["Answered", "Arrived", "Sent", "Arrived", "Sent", "Arrived", "Sent", "Arrived", "Sent", "Asked"];
    assert_eq!(chain, expected);
}

#[test]
fn a_closed_loop_fills_a_node() {
    let mut history = history("single");
    act(&mut history, "!load fill rate=max pipeline=500 count=20000 keys=20000 read=0 dist=seq");
    act(&mut history, "!until event(LoadStopped) limit 60s");
    act(&mut history, "!advance 1s");
    let world = history.world();
    let keys = world.nodes().next().unwrap().inspect.unwrap().databases().next().unwrap().keys;
    assert_eq!(keys, 20_000);
    let ClientKind::Load(load) = world.clients().next().unwrap().kind else { panic!("a workload") };
    assert_eq!((load.stats.replies, load.stats.unsent, load.running), (20_000, 0, false));
}

#[test]
fn workers_are_rewound_replayed_and_shared() {
    let mut history = history("single");
    for line in [
        "!produce p stream=jobs rate=20 count=30",
        "!consume c stream=jobs group=crew batch=2 work=300ms fail=0.3",
        "!reap r stream=jobs group=crew idle=1s every=500ms work=10ms fail=0.3 dead=3:jobs:dead",
        "!advance 2s",
        "!cut c -> M",
        "!crash r",
        "!advance 3s",
        "!heal",
        "!restart r",
        "!advance 60s",
        "!stop c",
        "!advance 5s",
    ] {
        act(&mut history, line);
    }
    let stats = |history: &History| history.world().workers().map(|worker| worker.stats).collect::<Vec<_>>();
    let (wanted, hash) = (stats(&history), history.trace_hash());
    let done: u64 = wanted[1..].iter().map(|stats| stats.processed + stats.dead).sum();
    assert!(wanted[0].added == 30 && done >= 30 && wanted[1].unanswered > 0, "{wanted:?}");
    let end = history.now();
    history.seek(seconds(3));
    assert_ne!(stats(&history), wanted);
    history.seek(end);
    assert_eq!((stats(&history), history.trace_hash()), (wanted, hash));
    let shared = share::from_fragment(&share::to_fragment(&history.to_script())).unwrap();
    assert_eq!(History::from_script(&shared).unwrap().trace_hash(), hash, "{shared}");
}
