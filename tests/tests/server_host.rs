//! The native host as a process: what starts it, what it refuses, how it ends, and what rude clients can do to it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use kvarium_engine::resp::value::ReplyValue;
use kvarium_tests::client::{Client, bulk, encode, ok};
use kvarium_tests::server::{Server, free_port, kvarium, new_folder, run_to_end};
use kvarium_tests::skip;

const MEGABYTE: u64 = 1 << 20;

fn pong() -> ReplyValue {
    ReplyValue::Simple("PONG".to_string())
}

fn integer_of(info: &str, field: &str) -> u64 {
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field} in {info}")).trim().parse().unwrap()
}

fn info(client: &mut Client) -> String {
    match client.call(&["INFO"]) {
        ReplyValue::Bulk(text) | ReplyValue::Verbatim { text, .. } => String::from_utf8(text.into()).unwrap(),
        other => panic!("INFO gave {other:?}"),
    }
}

/// Waits until `is_so`, which may take the server a moment to find out.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < end, "{what} did not come about");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn two_thousand_connections_are_served_and_let_go() {
    let server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..2000).map(|_| server.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let (key, value) = (format!("key:{number}"), number.to_string());
        client.send(&[encode(&["SET", &key, &value]), encode(&["GET", &key])].concat());
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!((client.reply(), client.reply()), (ok(), bulk(&number.to_string())));
    }
    assert_eq!(integer_of(&info(&mut clients[0]), "connected_clients"), 2000);
    clients.truncate(1);
    eventually("one client", || integer_of(&info(&mut clients[0]), "connected_clients") == 1);
}

#[test]
fn a_command_may_come_byte_by_byte() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for byte in [encode(&["SET", "k", "a\r\nb"]), encode(&["GET", "k"]), b"PING\r\n".to_vec()].concat() {
        client.send(&[byte]);
    }
    assert_eq!(client.reply(), ok());
    assert_eq!(client.reply(), bulk("a\r\nb"));
    assert_eq!(client.reply(), pong());
}

#[test]
fn a_value_that_fills_many_buffers_arrives_whole() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let value: String = (0..5_000_000).map(|i| char::from(b'a' + (i % 23) as u8)).collect();
    assert_eq!(client.call(&["SET", "k", &value]), ok());
    assert!(client.call(&["GET", "k"]) == bulk(&value));
}

#[test]
fn announced_bytes_cost_nothing_until_they_come() {
    let server = Server::start(&[]);
    let mut other = server.connect();
    other.call(&["PING"]);
    let before = server.resident();
    let mut announcers: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    for client in &mut announcers {
        client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n");
    }
    assert_eq!(other.call(&["SET", "a", "b"]), ok());
    sleep(Duration::from_millis(200));
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 16 * MEGABYTE, "50 headers of half a gigabyte made the process grow by {grown} bytes");
}

#[test]
fn who_never_reads_is_cut_off_at_the_output_limit() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 16mb 0 0"]);
    let mut other = server.connect();
    let value = "x".repeat(MEGABYTE as usize);
    assert_eq!(other.call(&["SET", "k", &value]), ok());
    let before = server.resident();
    let mut deaf = server.connect();
    deaf.send(&encode(&["GET", "k"]).repeat(100));
    eventually("the deaf client is gone", || integer_of(&info(&mut other), "connected_clients") == 1);
    // Large blocks are kept for some seconds, to be used again.
    let has_shrunk = || server.resident().saturating_sub(before) < 64 * MEGABYTE;
    eventually("what a limit of 16 MB let the process grow by has gone back", has_shrunk);
    assert_eq!(other.call(&["PING"]), pong());
}

#[test]
fn who_reads_late_gets_everything() {
    let server = Server::start(&[]);
    let mut late = server.connect();
    let value = "y".repeat(MEGABYTE as usize);
    assert_eq!(late.call(&["SET", "k", &value]), ok());
    late.send(&encode(&["GET", "k"]).repeat(40));
    sleep(Duration::from_millis(300));
    assert!((0..40).all(|_| late.reply() == bulk(&value)));
    assert_eq!(late.call(&["PING"]), pong());
}

#[test]
fn one_endless_pipeline_does_not_starve_the_others() {
    let server = Server::start(&[]);
    let mut greedy = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    let mut drain = greedy.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while drain.read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    let sender = std::thread::spawn(move || {
        let batch = encode(&["SET", "k", "v"]).repeat(10_000);
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end && greedy.write_all(&batch).is_ok() {}
        let _ = greedy.shutdown(std::net::Shutdown::Both);
    });
    let mut modest = server.connect();
    let mut longest = Duration::ZERO;
    while !sender.is_finished() {
        let start = Instant::now();
        modest.call(&["PING"]);
        longest = longest.max(start.elapsed());
    }
    sender.join().unwrap();
    reader.join().unwrap();
    assert!(longest < Duration::from_secs(1), "a PING took {longest:?}");
}

#[test]
fn clients_that_vanish_in_the_middle_of_a_command_harm_nobody() {
    let server = Server::start(&[]);
    let mut witness = server.connect();
    assert_eq!(witness.call(&["SET", "k", &"z".repeat(100_000)]), ok());
    for cut in 1..60 {
        let bytes = [encode(&["GET", "k"]), encode(&["SET", "half", "written"])].concat();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
        (&stream).write_all(&bytes[..cut.min(bytes.len())]).unwrap();
        // Closing with replies unread resets the connection, as a killed client's system does.
        drop(stream);
    }
    eventually("only the witness is left", || integer_of(&info(&mut witness), "connected_clients") == 1);
    assert!(matches!(witness.call(&["GET", "k"]), ReplyValue::Bulk(value) if value.len() == 100_000));
}

#[test]
fn a_killed_redis_benchmark_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let port = server.port.to_string();
    let arguments = ["-p", &port, "-c", "100", "-n", "100000000", "-P", "32", "-t", "set", "-q"];
    let mut command = Command::new("redis-benchmark");
    let Ok(mut benchmark) = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return skip("a_killed_redis_benchmark_leaves_nothing_behind", "redis-benchmark is not installed");
    };
    let mut witness = server.connect();
    eventually("a hundred clients at work", || integer_of(&info(&mut witness), "connected_clients") > 100);
    benchmark.kill().unwrap();
    benchmark.wait().unwrap();
    eventually("only the witness is left", || integer_of(&info(&mut witness), "connected_clients") == 1);
}

#[test]
fn the_one_over_maxclients_is_told_so() {
    let server = Server::start(&["--maxclients", "3"]);
    let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.call(&["PING"]), pong());
    }
    let mut refused = server.connect();
    assert_eq!(refused.reply(), ReplyValue::Error("ERR max number of clients reached".to_string()));
    refused.wait_for_end();
    drop(clients.pop());
    eventually("room for another one", || {
        let mut next = server.connect();
        next.send(b"PING\r\n");
        matches!(next.try_reply(), Ok(Some(ReplyValue::Simple(_))))
    });
}

#[test]
fn more_connections_than_files_wait_and_are_served_in_the_end() {
    let server = Server::start_with_files(48, &["--maxclients", "1000"]);
    let mut first = server.connect();
    assert_eq!(first.call(&["CONFIG", "GET", "maxclients"]), ReplyValue::Array(vec![bulk("maxclients"), bulk("16")]));
    assert_eq!(first.call(&["CONFIG", "SET", "maxclients", "1000"]), ok());
    let mut clients: Vec<Client> = (0..100).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(|client| client.send(b"PING\r\n"));
    // Each one that is served leaves, and makes room for one that waits.
    let served = clients.into_iter().map(|mut client| client.reply()).filter(|reply| *reply == pong()).count();
    let log = server.log();
    assert_eq!(served, 100, "{log}");
    assert!(log.contains("maxclients is 16 instead of 1000"), "{log}");
    assert!(log.contains("Can't accept a connection: Too many open files"), "{log}");
}

#[test]
fn it_ends_gracefully_and_starts_again_on_the_same_port() {
    let mut server = Server::start(&[]);
    for signal in ["TERM", "INT"] {
        let mut client = server.connect();
        assert_eq!(client.call(&["PING"]), pong());
        server.signal(signal);
        assert!(server.wait().success(), "{}", server.log());
        client.wait_for_end();
        assert!(server.log().contains(&format!("SIG{signal}")), "{}", server.log());
        server.start_again();
    }
    server.kill();
    server.start_again();
    assert_eq!(server.connect().call(&["PING"]), pong());
}

#[test]
fn a_hangup_is_ignored() {
    let mut server = Server::start(&[]);
    let mut client = server.connect();
    server.signal("HUP");
    assert_eq!(client.call(&["PING"]), pong());
    assert!(server.is_running());
}

#[test]
fn the_unix_socket_serves_and_goes_with_the_server() {
    let folder = new_folder();
    let path = folder.join("kvarium.sock");
    let port = free_port().to_string();
    let mut server =
        Server::start(&["--port", &port, "--unixsocket", path.to_str().unwrap(), "--unixsocketperm", "700"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let mut client = Client::connect_unix(&path);
    assert_eq!(client.call(&["SET", "k", "v"]), ok());
    assert_eq!(server.connect().call(&["GET", "k"]), bulk("v"));
    // What a killed server leaves behind is no obstacle to the next one.
    server.kill();
    assert!(path.exists());
    server.start_again();
    assert_eq!(Client::connect_unix(&path).call(&["GET", "k"]), ReplyValue::Null);
    server.signal("TERM");
    server.wait();
    assert!(!path.exists());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn port_0_means_no_tcp() {
    let folder = new_folder();
    let path = folder.join("kvarium.sock");
    let _server = Server::start(&["--port", "0", "--unixsocket", path.to_str().unwrap()]);
    eventually("a socket", || path.exists());
    assert_eq!(Client::connect_unix(&path).call(&["PING"]), pong());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn configuration_comes_from_file_and_flags_and_mistakes_are_explained() {
    let folder = new_folder();
    let (file, part) = (folder.join("redis.conf"), folder.join("part.conf"));
    fs::write(&file, format!("maxclients 77\ntimeout 5\ninclude {}\n", part.display())).unwrap();
    fs::write(&part, "timeout 9\n").unwrap();
    let server = Server::start(&[file.to_str().unwrap(), "--hz", "33"]);
    let mut client = server.connect();
    for (name, value) in [("maxclients", "77"), ("timeout", "9"), ("hz", "33")] {
        assert_eq!(client.call(&["CONFIG", "GET", name]), ReplyValue::Array(vec![bulk(name), bulk(value)]));
    }
    fs::write(&part, "\ntimeout soon\n").unwrap();
    let (status, said) = run_to_end(&[file.to_str().unwrap()]);
    assert!(!status.success());
    assert_eq!(
        said,
        format!(
            "kvarium: Bad configuration in {}, line 2: 'timeout soon': argument couldn't be parsed into an integer\n",
            part.display()
        )
    );
    fs::remove_dir_all(folder).unwrap();
    for (arguments, wanted) in [
        (&["--no-such-thing", "1"][..], "the command line: 'no-such-thing \"1\"': Bad directive"),
        (&["/no/such/file"][..], "/no/such/file: No such file"),
        (&["--port", "0"][..], "nothing to listen on"),
    ] {
        let (status, said) = run_to_end(arguments);
        assert!(!status.success() && said.contains(wanted), "{said}");
    }
}

#[test]
fn configuration_may_come_from_standard_input() {
    let folder = new_folder();
    let path = folder.join("kvarium.sock");
    let mut child = Command::new(kvarium())
        .args(["server", "--port", "0", "--http-port", "0", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let text = format!("unixsocket {}\nmaxclients 55\n", path.display());
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    eventually("a socket", || path.exists());
    let reply = Client::connect_unix(&path).call(&["CONFIG", "GET", "maxclients"]);
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(reply, ReplyValue::Array(vec![bulk("maxclients"), bulk("55")]));
}

#[test]
fn the_log_is_text_or_json_and_goes_where_it_is_wanted() {
    let server = Server::start(&["--log-format", "json"]);
    let log = server.log();
    assert!(
        !log.is_empty() && log.lines().all(|line| line.starts_with("{\"time\":\"2") && line.ends_with("\"}")),
        "{log}"
    );
    let server = Server::start(&["--logfile", "my.log", "--pidfile", "my.pid"]);
    server.connect().call(&["PING"]);
    let (text, pid) =
        (fs::read_to_string(server.folder.join("my.log")), fs::read_to_string(server.folder.join("my.pid")));
    let prefix = format!("{}:M ", server.pid());
    assert!(text.as_ref().is_ok_and(|text| text.lines().all(|line| line.starts_with(&prefix))), "{text:?}");
    assert_eq!(pid.unwrap(), format!("{}\n", server.pid()));
}

#[test]
fn a_taken_port_is_explained() {
    let server = Server::start(&[]);
    let (status, said) = run_to_end(&["--http-port", "0", "--bind", "127.0.0.1", "--port", &server.port.to_string()]);
    assert!(!status.success() && said.contains("choose another port with --port"), "{said}");
}

#[test]
fn the_playground_is_served_beside_the_database() {
    let http = free_port();
    let server = Server::start(&["--http-port", &http.to_string()]);
    assert!(server.log().contains(&format!("http://127.0.0.1:{http}/")), "{}", server.log());
    let get = |path: &str, headers: &str| {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, http)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    for path in ["/no-such-file", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert!(get(path, "").starts_with("HTTP/1.1 404 "), "{path}");
    }
    let page = get("/", "");
    if page.starts_with("HTTP/1.1 404 ") {
        assert!(page.ends_with("cargo xtask build-site`, then build the server again.\n"), "{page}");
        return;
    }
    assert!(page.contains("content-type: text/html; charset=utf-8\r\ncache-control: no-cache\r\n"), "{page}");
    let tag = page.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    assert!(get("/", &format!("if-none-match: {tag}\r\n")).starts_with("HTTP/1.1 304 "));
    assert!(get("/build-id", "").contains("content-type: text/plain"));
}
