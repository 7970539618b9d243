//! Every transcript, played to the engine in this process, to our server, and to real ones.
//!
//! `KVARIUM_RECORD=1 cargo test -p kvarium-tests --test transcripts` writes the replies of a real server into them instead.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kvarium_engine::commands::declaration::{Argument, Command, Group};
use kvarium_tests::peers::{Peer, REDIS, VALKEY};
use kvarium_tests::server::Server;
use kvarium_tests::skip;
use kvarium_tests::subject::{InProcess, OverTcp, Subject};
use kvarium_tests::transcript::Transcript;

/// The groups of commands that have a transcript each.
const GROUPS: &[Group] = &[
    Group::String,
    Group::Generic,
    Group::Hash,
    Group::List,
    Group::Set,
    Group::SortedSet,
    Group::Bitmap,
    Group::HyperLogLog,
    Group::Geo,
    Group::Bloom,
    Group::Stream,
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

/// Every file with its transcript, in order.
fn transcripts() -> Vec<(PathBuf, Transcript)> {
    let mut found = Vec::new();
    for group in fs::read_dir(folder()).expect("the folder of transcripts") {
        for file in fs::read_dir(group.expect("a folder").path()).expect("the folder of a group") {
            let path = file.expect("a file").path();
            let text = fs::read_to_string(&path).expect("a text file");
            let transcript = Transcript::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            found.push((path, transcript));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Plays all transcripts, each to what `begin` gives.
fn play_all<S: Subject>(real: Option<&str>, mut begin: impl FnMut() -> S) {
    let mut wrong = Vec::new();
    for (path, transcript) in transcripts() {
        let name = path.strip_prefix(folder()).expect("it lies there").display().to_string();
        wrong.extend(transcript.play(&mut begin(), real).into_iter().map(|what| format!("{name}, {what}")));
    }
    assert!(wrong.is_empty(), "{} replies are not as written:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// A server without data, and connections that know nothing yet.
fn emptied(server: &Server) -> OverTcp<'_> {
    server.connect().call(&["FLUSHALL"]);
    OverTcp::new(server)
}

#[test]
fn the_engine_answers_as_written() {
    play_all(None, || InProcess::new(""));
}

#[test]
fn the_server_answers_as_written() {
    let server = Server::start(&[]);
    play_all(None, || emptied(&server));
}

fn real_answers_as_written(peer: Peer) {
    let program = peer.program();
    let program = program.to_str().expect("a path in UTF-8");
    let Some(server) = Server::start_peer(program, &[]) else {
        return skip(&format!("{}_answers_as_written", peer.name), &format!("{program} is not installed"));
    };
    play_all(Some(peer.name), || emptied(&server));
}

#[test]
fn redis_answers_as_written() {
    real_answers_as_written(REDIS);
}

#[test]
fn valkey_answers_as_written() {
    if std::env::var_os("KVARIUM_RECORD").is_some() {
        return record(VALKEY);
    }
    real_answers_as_written(VALKEY);
}

fn record(peer: Peer) {
    let server = Server::start_peer(peer.program().to_str().expect("a path in UTF-8"), &[]).expect("it is installed");
    for (path, transcript) in transcripts() {
        fs::write(&path, transcript.record(&mut emptied(&server), peer.name)).expect("the file can be written");
    }
}

#[test]
fn every_command_has_a_transcript_with_all_its_options() {
    let mut missing = Vec::new();
    for command in kvarium_engine::commands::all().filter(|command| GROUPS.contains(&command.group)) {
        let path = folder().join(command.group.name()).join(format!("{}.txt", command.name));
        let Ok(text) = fs::read_to_string(&path) else {
            missing.push(format!("{} is not there", path.display()));
            continue;
        };
        let transcript = Transcript::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let words: BTreeSet<String> =
            transcript.commands().flat_map(str::split_whitespace).map(str::to_ascii_uppercase).collect();
        let unused = tokens(command).into_iter().filter(|token| !words.contains(*token));
        missing.extend(unused.map(|token| format!("{} does not use {token}", path.display())));
        for needed in ["@resp3", "(error)"] {
            if !text.contains(needed) {
                missing.push(format!("{} has no {needed}", path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Every word that a command or one of its subcommands knows.
fn tokens(command: &Command) -> Vec<&'static str> {
    fn add(arguments: &'static [Argument], tokens: &mut Vec<&'static str>) {
        for argument in arguments {
            tokens.extend(argument.token);
            add(argument.parts, tokens);
        }
    }
    let mut found = Vec::new();
    add(command.arguments, &mut found);
    command.subcommands.iter().for_each(|subcommand| add(subcommand.arguments, &mut found));
    found
}
