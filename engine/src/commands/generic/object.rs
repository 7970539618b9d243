//! OBJECT: how a value is stored, and when it was used.

use crate::base::time::Time;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Entry;
use crate::keyspace::access::{self, Counting};
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};

pub static OBJECT: Command = Command {
    summary: "Looks at how the value of a key is stored.",
    arity: -2,
    subcommands: &[&ENCODING, &FREQ, &HELP, &IDLETIME, &REFCOUNT],
    ..Command::new("object", Group::Generic, "2.2.3", "that of its subcommand")
};

static ENCODING: Command = Command {
    summary: "The name of the encoding that the value has.",
    full_name: "object|encoding",
    run: |call| {
        answer(call, |reply, entry, _, _| {
            reply.bulk(entry.encoding().as_bytes());
            Ok(())
        })
    },
    ..about("encoding", "2.2.3")
};

static FREQ: Command = Command {
    summary: "How often the key has been used, on a logarithmic scale: known only under an LFU policy.",
    full_name: "object|freq",
    run: |call| {
        answer(call, |reply, entry, counting, now| match counting {
            Counting::Recency => Err(error::NOT_FREQ_POLICY),
            counting => {
                reply.integer(access::frequency(entry.access(), counting, now).into());
                Ok(())
            }
        })
    },
    ..about("freq", "4.0.0")
};

static IDLETIME: Command = Command {
    summary: "The seconds since the key was last used.",
    full_name: "object|idletime",
    run: |call| {
        answer(call, |reply, entry, counting, now| match counting {
            Counting::Recency => {
                reply.integer(access::idle_seconds(entry.access(), now).into());
                Ok(())
            }
            Counting::Frequency { .. } => Err(error::NOT_IDLE_POLICY),
        })
    },
    ..about("idletime", "2.2.3")
};

static REFCOUNT: Command = Command {
    summary: "How many references there are to the value: one, since none is ever shared.",
    full_name: "object|refcount",
    run: |call| {
        answer(call, |reply, _, _, _| {
            reply.integer(1);
            Ok(())
        })
    },
    ..about("refcount", "2.2.3")
};

static HELP: Command = Command::help("object|help", Group::Generic, "6.2.0");

const fn about(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: 3,
        flags: Flags::READONLY,
        keys: const { &[KeySpec::one(2, Access::LOOK)] },
        arguments: const { &[Argument::key("key")] },
        tips: &["nondeterministic_output"],
        ..Command::new(name, Group::Generic, since, "O(1)")
    }
}

/// Answers what `what` says of the key's entry, given what is counted of its use, and the time; null without a key.
fn answer(call: &mut Call<'_>, what: fn(&mut dyn Reply, &Entry, Counting, Time) -> Result<(), Error>) -> Outcome {
    let key = call.key(2);
    let (counting, now) = (call.state.counting(), call.state.now);
    match call.state.look(&key) {
        Some(entry) => what(call.reply, entry, counting, now),
        None => {
            call.reply.null();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn strings_have_three_encodings() {
        let mut server = Server::new();
        for (value, encoding) in
            [("12", "int"), ("abc", "embstr"), (&"x".repeat(44), "embstr"), (&"x".repeat(45), "raw")]
        {
            server.run(&format!("SET k {value}"));
            assert_eq!(server.run("OBJECT ENCODING k"), format!("\"{encoding}\""), "{value}");
        }
        assert_eq!(server.run("OBJECT ENCODING none"), "(nil)");
        assert_eq!(server.run("OBJECT REFCOUNT k"), "(integer) 1");
        assert!(server.run("OBJECT FREQ k").starts_with("(error) ERR An LFU maxmemory policy is not selected"));
        assert_eq!(server.run("OBJECT FREQ none"), "(nil)");
        assert_eq!(server.run("OBJECT FOO k"), "(error) ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
    }
}
