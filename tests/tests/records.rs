//! What is recorded reproduces what happened: random calls on one node, its records on another, the same contents.
//!
//! The second node's clock stands an hour before the first one's: nothing expires there by itself, and whatever was recorded
//! relative to a clock would show.

use kvarium_engine::base::time::Duration;
use kvarium_engine::commands::declaration::Group;
use kvarium_engine::resp::value::ReplyValue;
use kvarium_tests::calls::{Calls, KEYS, Lifetimes, encode, typed};
use kvarium_tests::contents::{DATABASES, contents, differences};
use kvarium_tests::differential::GROUPS;
use kvarium_tests::subject::{InProcess, Subject};

const SEEDS: u64 = 60;
const CALLS: usize = 300;

#[test]
fn a_second_node_that_is_fed_the_records_holds_the_same() {
    // What no real server here has is recorded all the same.
    let groups = [GROUPS, &[Group::Bloom]].concat();
    for seed in 0..SEEDS {
        let (mut first, mut second) = (InProcess::new(""), InProcess::new(""));
        second.now = second.now - Duration::from_seconds(3600);
        first.node.keep_records();
        let mut calls = Calls::new(seed, &groups, Lifetimes::Short, |_| true);
        let mut told = Vec::new();
        for _ in 0..CALLS {
            let call = calls.next_call();
            first.call(0, &encode(&call.words));
            told.push(typed(&call.words));
            feed(&mut first, &mut second, &told);
            if calls.rng().below(10) == 0 {
                let millis = calls.rng().below(400);
                first.pass(millis);
                told.push(format!("… {millis} ms"));
            }
        }
        end_what_has_expired(&mut first);
        feed(&mut first, &mut second, &told);
        let unlike = differences(&contents(&mut first, 1), &contents(&mut second, 1), 0);
        assert!(unlike.is_empty(), "seed {seed}:\n{}\n{}", told.join("\n"), unlike.join("\n"));
    }
}

/// Gives the second node what the first has recorded.
fn feed(first: &mut InProcess, second: &mut InProcess, told: &[String]) {
    let records = first.node.take_records();
    for reply in second.feed_all(&records) {
        let shown = String::from_utf8_lossy(&records).replace("\r\n", " ");
        assert!(!matches!(reply, ReplyValue::Error(_)), "{:?} is recorded as {shown}: {reply}", told.last());
    }
}

/// A key whose time has passed is there until somebody asks for it, a field until a timer finds it. No short lifetime is
/// as long as this.
fn end_what_has_expired(node: &mut InProcess) {
    node.pass(4000);
    for db in 0..DATABASES {
        node.call(0, &encode(&["SELECT", &db.to_string()]));
        KEYS.iter().for_each(|key| _ = node.call(0, &encode(&["EXISTS", key])));
    }
}
