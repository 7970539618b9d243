//! What is recorded reproduces what happened: random calls on one node, its records on another, the same contents.

use kvarium_engine::resp::value::ReplyValue;
use kvarium_tests::calls::{Calls, Lifetimes, encode, typed};
use kvarium_tests::contents::{contents, differences};
use kvarium_tests::differential::GROUPS;
use kvarium_tests::subject::{InProcess, Subject};

const SEEDS: u64 = 60;
const CALLS: usize = 300;

#[test]
fn a_second_node_that_is_fed_the_records_holds_the_same() {
    for seed in 0..SEEDS {
        let (mut first, mut second) = (InProcess::new(""), InProcess::new(""));
        first.node.keep_records();
        let mut calls = Calls::new(seed, GROUPS, Lifetimes::Short, |_| true);
        let mut told = Vec::new();
        for _ in 0..CALLS {
            let call = calls.next_call();
            told.push(typed(&call.words));
            first.call(0, &encode(&call.words));
            let records = first.node.take_records();
            for reply in second.feed_all(&records) {
                assert!(
                    !matches!(reply, ReplyValue::Error(_)),
                    "seed {seed}: {} is recorded as {}: {reply}",
                    told.last().unwrap(),
                    String::from_utf8_lossy(&records).replace("\r\n", " ")
                );
            }
            if calls.rng().below(10) == 0 {
                let millis = calls.rng().below(400);
                first.pass(millis);
                let records = first.node.take_records();
                second.feed_all(&records);
                second.pass(millis);
                told.push(format!("… {millis} ms"));
            }
        }
        let unlike = differences(&contents(&mut first, 1), &contents(&mut second, 1), 0);
        assert!(unlike.is_empty(), "seed {seed}:\n{}\n{}", told.join("\n"), unlike.join("\n"));
    }
}
