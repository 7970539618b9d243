//! DEBUG: what tests ask of a server. `enable-debug-command` decides whether it answers.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use crate::base::number::parse_f64;
use crate::base::time::Duration;
use crate::clients::blocked::{Pause, Paused};
use crate::commands::call::Call;
use crate::commands::declaration::{Command, Flags, Group, Outcome};
use crate::commands::words::is;
use crate::event::Event;
use crate::keyspace::{Signature, access};
use crate::persist::rdb;
use crate::resp::error::{self, Error, printable};

pub static DEBUG: Command = Command {
    summary: "Looks into the server, for tests.",
    arity: -2,
    flags: Flags::ADMIN.and(Flags::NO_SCRIPT).and(Flags::LOADING).and(Flags::STALE),
    run: debug,
    ..Command::new("debug", Group::Server, "1.0.0", "that of its subcommand")
};

const FORBIDDEN: Error = Error::fixed(
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.",
);

/// In milliseconds: a day.
const LONGEST_SLEEP: f64 = 86_400_000.0;

struct Subcommand {
    name: &'static str,
    /// Words in all, `DEBUG` included; negative for at least so many.
    arity: i32,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&mut Call<'_>) -> Outcome,
}

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "DIGEST",
        arity: 2,
        arguments: "",
        summary: "One signature of all the data, whatever its order.",
        run: |call| {
            let signature = call.state.keyspace.signature();
            reply_signature(call, signature);
            Ok(())
        },
    },
    Subcommand {
        name: "DIGEST-VALUE",
        arity: -2,
        arguments: " <key> [<key> ...]",
        summary: "A signature of each key's value; zeros where there is no such key.",
        run: digest_value,
    },
    Subcommand {
        name: "ERROR",
        arity: 3,
        arguments: " <message>",
        summary: "Answers this error.",
        run: |call| Err(printable(call.arg(2)).into_owned().into()),
    },
    Subcommand { name: "HELP", arity: 2, arguments: "", summary: "What the subcommands do.", run: help },
    Subcommand {
        name: "OBJECT",
        arity: -3,
        arguments: " <key> [fast]",
        summary: "How the value of a key is stored.",
        run: object,
    },
    Subcommand {
        name: "SET-ACTIVE-EXPIRE",
        arity: 3,
        arguments: " <0|1>",
        summary: "Whether what has expired is also removed where nobody asks for it.",
        run: |call| {
            call.state.active_expire = call.arg(2) != b"0";
            call.reply.ok();
            Ok(())
        },
    },
    Subcommand {
        name: "SLEEP",
        arity: 3,
        arguments: " <seconds>",
        summary: "Serves nobody for so long, and then answers.",
        run: sleep,
    },
];

fn debug(call: &mut Call<'_>) -> Outcome {
    if !is_allowed(call) {
        return Err(FORBIDDEN);
    }
    let (word, count) = (call.arg(1), call.args.len() as i32);
    let takes = |arity: i32| if arity < 0 { count >= -arity } else { count == arity };
    match SUBCOMMANDS.iter().find(|subcommand| is(word, subcommand.name) && takes(subcommand.arity)) {
        Some(subcommand) => (subcommand.run)(call),
        None => {
            let word = printable(word);
            Err(format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try DEBUG HELP.").into())
        }
    }
}

fn is_allowed(call: &Call<'_>) -> bool {
    let client = call.client();
    match call.state.config.enable_debug_command.as_str() {
        "yes" => true,
        "local" => client.unix || client.peer.starts_with("127.") || client.peer.starts_with("[::1]"),
        _ => false,
    }
}

/// A pause that nobody is left out of, and the answer at its end.
fn sleep(call: &mut Call<'_>) -> Outcome {
    let millis = parse_f64(call.arg(2)).map_or(0.0, |seconds| (seconds * 1000.0).clamp(0.0, LONGEST_SLEEP));
    let until = call.state.now + Duration::from_millis(millis as u64);
    if until > call.state.now {
        let on = call.state.pause.map_or(until, |pause| pause.until.max(until));
        call.state.pause = Some(Pause { until: on, what: Paused::All });
        call.state.events.emit(|| Event::ClientsPaused { paused: true });
        call.answer_at(Some(until), |reply| reply.ok());
    } else {
        call.reply.ok();
    }
    Ok(())
}

fn reply_signature(call: &mut Call<'_>, Signature(bytes): Signature) {
    let mut text = String::new();
    bytes.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
    call.reply.simple(&text);
}

fn digest_value(call: &mut Call<'_>) -> Outcome {
    call.reply.array(call.args.len() - 2);
    for index in 2..call.args.len() {
        let key = call.key(index);
        let signature = call.state.look(&key).map(Signature::of).unwrap_or_default();
        reply_signature(call, signature);
    }
    Ok(())
}

fn object(call: &mut Call<'_>) -> Outcome {
    let (key, now) = (call.key(2), call.state.now);
    let entry = call.state.look(&key).ok_or(error::NO_SUCH_KEY)?;
    let (encoding, used) = (entry.encoding(), entry.access());
    let idle = access::idle_seconds(used, now);
    let mut text = format!("Value refcount:1 encoding:{encoding}");
    if !call.args.get(3).is_some_and(|word| is(word, "fast")) {
        let _ = write!(text, " serializedlength:{}", rdb::saved_length(entry.value()));
    }
    let _ = write!(text, " lru:{used} lru_seconds_idle:{idle}");
    call.reply.simple(&text);
    Ok(())
}

fn help(call: &mut Call<'_>) -> Outcome {
    call.reply.array(1 + 2 * SUBCOMMANDS.len());
    call.reply.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for Subcommand { name, arguments, summary, .. } in SUBCOMMANDS {
        call.reply.simple(&format!("{name}{arguments}"));
        call.reply.simple(&format!("    {summary}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    /// Each as Valkey 9.1 answers it for the same data.
    #[test]
    fn signatures_are_those_of_redis() {
        let mut server = Server::with("enable-debug-command yes");
        for (line, reply) in [
            ("HSET h a 1", "626a7b57a269f8f179a44902458ecb2f5920d35d"),
            ("SET k v", "d79ee9fe5d5ad902d7f6620efc3b07b75ddd742f"),
            ("SET k v PXAT 33177117420000", "311b17018163335616e089f6b951c82c477335ac"),
            ("RPUSH l 3 1 2", "189dbbaa3491616a47613dd262490d198db868ef"),
            ("SADD s c a b", "593c2414786d75446e97f4ea5d4b731f3313da72"),
            ("ZADD q 0.1 m", "7e1bae26d61f35a2675e4748edc8fe0bff072cee"),
            ("ZADD r 1e10 m", "ddb05a76dfdd27cec00887fc0b018f93b2dff119"),
            ("ZADD t 123456789012345678 m", "27353e3c88bd44a34ab7a89eee757c71576f989a"),
            ("ZADD inf inf m", "61a9a206eaf26d298dc4d0f7c1b377be6038b61f"),
        ] {
            server.run(line);
            let key = line.split(' ').nth(1).unwrap();
            assert_eq!(server.run(&std::format!("DEBUG DIGEST-VALUE {key}")), std::format!("1) {reply}"), "{line}");
        }
        let before = server.run("DEBUG DIGEST");
        server.run("SADD s d");
        assert_ne!(server.run("DEBUG DIGEST"), before);
        server.run("SREM s d");
        assert_eq!(server.run("DEBUG DIGEST"), before);
        assert_eq!(server.run("DEBUG DIGEST-VALUE none"), std::format!("1) {}", "0".repeat(40)));
    }

    #[test]
    fn it_is_refused_unless_enabled() {
        let refusal = "(error) ERR DEBUG command not allowed.";
        assert!(Server::new().run("DEBUG DIGEST").starts_with(refusal));
        let mut server = Server::with("enable-debug-command local");
        server.run("RPUSH l 3 1 2");
        let object = "Value refcount:1 encoding:listpack serializedlength:16 lru:";
        assert!(server.run("DEBUG OBJECT l").starts_with(object), "{}", server.run("DEBUG OBJECT l"));
        for (line, reply) in [
            ("DEBUG OBJECT none", "(error) ERR no such key"),
            ("DEBUG ERROR a", "(error) a"),
            ("DEBUG FOO", "(error) ERR unknown subcommand or wrong number of arguments for 'FOO'. Try DEBUG HELP."),
            ("DEBUG SET-ACTIVE-EXPIRE 0", "OK"),
            ("PSETEX k 5 v", "OK"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        server.advance(1000);
        server.timeout();
        assert_eq!(server.run("DBSIZE"), "(integer) 2");
    }

    #[test]
    fn asleep_it_serves_nobody() {
        let mut server = Server::with("enable-debug-command yes");
        assert_eq!(server.run("DEBUG SLEEP 0"), "OK");
        assert_eq!(server.run_as(1, "DEBUG SLEEP 0.5"), "");
        assert_eq!(server.run_as(2, "PING"), "");
        server.advance(499);
        server.timeout();
        assert_eq!((&*server.told(1), &*server.told(2)), ("", ""));
        server.advance(1);
        server.timeout();
        assert_eq!((&*server.told(1), &*server.told(2)), ("OK", "PONG"));
    }
}
