//! What a node says it holds beside what the allocator says: within a tenth, whatever the data.
//!
//! The allocator is counted by what each piece takes of it: its usable size, and the word before it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use kvarium_engine::base::time::Time;
use kvarium_engine::config::Config;
use kvarium_engine::io::{Conn, Input, Output};
use kvarium_engine::node::Node;
use kvarium_tests::client::encode;

struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    fn malloc_usable_size(piece: *mut u8) -> usize;
}

/// # Safety
/// The piece came from the system's allocator, and was not freed.
unsafe fn cost(piece: *mut u8) -> usize {
    // SAFETY: as by contract.
    if piece.is_null() { 0 } else { unsafe { malloc_usable_size(piece) + size_of::<usize>() } }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as by the caller's contract; the piece was just made.
        unsafe {
            let piece = System.alloc(layout);
            HELD.fetch_add(cost(piece), Ordering::Relaxed);
            piece
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as by the caller's contract; the piece was just made.
        unsafe {
            let piece = System.alloc_zeroed(layout);
            HELD.fetch_add(cost(piece), Ordering::Relaxed);
            piece
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        // SAFETY: as by the caller's contract; it is counted before it is freed.
        unsafe {
            HELD.fetch_sub(cost(piece), Ordering::Relaxed);
            System.dealloc(piece, layout);
        }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

struct Server {
    node: Node,
}

impl Server {
    fn new() -> Server {
        let mut node = Node::new(Config::default(), 1).expect("the defaults can be taken");
        node.handle(NOW, Input::Started).for_each(drop);
        let accepted = Input::Accepted { conn: CONN, peer: "127.0.0.1:1", local: "127.0.0.1:2", unix: false };
        node.handle(NOW, accepted).for_each(drop);
        Server { node }
    }

    fn run(&mut self, words: &[&str]) {
        let bytes = encode(words);
        let mut sent = 0;
        for output in self.node.handle(NOW, Input::Received { conn: CONN, bytes: &bytes }) {
            if let Output::Send { bytes, .. } = output {
                assert!(!bytes.starts_with(b"-"), "{words:?}: {}", String::from_utf8_lossy(bytes));
                sent = bytes.len();
            }
        }
        self.node.handle(NOW, Input::Sent { conn: CONN, count: sent }).for_each(drop);
    }

    /// What it says it holds: all that its account lists.
    fn says(&self) -> usize {
        let account = self.node.inspect().account();
        assert_eq!(account.total(), self.node.inspect().memory());
        account.total() + account.spare
    }
}

const NOW: Time = Time::from_millis(1_700_000_000_000);
const CONN: Conn = Conn(0);

/// A set of data: its name, how many items, and how an item is written.
type DataSet = (&'static str, u64, fn(&mut Server, u64, &str));

/// Those whose memory `cargo xtask bench memory` compares with real servers, and more. Large tables have so many items that
/// the memory which they have asked for and not yet used is no matter.
const SETS: &[DataSet] = &[
    ("str16", 60_000, |server, _, item| server.run(&["SET", &format!("k{item}"), item])),
    ("str16ex", 60_000, |server, _, item| server.run(&["SET", &format!("k{item}"), item, "EX", "10000"])),
    ("strint", 60_000, |server, n, item| server.run(&["SET", &format!("k{item}"), &n.to_string()])),
    ("str100", 60_000, |server, _, item| server.run(&["SET", &format!("k{item}"), &item.repeat(7)])),
    ("str2000", 5_000, |server, _, item| server.run(&["SET", &format!("k{item}"), &item.repeat(130)])),
    ("hash10", 6_000, |server, _, item| {
        let (key, fields) = (format!("h{item}"), (0..10).map(|n| format!("field:{n}")).collect::<Vec<_>>());
        let words: Vec<&str> = fields.iter().flat_map(|field| [field.as_str(), item]).collect();
        server.run(&[&["HSET", &key], &words[..]].concat());
    }),
    ("hash", 300_000, |server, _, item| server.run(&["HSET", "h", item, item])),
    ("set", 300_000, |server, _, item| server.run(&["SADD", "s", item])),
    ("zset", 300_000, |server, n, item| server.run(&["ZADD", "z", &(n as f64 * 0.5).to_string(), item])),
    ("list", 60_000, |server, _, item| server.run(&["RPUSH", "l", item])),
    ("stream", 60_000, |server, n, item| server.run(&["XADD", "x", &format!("{n}-1"), "one", item, "two", item])),
    ("queue", 60_000, |server, n, item| {
        server.run(&["RPUSH", &format!("q{}", n % 500), item]);
    }),
    ("subscriptions", 5_000, |server, n, item| {
        let conn = Conn(1 + n as u32);
        let accepted = Input::Accepted { conn, peer: "127.0.0.1:1", local: "127.0.0.1:2", unix: false };
        server.node.handle(NOW, accepted).for_each(drop);
        let bytes = encode(&["SUBSCRIBE", item]);
        let mut sent = 0;
        for output in server.node.handle(NOW, Input::Received { conn, bytes: &bytes }) {
            if let Output::Send { bytes, .. } = output {
                sent = bytes.len();
            }
        }
        server.node.handle(NOW, Input::Sent { conn, count: sent }).for_each(drop);
    }),
    ("watches", 20_000, |server, _, item| server.run(&["WATCH", &format!("k{item}")])),
];

/// One test, so that nothing else allocates meanwhile.
#[test]
fn what_a_node_says_it_holds_is_what_it_was_given() {
    let mut table = String::new();
    let mut wrong = Vec::new();
    for (name, count, write) in SETS {
        let mut server = Server::new();
        server.run(&["PING"]);
        let (held, said) = (HELD.load(Ordering::Relaxed), server.says());
        (1..=*count).for_each(|n| write(&mut server, n, &format!("{n:016}")));
        let (held, said) = (HELD.load(Ordering::Relaxed) - held, server.says() - said);
        let off = (said as f64 / held as f64 - 1.0) * 100.0;
        writeln!(table, "{name:>14}: {said:>9} said, {held:>9} held, {off:+.1} %")
            .expect("memory takes what is written");
        if off.abs() > 10.0 {
            wrong.push(*name);
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:?}\n{table}");
}
