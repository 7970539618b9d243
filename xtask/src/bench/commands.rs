//! How long a command on a value of a million elements keeps everybody else waiting: one connection sends it, and another
//! one a PING at the same moment.

use super::Options;
use super::contestant::{Contestant, Running};
use super::resp::Batch;
use super::table::{self, Better, median, ratio};
use anyhow::{Context, Result};
use std::iter::repeat_n;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Values of one type, and what is done with them.
struct Kind {
    name: &'static str,
    /// So many times `add` is called: with numbers from 0 on.
    count: u64,
    add: fn(u64, &mut Batch),
    trials: &'static [Trial],
}

/// A command under measurement. `w` is the key that may be written to; it is not there unless a copy is asked for.
struct Trial {
    /// Its words with blanks between them; `<KEY>` is what DUMP says of a key.
    command: &'static str,
    /// The key that `w` is a copy of.
    copied: Option<&'static str>,
    /// So often it is sent, in one piece: commands that are over too soon are measured together.
    times: usize,
}

const fn on(command: &'static str) -> Trial {
    Trial { command, copied: None, times: 1 }
}

const fn on_copy(copied: &'static str, command: &'static str) -> Trial {
    Trial { command, copied: Some(copied), times: 1 }
}

/// Before each command, so that nothing is still being freed.
const REST: Duration = Duration::from_millis(400);
const MILLION: u64 = 1_000_000;

const KINDS: [Kind; 7] = [
    Kind {
        name: "set",
        count: MILLION,
        add: |item, batch| {
            batch.add(&[b"SADD", b"s", member(item).as_bytes()]);
            batch.add(&[b"SADD", b"s2", member(item + MILLION / 2).as_bytes()]);
        },
        trials: &[
            on("SMEMBERS s"),
            on("SUNION s s2"),
            on("SINTER s s2"),
            on("SDIFF s s2"),
            on("SINTERCARD 2 s s2"),
            on("SUNIONSTORE w s s2"),
            on("SINTERSTORE w s s2"),
            on("SDIFFSTORE w s s2"),
            on_copy("s2", "SUNIONSTORE w s s"),
            on("SRANDMEMBER s 100000"),
            on("SRANDMEMBER s -100000"),
            on_copy("s", "SPOP w 100000"),
            on_copy("s", "SPOP w 900000"),
            on_copy("s", "SMOVE w s2 member:000000001"),
            on("SORT s ALPHA LIMIT 0 10"),
            on("COPY s w"),
            on_copy("s", "DEL w"),
            on_copy("s", "UNLINK w"),
            on_copy("s", "SET w text"),
            on_copy("s", "RENAME w w2"),
            on("DUMP s"),
            on("RESTORE w 0 <s>"),
        ],
    },
    Kind {
        name: "zset",
        count: MILLION,
        add: |item, batch| {
            let score = (item * 7919 % 1_000_003).to_string();
            batch.add(&[b"ZADD", b"z", score.as_bytes(), member(item).as_bytes()]);
            batch.add(&[b"ZADD", b"z2", score.as_bytes(), member(item + MILLION / 2).as_bytes()]);
        },
        trials: &[
            on("ZRANGE z 0 -1"),
            on("ZRANGE z 0 -1 REV WITHSCORES"),
            on("ZRANGEBYSCORE z -inf +inf"),
            on("ZRANGESTORE w z 0 -1"),
            on("ZUNIONSTORE w 2 z z2"),
            on("ZINTERSTORE w 2 z z2"),
            on("ZDIFFSTORE w 2 z z2"),
            on("ZINTERCARD 2 z z2"),
            on_copy("z", "ZREMRANGEBYRANK w 0 499999"),
            on_copy("z", "ZREMRANGEBYSCORE w 250000 750000"),
            on_copy("z", "ZPOPMIN w 100000"),
            on("ZRANDMEMBER z 100000"),
            on("COPY z w"),
            on_copy("z", "DEL w"),
            on_copy("z", "UNLINK w"),
            on("DUMP z"),
            on("RESTORE w 0 <z>"),
        ],
    },
    Kind {
        name: "list",
        count: MILLION,
        add: |item, batch| {
            batch.add(&[b"RPUSH", b"l", format!("item:{item:011}").as_bytes()]);
            batch.add(&[b"RPUSH", b"n", (item * 7919 % 1_000_003).to_string().as_bytes()]);
        },
        trials: &[
            on("LRANGE l 0 -1"),
            Trial { times: 100, ..on("LINDEX l 500000") },
            Trial { times: 100, ..on("LRANGE l 500000 500010") },
            Trial { times: 100, ..on_copy("l", "LSET w 500000 x") },
            on("LPOS l item:00000500000"),
            on_copy("l", "LINSERT w BEFORE item:00000500000 x"),
            on_copy("l", "LREM w 0 item:00000500000"),
            on_copy("l", "LTRIM w 250000 750000"),
            on("SORT n LIMIT 0 10"),
            on("SORT n STORE w"),
            on("COPY l w"),
            on_copy("l", "DEL w"),
            on_copy("l", "UNLINK w"),
            on("DUMP l"),
            on("RESTORE w 0 <l>"),
        ],
    },
    Kind {
        name: "hash",
        count: MILLION,
        add: |item, batch| batch.add(&[b"HSET", b"h", format!("field:{item:010}").as_bytes(), b"vvvvvvvvvvvvvvvv"]),
        trials: &[
            on("HGETALL h"),
            on("HKEYS h"),
            on("HVALS h"),
            on("HRANDFIELD h 100000"),
            on("COPY h w"),
            on_copy("h", "DEL w"),
            on_copy("h", "UNLINK w"),
            on("DUMP h"),
            on("RESTORE w 0 <h>"),
        ],
    },
    Kind {
        name: "string",
        // Strings of 100 MB, and HyperLogLogs.
        count: 100,
        add: |item, batch| {
            let piece = |factor: u64| (0..MILLION).map(|at| ((at * at * factor) >> 8) as u8).collect::<Vec<_>>();
            batch.add(&[b"APPEND", b"t", &piece(item + 3)]);
            batch.add(&[b"APPEND", b"t2", &piece(item + 1003)]);
            for counter in 0..30 {
                let elements: Vec<_> = (0..300).map(|n| member(item * 300 + n + counter * 10_000)).collect();
                let mut words = vec![b"PFADD".to_vec(), format!("p{counter}").into_bytes()];
                words.extend(elements.into_iter().map(String::into_bytes));
                batch.add(&words.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }
        },
        trials: &[
            on("BITCOUNT t"),
            on("BITOP AND w t t2"),
            on("BITOP OR w t t2"),
            on("BITOP XOR w t t2"),
            on("BITOP NOT w t"),
            on_copy("t", "SETRANGE w 50000000 x"),
            on_copy("t", "SETRANGE w 110000000 x"),
            on_copy("t", "APPEND w x"),
            on("GET t"),
            on("COPY t w"),
            on_copy("t", "DEL w"),
            Trial { times: 10, ..on("PFMERGE w p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15") },
            Trial { times: 10, ..on("PFCOUNT p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15") },
        ],
    },
    Kind {
        name: "stream",
        count: MILLION,
        // All of it is pending for one consumer.
        add: |item, batch| {
            if item == 0 {
                batch.add(&[b"XGROUP", b"CREATE", b"x", b"g", b"0", b"MKSTREAM"]);
            }
            batch.add(&[b"XADD", b"x", format!("{}-1", item + 1).as_bytes(), b"field", b"value"]);
            batch.add(&[b"XREADGROUP", b"GROUP", b"g", b"c", b"STREAMS", b"x", b">"]);
        },
        trials: &[
            on("XRANGE x - +"),
            on("XREVRANGE x + -"),
            Trial { times: 100, ..on("XINFO STREAM x") },
            Trial { times: 100, ..on("XRANGE x 500000 + COUNT 10") },
            Trial { times: 100, ..on("XPENDING x g 500000 + 10") },
            on("XPENDING x g - + 1000000"),
            on_copy("x", "XAUTOCLAIM w g d 0 0 COUNT 100000 JUSTID"),
            on_copy("x", "XGROUP DESTROY w g"),
            on_copy("x", "XGROUP DELCONSUMER w g c"),
            on_copy("x", "XTRIM w MAXLEN 0"),
            on_copy("x", "XTRIM w MINID 500050"),
            on("COPY x w"),
            on_copy("x", "DEL w"),
            on("DUMP x"),
            on("RESTORE w 0 <x>"),
        ],
    },
    Kind {
        name: "geo",
        count: MILLION,
        add: |item, batch| {
            let longitude = (item * 7919 % 360_000) as f64 / 1000.0 - 180.0;
            let latitude = (item * 104_729 % 170_000) as f64 / 1000.0 - 85.0;
            let (longitude, latitude) = (longitude.to_string(), latitude.to_string());
            batch.add(&[b"GEOADD", b"g", longitude.as_bytes(), latitude.as_bytes(), member(item).as_bytes()]);
        },
        trials: &[
            on("GEOSEARCH g FROMLONLAT 10 50 BYRADIUS 1000 km"),
            on("GEOSEARCH g FROMLONLAT 10 50 BYRADIUS 4000 km ASC COUNT 10"),
            on("GEOSEARCH g FROMLONLAT 10 50 BYBOX 4000 2000 km ASC WITHDIST WITHCOORD"),
            on("GEOSEARCHSTORE w g FROMLONLAT 10 50 BYRADIUS 3000 km"),
        ],
    },
];

/// 16 bytes.
fn member(item: u64) -> String {
    format!("member:{item:09}")
}

impl Trial {
    fn name(&self) -> String {
        let times = if self.times > 1 { format!(" × {}", self.times) } else { String::new() };
        let copied = self.copied.map_or(String::new(), |key| format!(" (w: {key})"));
        format!("{}{times}{copied}", self.command)
    }

    fn word(&self) -> String {
        self.command.split(' ').next().unwrap_or_default().to_lowercase()
    }
}

/// Every server is filled once; then they take turns at each command.
pub fn run(contestants: &[Contestant], options: &Options) -> Result<()> {
    let head = ["PING waits, ms".to_string()].into_iter().chain(contestants.iter().map(|one| one.name.clone()));
    let head: Vec<_> = head.chain(["ours to best".to_string()]).collect();
    for kind in &KINDS {
        let names = |trial: &Trial| [kind.name.into(), trial.word(), format!("{}/{}", kind.name, trial.word())];
        let wanted = |trial: &&Trial| names(trial).iter().any(|name| options.takes(name));
        let trials: Vec<_> = kind.trials.iter().filter(wanted).collect();
        if trials.is_empty() {
            continue;
        }
        let running = contestants.iter().map(Contestant::start).collect::<Result<Vec<_>>>()?;
        let count = if options.quick { kind.count / 10 } else { kind.count };
        for server in &running {
            server.client()?.fill(count, 1000.min(count as usize), kind.add)?;
        }
        let mut rows = Vec::new();
        for trial in trials {
            let figures = measure(&running, trial, options).with_context(|| trial.name())?;
            let mut row = vec![trial.name()];
            row.extend(figures.iter().map(|figure| format!("{figure:.3}")));
            row.push(ratio(&figures, Better::Less).map_or(String::new(), |ratio| format!("{ratio:.2}")));
            rows.push(row);
        }
        println!("\n{}", kind.name);
        table::print(&head, &rows);
    }
    Ok(())
}

/// Each server's median.
fn measure(running: &[Running], trial: &Trial, options: &Options) -> Result<Vec<f64>> {
    let mut waits = vec![Vec::new(); running.len()];
    for round in 0..options.rounds.unwrap_or(if options.quick { 3 } else { 5 }) {
        for turn in 0..running.len() {
            let which = (turn + round) % running.len();
            waits[which].push(wait(&running[which], trial)?.as_secs_f64() * 1000.0);
        }
    }
    Ok(waits.iter().map(|waits| median(waits)).collect())
}

/// The longest that a PING takes from the moment the command is sent until its reply comes.
fn wait(server: &Running, trial: &Trial) -> Result<Duration> {
    let (mut busy, mut pinger) = (server.client()?, server.client()?);
    pinger.call(&["PING"])?;
    busy.call(&["UNLINK", "w", "w2"])?;
    if let Some(key) = trial.copied {
        busy.call(&["COPY", key, "w"])?;
    }
    let mut batch = Batch::default();
    let words = trial.command.split(' ').map(|word| match word.strip_prefix('<') {
        Some(key) => busy.ask(&["DUMP", key.trim_end_matches('>')]),
        None => Ok(word.as_bytes().to_vec()),
    });
    let words = words.collect::<Result<Vec<_>>>()?;
    let words: Vec<_> = words.iter().map(Vec::as_slice).collect();
    repeat_n(words, trial.times).for_each(|words| batch.add(&words));
    sleep(REST);
    busy.send(&batch)?;
    let mut longest = Duration::ZERO;
    // A long command may still be on its way when the first PING is answered.
    loop {
        let asked = Instant::now();
        pinger.call(&["PING"])?;
        longest = longest.max(asked.elapsed());
        if busy.has_reply()? {
            break;
        }
    }
    (0..batch.len()).try_for_each(|_| busy.skip_reply())?;
    Ok(longest)
}
