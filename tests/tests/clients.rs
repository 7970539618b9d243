//! Clients that people use, at work on our server: redis-cli, redis-benchmark, and the crate `redis`.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};

use kvarium_tests::server::Server;
use kvarium_tests::skip;
use redis::{Commands, ProtocolVersion};

/// What a program says when it is given this on standard input; `None` where it is not installed.
fn say(program: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program} {arguments:?} failed: {said}");
    Some(said)
}

#[test]
fn redis_cli_runs_commands_from_arguments_and_pipes() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let Some(said) = say("redis-cli", &["-p", &port, "SET", "greeting", "hello"], b"") else {
        return skip("redis_cli_runs_commands_from_arguments_and_pipes", "redis-cli is not installed");
    };
    assert_eq!(said, "OK\n");
    let script = b"GET greeting\nINCR n\nINCR greeting\nMULTI\nINCR n\nGET greeting\nEXEC\n";
    for protocol in ["-2", "-3"] {
        say("redis-cli", &["-p", &port, "DEL", "n"], b"").unwrap();
        let said = say("redis-cli", &["-p", &port, protocol], script).unwrap();
        let error = "ERR value is not an integer or out of range";
        assert_eq!(said, format!("hello\n1\n{error}\n\nOK\nQUEUED\nQUEUED\n2\nhello\n"));
    }
}

#[test]
fn redis_cli_loads_in_bulk() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let commands: String = (0..100_000).map(|n| format!("SET key:{n} value:{n}\r\n")).collect();
    let Some(said) = say("redis-cli", &["-p", &port, "--pipe"], commands.as_bytes()) else {
        return skip("redis_cli_loads_in_bulk", "redis-cli is not installed");
    };
    assert!(said.ends_with("errors: 0, replies: 100000\n"), "{said}");
    assert_eq!(say("redis-cli", &["-p", &port, "GET", "key:99999"], b"").unwrap(), "value:99999\n");
    assert_eq!(say("redis-cli", &["-p", &port, "DBSIZE"], b"").unwrap(), "100000\n");
}

#[test]
fn redis_benchmark_finishes() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    for pipeline in ["1", "16"] {
        let arguments = ["-p", &port, "-n", "20000", "-P", pipeline, "-t", "ping,set,get,incr", "--csv"];
        let Some(said) = say("redis-benchmark", &arguments, b"") else {
            return skip("redis_benchmark_finishes", "redis-benchmark is not installed");
        };
        for test in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR"] {
            let line =
                said.lines().find(|line| line.starts_with(&format!("\"{test}\","))).unwrap_or_else(|| panic!("{said}"));
            let rate: f64 = line.split("\",\"").nth(1).unwrap().parse().unwrap();
            assert!(rate > 0.0, "{line}");
        }
    }
}

fn connections(server: &Server) -> Vec<redis::Connection> {
    let open = |protocol| {
        let address = redis::ConnectionAddr::Tcp("127.0.0.1".to_string(), server.port);
        let settings = redis::RedisConnectionInfo::default().set_protocol(protocol);
        let info = redis::IntoConnectionInfo::into_connection_info(address).unwrap().set_redis_settings(settings);
        redis::Client::open(info).unwrap().get_connection().unwrap()
    };
    vec![open(ProtocolVersion::RESP2), open(ProtocolVersion::RESP3)]
}

#[test]
fn the_redis_crate_reads_and_writes() {
    let server = Server::start(&[]);
    for mut client in connections(&server) {
        let () = redis::cmd("FLUSHALL").query(&mut client).unwrap();
        let () = client.set_ex("greeting", "hello", 100).unwrap();
        assert_eq!(client.get::<_, String>("greeting").unwrap(), "hello");
        assert!((1..=100).contains(&client.ttl::<_, i64>("greeting").unwrap()));
        assert_eq!(client.incr::<_, _, i64>("n", 41).unwrap(), 41);
        assert_eq!(client.get::<_, Option<String>>("nothing").unwrap(), None);
        let error = client.incr::<_, _, i64>("greeting", 1).unwrap_err();
        assert_eq!(error.detail(), Some("value is not an integer or out of range"));
    }
}

#[test]
fn the_redis_crate_pipelines_and_watches() {
    let server = Server::start(&[]);
    for mut client in connections(&server) {
        let () = redis::cmd("FLUSHALL").query(&mut client).unwrap();
        let mut pipeline = redis::pipe();
        for n in 0..1000 {
            pipeline.set(format!("key:{n}"), n).ignore();
        }
        let () = pipeline.query(&mut client).unwrap();
        let keys: Vec<String> = client.scan_match("key:*").unwrap().map(Result::unwrap).collect();
        assert_eq!(keys.len(), 1000);
        let mut attempts = 0;
        let sum: (i64,) = redis::transaction(&mut client, &["sum"], |client, pipeline| {
            attempts += 1;
            if attempts == 1 {
                let () = connections(&server)[0].set("sum", 5).unwrap();
            }
            pipeline.incr("sum", 1).query(client)
        })
        .unwrap();
        assert_eq!((attempts, sum), (2, (6,)));
    }
}

#[test]
fn the_redis_crate_hears_messages() {
    let server = Server::start(&[]);
    for mut listener in connections(&server) {
        let mut messages = listener.as_pubsub();
        messages.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        messages.psubscribe("news.*").unwrap();
        assert_eq!(connections(&server)[0].publish::<_, _, i64>("news.today", "rain").unwrap(), 1);
        let message = messages.get_message().unwrap();
        assert_eq!(
            (message.get_channel_name(), message.get_payload::<String>().unwrap().as_str()),
            ("news.today", "rain")
        );
    }
}

#[test]
fn the_redis_crate_fills_collections() {
    let server = Server::start(&[]);
    for mut client in connections(&server) {
        let () = redis::cmd("FLUSHALL").query(&mut client).unwrap();
        let () = client.hset_multiple("user", &[("name", "Ann"), ("age", "30")]).unwrap();
        let user: HashMap<String, String> = client.hgetall("user").unwrap();
        assert_eq!((user.len(), user["age"].as_str()), (2, "30"));
        let () = client.rpush("queue", &[1, 2, 3]).unwrap();
        assert_eq!(client.lrange::<_, Vec<i64>>("queue", 0, -1).unwrap(), [1, 2, 3]);
        let () = client.zadd_multiple("board", &[(3.5, "Ann"), (1.0, "Bob")]).unwrap();
        let board: Vec<(String, f64)> = client.zrange_withscores("board", 0, -1).unwrap();
        assert_eq!(board, [("Bob".to_string(), 1.0), ("Ann".to_string(), 3.5)]);
    }
}

#[test]
fn the_redis_crate_waits() {
    let server = Server::start(&[]);
    for mut client in connections(&server) {
        let () = redis::cmd("FLUSHALL").query(&mut client).unwrap();
        assert_eq!(client.blpop::<_, Option<(String, String)>>("none", 0.05).unwrap(), None);
        let port = server.port;
        let other = std::thread::spawn(move || {
            let mut client = kvarium_tests::client::Client::connect(port);
            while !client.call(&["INFO", "clients"]).to_string().contains("blocked_clients:1") {}
            client.call(&["RPUSH", "queue", "job", "last"]);
        });
        let popped: (String, String) = client.blpop(&["other", "queue"], 10.0).unwrap();
        other.join().unwrap();
        assert_eq!(popped, ("queue".to_string(), "job".to_string()));
        let from = (redis::Direction::Left, redis::Direction::Right);
        assert_eq!(client.blmove::<_, _, String>("queue", "done", from.0, from.1, 1.0).unwrap(), "last");
    }
}

/// With the crate's other set of functions, whose replies have types of their own.
mod typed {
    use super::connections;
    use kvarium_tests::server::Server;
    use redis::TypedCommands;
    use redis::streams::{StreamAutoClaimOptions, StreamMaxlen, StreamPendingReply, StreamReadOptions};

    #[test]
    fn the_redis_crate_shares_work() {
        let server = Server::start(&[]);
        for mut client in connections(&server) {
            let () = redis::cmd("FLUSHALL").query(&mut client).unwrap();
            for id in ["1-1", "2-1"] {
                assert_eq!(client.xadd("jobs", id, &[("task", "wash")]).unwrap().as_deref(), Some(id));
            }
            client.xgroup_create("jobs", "crew", "0").unwrap();
            let work = StreamReadOptions::default().group("crew", "ann").count(1);
            let read = client.xread_options(&["jobs"], &[">"], &work).unwrap().unwrap();
            let entry = &read.keys[0].ids[0];
            assert_eq!((read.keys[0].key.as_str(), entry.id.as_str()), ("jobs", "1-1"));
            assert_eq!(entry.get::<String>("task").as_deref(), Some("wash"));
            let StreamPendingReply::Data(pending) = client.xpending("jobs", "crew").unwrap() else {
                panic!("one is pending")
            };
            assert_eq!((pending.count, pending.start_id.as_str(), pending.consumers[0].pending), (1, "1-1", 1));
            assert_eq!(client.xclaim("jobs", "crew", "bob", 0, &["1-1"]).unwrap().ids[0].id, "1-1");
            let held = client.xpending_consumer_count("jobs", "crew", "-", "+", 10, "bob").unwrap().ids;
            assert_eq!((held[0].consumer.as_str(), held[0].times_delivered), ("bob", 2));
            assert_eq!(client.xdel("jobs", &["1-1"]).unwrap(), 1);
            let found =
                client.xautoclaim_options("jobs", "crew", "ann", 0, "0", StreamAutoClaimOptions::default()).unwrap();
            assert_eq!((found.claimed.len(), found.deleted_ids), (0, vec!["1-1".to_string()]));
            let rest = client.xread_options(&["jobs"], &[">"], &work.block(1000)).unwrap().unwrap();
            assert_eq!(client.xack("jobs", "crew", &[&rest.keys[0].ids[0].id]).unwrap(), 1);
            let groups = client.xinfo_groups("jobs").unwrap().groups;
            assert_eq!((groups[0].name.as_str(), groups[0].pending, groups[0].consumers), ("crew", 0, 2));
            let info = client.xinfo_stream("jobs").unwrap();
            assert_eq!((info.length, info.last_generated_id.as_str()), (1, "2-1"));
            assert_eq!(client.xtrim("jobs", StreamMaxlen::Equals(0)).unwrap(), 1);
            assert!(client.xgroup_destroy("jobs", "crew").unwrap());
        }
    }
}
