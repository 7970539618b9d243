//! What must hold for any bytes at all: one function a reader of outside bytes. `fuzz/` feeds them for hours, guided by
//! coverage; `cargo test` feeds them a short, seeded run of mutations.

use kvarium_engine::base::hash::crc64;
use kvarium_engine::base::rng::Rng;
use kvarium_engine::base::time::Time;
use kvarium_engine::config::Config;
use kvarium_engine::io::{Conn, Input, Output};
use kvarium_engine::node::Node;
use kvarium_engine::resp::decode::{Batch, Limits, Progress};
use kvarium_engine::resp::value::ReplyValue;
use kvarium_engine::types::hyperloglog::{self as hll, Registers};
use kvarium_engine::world::journal::History;
use kvarium_engine::world::predicate::Predicate;
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::Action;
use kvarium_engine::world::share;
use kvarium_engine::world::witness::Goal;

use crate::calls::encode;

/// A target: its name, what to feed it, and inputs that show what it reads.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub examples: &'static [&'static [u8]],
}

pub const TARGETS: &[Target] = &[
    Target { name: "decode", run: decode, examples: COMMANDS },
    Target { name: "node", run: node, examples: COMMANDS },
    Target { name: "reply", run: reply, examples: REPLIES },
    Target { name: "config", run: config, examples: CONFIGS },
    Target { name: "link", run: link, examples: LINKS },
    Target { name: "hyperloglog", run: hyperloglog, examples: HYPERLOGLOGS },
    Target { name: "restore", run: restore, examples: VALUES },
    Target { name: "predicate", run: predicate, examples: PREDICATES },
];

const COMMANDS: &[&[u8]] = &[
    b"\x05*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    b"\x01SET k \"a b\\x41\\n\"\r\nGET k\r\nPING 'it\\'s'\r\n",
    b"\x03*1\r\n$4\r\nPING\r\n*0\r\n*-1\r\n\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
    b"\x02*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\nMULTI\r\nSET a 1\r\nEXEC\r\n",
    b"\x07SUBSCRIBE a\r\nPUBLISH a m\r\nRESET\r\nCONFIG GET *\r\nSET k v PX 1\r\nSCAN 0\r\nOBJECT ENCODING k\r\n",
    b"\x00*1\r\n$536870912\r\n",
];

const REPLIES: &[&[u8]] = &[
    b"*3\r\n:1\r\n%1\r\n$1\r\na\r\n_\r\n=6\r\ntxt:hi\r\n",
    b">2\r\n+message\r\n,1.5\r\n",
    b"~1\r\n#t\r\n|1\r\n+a\r\n+b\r\n(12345678901234567890\r\n",
    b"$-1\r\n*-1\r\n-ERR no\r\n",
];

const CONFIGS: &[&[u8]] = &[
    b"# comment\nport 7000\nmaxmemory 100mb\nrequirepass \"a b\\x41\"\n",
    b"client-output-buffer-limit normal 0 0 0 pubsub 32mb 8mb 60\nnotify-keyspace-events KEA\n",
    b"rename-command flushall \"\"\nbind 127.0.0.1 ::1\nhz 500\ncluster-enabled yes\ncluster-static-slots a:1 0-16383\n",
];

const LINKS: &[&[u8]] = &[
    b"#v1.AQUA-v9hIGJ5dA",
    b"v1.AwA",
    b"!scenario 3-masters\n!seed 42\n+1s @A-M> SET k v\n!cut A-M B-M\n!until event(Moved)\n",
    b"!scenario single\n!seed 1\n!database d capacity=50\n!app a db=d rate=90 dist=hot:9:0.5:99 ttl=1s jitter=1s attack=0.5:9 null=1s lock bloom\n!load w dist=zipf:1.1 scan=0.1 seed=7\n+3s !stop a\n",
];

const PREDICATES: &[&[u8]] = &[
    b"before(predicted(ttl), ran(\"TTL *\", node=M, reply == -1, count != 2) >= 2) and not event(Removed, has=\"k\")",
    b"within(event(Killed, node=A-M) > 1, event(Started), 1.5s) or always(state(type of \"a b\", db=3, at=f) ~ nil)",
    b"before(event(DbOverload), state(calm of shop) >= 20) and state(ratio of w) > 90 and state(queue of db) == 0",
    b"(answer(link) == \"A-S \\\"C-M\") or never(state(keys, node=M) <= 0.5) and (state(config of maxmemory) == 1)",
];

const HYPERLOGLOGS: &[&[u8]] = &[
    b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff",
    b"HYLL\x01\0\0\0\x03\0\0\0\0\0\0\0\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a",
    b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x80\x27\x80\x3b\x88\x90\x89\x7f\x96\xfc\x3f\x8b\x40\x00",
];

/// DUMP payloads without their footers: every type of Redis 7.0 and Valkey 9.1, and of their ancestors.
const VALUES: &[&[u8]] = &[
    b"\x00\xc0\x7b",
    b"\x00\x05hello",
    b"\x00\xc3\x09\x40d\x01aa\xe0W\x00\x01aa",
    b"\x01\x02\x01a\xc0\x05",
    b"\x02\x03\x01a\xc0\x01\xc1\x00\x02",
    b"\x03\x02\x01a\x031.5\x01b\xff",
    b"\x04\x02\x01a\xc0\x05\x01b\x03xyz",
    b"\x05\x02\x01a\0\0\0\0\0\0\xf8\x3f\x01b\0\0\0\0\0\0\xf0\xbf",
    b"\x09\x0d\x01\x01a\x03\x00bcd\x01x\x01\x01y.\xff",
    b"\x0a\x11\x11\0\0\0\x0c\0\0\0\x02\0\x00\xf2\x02\x02hi\xff",
    b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x01\0\x02\0",
    b"\x0c\x11\x11\0\0\0\x0e\0\0\0\x02\0\x00\x02hi\x04\xf3\xff",
    b"\x0d\x17\x17\0\0\0\x12\0\0\0\x02\0\x00\x06abcdef\x08\xc0\x10\x20\xff",
    b"\x0e\x02\x11\x11\0\0\0\x0c\0\0\0\x02\0\x00\xf2\x02\x02hi\xff\x11\x11\0\0\0\x0c\0\0\0\x02\0\x00\xf2\x02\x02hi\xff",
    b"\x10\x13\x13\0\0\0\x04\0\x81f\x02\x81v\x02\x81g\x02\x81w\x02\xff",
    b"\x11\x0f\x0f\0\0\0\x02\0\x81a\x02\x831.5\x04\xff",
    b"\x12\x02\x01\x03abc\x02\x10\x10\0\0\0\x03\0\x01\x01\x02\x01\x83abc\x04\xff",
    b"\x14\x0c\x0c\0\0\0\x02\0\x81a\x02\x01\x01\xff",
    b"\x07\x81nZ(\x99\xf9m\xaf\xff\x02\x01\x02\x02\x04\0\0\0\0\0\0\xe0?\x04\0\0\0\0\0\0\xe0?\x05\x20ssssssssssssssssssssssssssssssss\x02\x01\x02\x01\x05\x08\x01\0\0\0\0\0\0\0\0",
    b"\x16\x02\x01f\x01v\xe0iL\xa6,\x1e\0\0\x01g\x01w\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01<<\x00\x00\x00\x18\x00\
        \x02\x01\x01\x01\x01\x01\x81a\x02\x00\x01\x02\x01\x00\x01\x00\x01\x01\x01\x04\x01\x01\x01\x01\x01\
        \xdf\xff\x02\x02\x01\x81b\x02\x02\x01\x81c\x02\x03\x01\x08\x01\x02\x01\x02\x01\xdf\xff\x02\x04\x01\
        \x04\x01\xff\x02\x03\x00\x01\x01\x02\x00\x03\x01\x01g\x02\x00\x02\x02\x00\x00\x00\x00\x00\x00\x00\
        \x01\x00\x00\x00\x00\x00\x00\x00\x01\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\
        \x02\x00\x00\x00\x00\x00\x00\x00\x00;\x1a\x0d\x13\xa2\x01\x00\x00\x01\x02\x01c;\x1a\x0d\x13\xa2\x01\
        \x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01d;\x1a\x0d\x13\xa2\
        \x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\x15\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01<<\x00\x00\x00\x18\x00\
        \x02\x01\x01\x01\x01\x01\x81a\x02\x00\x01\x02\x01\x00\x01\x00\x01\x01\x01\x04\x01\x01\x01\x01\x01\
        \xdf\xff\x02\x02\x01\x81b\x02\x02\x01\x81c\x02\x03\x01\x08\x01\x02\x01\x02\x01\xdf\xff\x02\x04\x01\
        \x04\x01\xff\x02\x03\x00\x01\x01\x02\x00\x03\x01\x01g\x02\x00\x02\x02\x00\x00\x00\x00\x00\x00\x00\
        \x01\x00\x00\x00\x00\x00\x00\x00\x01\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\
        \x02\x00\x00\x00\x00\x00\x00\x00\x00;\x1a\x0d\x13\xa2\x01\x00\x00\x01\x02\x01c;\x1a\x0d\x13\xa2\x01\
        \x00\x00\xe8\x03\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\
        \x00\x00\x01d;\x1a\x0d\x13\xa2\x01\x00\x00\xe8\x03\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\
        \x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\x0f\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01<<\x00\x00\x00\x18\x00\
        \x02\x01\x01\x01\x01\x01\x81a\x02\x00\x01\x02\x01\x00\x01\x00\x01\x01\x01\x04\x01\x01\x01\x01\x01\
        \xdf\xff\x02\x02\x01\x81b\x02\x02\x01\x81c\x02\x03\x01\x08\x01\x02\x01\x02\x01\xdf\xff\x02\x04\x01\
        \x04\x01\xff\x02\x03\x00\x01\x01g\x02\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\
        \x00\x00\x01\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\
        \x00\x00\x00;\x1a\x0d\x13\xa2\x01\x00\x00\x01\x02\x01c;\x1a\x0d\x13\xa2\x01\x00\x00\x01\x00\x00\x00\
        \x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01d;\x1a\x0d\x13\xa2\x01\x00\x00\x01\x00\x00\
        \x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\x0f\x01\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00",
];

fn frames(bytes: &[u8], chunk: usize) -> (Vec<Vec<Vec<u8>>>, Option<String>) {
    let limits = Limits { bulk: 512 << 20, args: i32::MAX as i64 };
    let (mut batch, mut progress) = (Batch::default(), Progress::default());
    let (mut unread, mut all) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(chunk.max(1)) {
        unread.extend_from_slice(piece);
        loop {
            let outcome = batch.decode(&unread, 0, &mut progress, limits, 8);
            for index in 0..batch.len() {
                all.push(batch.args(index, &unread).iter().map(<[u8]>::to_vec).collect());
            }
            unread.drain(..batch.last_end(0));
            match outcome {
                Err(error) => return (all, Some(error.0.into_owned())),
                Ok(()) if batch.is_empty() => break,
                Ok(()) => {}
            }
        }
    }
    (all, None)
}

/// The commands in some bytes, and the error that ends them, do not depend on how the bytes arrive.
fn decode(input: &[u8]) {
    let Some((&chunk, bytes)) = input.split_first() else { return };
    let whole = frames(bytes, usize::MAX);
    let pieces = frames(bytes, 1 + chunk as usize % 16);
    assert_eq!(whole.0, pieces.0);
    assert_eq!(whole.1, pieces.1);
}

/// A client may send anything: the node answers or ends it, holds no more than it was sent, and serves the next one.
fn node(input: &[u8]) {
    let Some((&chunk, bytes)) = input.split_first() else { return };
    let now = Time::from_millis(1_700_000_000_000);
    let mut node = Node::new(Config::default(), 7).expect("the defaults are valid");
    perform(&mut node, now, Input::Started);
    accept(&mut node, now, Conn(0));
    let before = node.inspect().memory();
    for piece in bytes.chunks(1 + chunk as usize) {
        if perform(&mut node, now, Input::Received { conn: Conn(0), bytes: piece }).closed {
            break;
        }
    }
    assert!(
        node.inspect().memory().saturating_sub(before) < 64 * 1024 + 64 * bytes.len(),
        "memory grows with what was sent"
    );
    accept(&mut node, now, Conn(1));
    let reply = perform(&mut node, now, Input::Received { conn: Conn(1), bytes: b"PING\r\n" }).sent;
    // A script may have shut the node down, set a password, or taken the last place.
    assert!(reply.ends_with(b"\r\n") || reply.is_empty());
}

#[derive(Default)]
struct Performed {
    sent: Vec<u8>,
    closed: bool,
}

fn accept(node: &mut Node, now: Time, conn: Conn) {
    perform(node, now, Input::Accepted { conn, peer: "127.0.0.1:1", local: "127.0.0.1:6379", unix: false });
}

fn perform(node: &mut Node, now: Time, input: Input<'_>) -> Performed {
    let (mut done, mut sends) = (Performed::default(), Vec::new());
    for output in node.handle(now, input) {
        match output {
            Output::Send { conn, bytes } => {
                done.sent.extend_from_slice(bytes);
                sends.push((conn, bytes.len()));
            }
            Output::Close { conn: Conn(0) } => done.closed = true,
            _ => {}
        }
    }
    for (conn, count) in sends {
        let more = perform(node, now, Input::Sent { conn, count });
        done.sent.extend(more.sent);
        done.closed |= more.closed;
    }
    done
}

/// A string that says it is a HyperLogLog is counted, merged, added to and made dense, or refused by all that read it
/// whole; it stays as long as such a string may be.
fn hyperloglog(bytes: &[u8]) {
    if !hll::is_one(bytes) {
        return;
    }
    let (count, mut merged, mut dense) = (hll::count(bytes), Registers::default(), bytes.to_vec());
    assert_eq!(merged.merge(bytes).is_ok(), count.is_ok());
    assert_eq!(hll::make_dense(&mut dense).is_ok(), count.is_ok());
    if let Ok(count) = count {
        assert_eq!((merged.count(), hll::count(&dense)), (count, Ok(count)));
    }
    let mut added = bytes.to_vec();
    for element in 0..8u8 {
        let before = added.clone();
        if hll::add(&mut added, &[element], 3000).is_err() {
            assert_eq!(added, before);
        }
        assert!(hll::is_one(&added) && added.len() <= bytes.len().max(12304) + 32);
    }
    assert!(hll::decode(bytes).len() <= bytes.len() * 8);
    assert!(merged.store(&mut added, 3000).is_ok() || count.is_err());
}

/// A reply is read whole or not at all, and its length is within the bytes.
fn reply(input: &[u8]) {
    if let Ok(Some((_, length))) = ReplyValue::decode(input) {
        assert!(length <= input.len());
        assert_eq!(ReplyValue::decode(&input[..length - 1]), Ok(None));
    }
}

/// A predicate is taken or refused; what is taken is written so that it means the same, and a world can watch for it.
fn predicate(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let Ok(check) = Predicate::parse(text) else { return };
    assert_eq!(Predicate::parse(&check.to_string()).as_ref(), Ok(&check), "{text}");
    let goals = [Goal { check, truth: None }];
    let Ok(mut history) = History::watched(&Scenario::single(), 1, &goals) else { return };
    for line in ["!begin", "@M> SET k v", "!answer link 1", "!advance 2ms"] {
        history.act(Action::parse(line).expect("an action")).expect("it can be done");
    }
    let witness = history.world().witness().expect("it watches");
    assert_eq!(witness.reached(0).is_some(), witness.shortfalls(0).is_empty(), "{text}");
}

/// A link's script is text, and each of its lines is an action or refused.
fn link(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let script = share::from_fragment(text).unwrap_or_else(|_| text.into());
    for line in script.lines() {
        if let Ok(action) = Action::parse(line) {
            assert_eq!(Action::parse(&action.to_string()).as_ref(), Ok(&action), "{line}");
        }
    }
}

/// A configuration that is taken is written so that it reads the same.
fn config(input: &[u8]) {
    let Ok(config) = Config::parse(&String::from_utf8_lossy(input)) else { return };
    let text = config.to_text();
    let again = Config::parse(&text).expect("what was written can be read");
    assert_eq!(again.to_text(), text);
    let _ = Node::new(again, 1);
}

/// Anything may be restored, with a footer that is right: it is taken or refused, and what is taken can be walked, changed and
/// dumped again.
fn restore(input: &[u8]) {
    let version: u16 = if input.first() == Some(&22) { 80 } else { 10 };
    let mut payload = [input, &version.to_le_bytes()].concat();
    payload.extend_from_slice(&crc64(0, &payload).to_le_bytes());
    let now = Time::from_millis(1_700_000_000_000);
    let mut node = Node::new(Config::default(), 7).expect("the defaults are valid");
    perform(&mut node, now, Input::Started);
    accept(&mut node, now, Conn(0));
    let before = node.inspect().memory();
    let mut ask = |words: &[&[u8]]| {
        let sent = perform(&mut node, now, Input::Received { conn: Conn(0), bytes: &encode(words) }).sent;
        ReplyValue::decode(&sent).expect("a valid reply").expect("a whole reply").0
    };
    if matches!(ask(&[b"RESTORE", b"k", b"0", &payload]), ReplyValue::Error(_)) {
        return;
    }
    let dumped = ask(&[b"DUMP", b"k"]);
    let ReplyValue::Bulk(dumped) = dumped else { panic!("{dumped} is no payload") };
    assert_eq!(ask(&[b"RESTORE", b"copy", b"0", &dumped]).to_string(), "OK");
    let kind = ask(&[b"TYPE", b"k"]).to_string();
    let (walk, changes): (&[&[u8]], &[&[&[u8]]]) = match kind.as_str() {
        "string" => (&[b"GET"], &[&[b"APPEND", b"k", b"x"], &[b"SETRANGE", b"k", b"3", b"y"]]),
        "list" => (
            &[b"LRANGE", b"0", b"-1"],
            &[&[b"LPUSH", b"k", b"x"], &[b"LSET", b"k", b"-1", b"y"], &[b"LPOP", b"k", b"2"], &[b"RPUSH", b"k", b"z"]],
        ),
        "set" => (&[b"SMEMBERS"], &[&[b"SADD", b"k", b"x", b"1"], &[b"SREM", b"k", b"a"]]),
        "zset" => (&[b"ZRANGE", b"0", b"-1"], &[&[b"ZADD", b"k", b"3", b"x", b"1", b"a"], &[b"ZREM", b"k", b"b"]]),
        "bloomfltr" => (&[b"BF.MEXISTS", b"a", b"b"], &[&[b"BF.MADD", b"k", b"x", b"y", b"z"]]),
        "stream" => (
            &[b"XRANGE", b"-", b"+"],
            &[
                &[b"XGROUP", b"CREATE", b"k", b"some group", b"0"],
                &[b"XREADGROUP", b"GROUP", b"some group", b"c", b"STREAMS", b"k", b">"],
                &[b"XREADGROUP", b"GROUP", b"some group", b"c", b"STREAMS", b"k", b"0"],
                &[b"XAUTOCLAIM", b"k", b"some group", b"d", b"0", b"0"],
                &[b"XDEL", b"k", b"1-1", b"2-1"],
                &[b"XTRIM", b"k", b"MAXLEN", b"1"],
                &[b"XREVRANGE", b"k", b"+", b"-"],
                &[b"XINFO", b"STREAM", b"k", b"FULL"],
                &[b"XGROUP", b"DESTROY", b"k", b"some group"],
            ],
        ),
        _ => (
            &[b"HGETALL"],
            &[&[b"HSET", b"k", b"x", b"y"], &[b"HEXPIRE", b"k", b"9", b"FIELDS", b"1", b"x"], &[b"HDEL", b"k", b"f"]],
        ),
    };
    let mut walked = |key: &[u8]| ask(&[&walk[..1], &[key], &walk[1..]].concat()).to_string().len();
    assert_eq!(walked(b"k"), walked(b"copy"), "what was dumped is what was restored");
    for change in changes {
        let reply = ask(change);
        assert!(!matches!(reply, ReplyValue::Error(_)), "{reply}");
    }
    ask(&[&walk[..1], &[b"k"], &walk[1..]].concat());
    assert!(matches!(ask(&[b"DUMP", b"k"]), ReplyValue::Bulk(_)));
    // Three bytes of LZF say up to 264 others, and each of those may be an element of a table.
    let held = node.inspect().memory().saturating_sub(before);
    assert!(held < 256 * 1024 + 8192 * input.len(), "{held} bytes of {}", input.len());
}

/// Feeds a target `runs` inputs: its examples, cut, joined, and with bytes changed. A seed gives the same inputs again.
pub fn mutations(target: &Target, seed: u64, runs: u64) {
    let mut rng = Rng::new(seed);
    let pick = |rng: &mut Rng| target.examples[rng.below(target.examples.len() as u64) as usize];
    for _ in 0..runs {
        let mut input = pick(&mut rng).to_vec();
        for _ in 0..rng.below(6) {
            let at = rng.below(input.len() as u64 + 1) as usize;
            match rng.below(5) {
                0 => input.truncate(at),
                1 => input.insert(at, rng.bits() as u8),
                2 => {
                    let other = pick(&mut rng);
                    input.splice(at..at, other[rng.below(other.len() as u64) as usize..].iter().copied());
                }
                3 if at < input.len() => input[at] = b"0123456789*$\r\n-\"' "[rng.below(18) as usize],
                _ if at < input.len() => input[at] ^= 1 << rng.below(8),
                _ => {}
            }
        }
        (target.run)(&input);
    }
}
