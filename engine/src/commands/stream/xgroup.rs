//! XGROUP: consumer groups and their consumers.

use alloc::format;

use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{INVALID_ID, create, edit, id, no_such_group};
use crate::commands::words::is;
use crate::event::Step;
use crate::keyspace::Key;
use crate::resp::error::{Error, printable};
use crate::types::Stream;
use crate::types::stream::named::Number;
use crate::types::stream::{Consumer, Group as StreamGroup, Id};

pub static XGROUP: Command = Command {
    summary: "Makes, moves and removes consumer groups and consumers.",
    arity: -2,
    subcommands: &[&CREATE, &CREATE_CONSUMER, &DELETE_CONSUMER, &DESTROY, &HELP, &SET_ID],
    ..Command::new("xgroup", Group::Stream, "5.0.0", "that of its subcommand")
};

static CREATE: Command = Command {
    summary: "Makes a group that reads what comes behind an ID.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(2, Access::INSERT)],
    arguments: &[
        Argument::key("key"),
        Argument::string("group"),
        FROM,
        Argument::word("mkstream", "MKSTREAM").optional(),
        Argument::integer("entriesread").token("ENTRIESREAD").optional(),
    ],
    full_name: "xgroup|create",
    run: create_group,
    ..Command::new("create", Group::Stream, "5.0.0", "O(1)")
};

static SET_ID: Command = Command {
    summary: "Sets behind which ID a group reads on.",
    arity: -5,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(2, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::string("group"),
        FROM,
        Argument::integer("entriesread").token("ENTRIESREAD").optional(),
    ],
    full_name: "xgroup|setid",
    run: set_id,
    ..Command::new("setid", Group::Stream, "5.0.0", "O(1)")
};

static DESTROY: Command = Command {
    summary: "Removes a group with its consumers and all that is pending for them.",
    arity: 4,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(2, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::string("group")],
    full_name: "xgroup|destroy",
    run: destroy,
    ..Command::new("destroy", Group::Stream, "5.0.0", "O(N) in the entries pending")
};

static CREATE_CONSUMER: Command = Command {
    summary: "Makes a consumer, which one that reads is anyway.",
    arity: 5,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(2, Access::INSERT)],
    arguments: CONSUMER,
    full_name: "xgroup|createconsumer",
    run: create_consumer,
    ..Command::new("createconsumer", Group::Stream, "6.2.0", "O(1)")
};

static DELETE_CONSUMER: Command = Command {
    summary: "Removes a consumer and says how many entries were pending for it: nobody has these any more.",
    arity: 5,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(2, Access::DELETE)],
    arguments: CONSUMER,
    full_name: "xgroup|delconsumer",
    run: delete_consumer,
    ..Command::new("delconsumer", Group::Stream, "5.0.0", "O(1), and O(log(N)) for each entry pending")
};

static HELP: Command = Command::help("xgroup|help", Group::Stream, "5.0.0");

const FROM: Argument = Argument::one_of("id-selector", &[Argument::string("id"), Argument::word("new-id", "$")]);
const CONSUMER: &[Argument] = &[Argument::key("key"), Argument::string("group"), Argument::string("consumer")];

const NO_KEY: Error = Error::fixed(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option \
     to create an empty stream automatically.",
);
const BUSY: Error = Error::fixed("BUSYGROUP Consumer Group name already exists");
const WRONG_READ: Error = Error::fixed("ERR value for ENTRIESREAD must be positive or -1");

/// What is wrong with a subcommand's words, as Redis says it of those it checks by hand.
pub(super) fn wrong_words(call: &Call<'_>, container: &str) -> Error {
    let word = printable(call.arg(1));
    format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try {container} HELP.").into()
}

/// The words behind the ID.
#[derive(Default)]
struct Options {
    make_stream: bool,
    read: Option<u64>,
}

impl Options {
    fn parse(call: &Call<'_>, creating: bool) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut at = 5;
        while let Some(word) = call.args.get(at) {
            match call.args.get(at + 1) {
                _ if creating && is(word, "MKSTREAM") => options.make_stream = true,
                Some(number) if is(word, "ENTRIESREAD") => {
                    options.read = match integer(number)? {
                        -1 => None,
                        read => Some(u64::try_from(read).map_err(|_| WRONG_READ)?),
                    };
                    at += 1;
                }
                _ => return Err(wrong_words(call, "XGROUP")),
            }
            at += 1;
        }
        Ok(options)
    }
}

fn create_group(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call, true)?;
    let (key, name, text) = (call.key(2), call.arg(3), call.arg(4));
    let stream = expect::<Stream>(call.state.look_to_write(&key))?;
    if stream.is_none() && !options.make_stream {
        return Err(NO_KEY);
    }
    let last = match text {
        b"$" => stream.map_or(Id::MIN, |stream| stream.entries.last),
        _ => id(text)?,
    };
    match stream {
        Some(stream) if stream.group(name).is_some() => return Err(BUSY),
        Some(_) => {}
        None => create(call.state, &key),
    }
    edit(call.state, &key, |site| {
        site.stream.add_group(name, StreamGroup::new(last, options.read));
        site.tell.changed_around("xgroup-create");
        site.tell.step(|| Step::GroupMade { group: name.into() });
    });
    call.reply.ok();
    Ok(())
}

/// The group that the command names, in a stream that must be there.
fn group(call: &mut Call<'_>, key: &Key<'_>) -> Result<Option<(Number, Id)>, Error> {
    let name = call.arg(3);
    let stream = expect::<Stream>(call.state.look_to_write(key))?.ok_or(NO_KEY)?;
    Ok(stream.group(name).map(|(number, _)| (number, stream.entries.last)))
}

fn set_id(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call, false)?;
    let (key, name) = (call.key(2), call.arg(3));
    let (number, last) = group(call, &key)?.ok_or_else(|| no_such_group(key.bytes, name))?;
    let last = match call.arg(4) {
        b"$" => last,
        text => Id::parse_bound(text, 0).ok_or(INVALID_ID)?,
    };
    edit(call.state, &key, |site| {
        site.edit_group(number, |group, _, tell| {
            (group.last, group.read) = (last, options.read);
            tell.changed_around("xgroup-setid");
        });
    });
    call.reply.ok();
    Ok(())
}

fn destroy(call: &mut Call<'_>) -> Outcome {
    let (key, name) = (call.key(2), call.arg(3));
    let found = group(call, &key)?;
    if let Some((number, _)) = found {
        edit(call.state, &key, |site| {
            site.stream.remove_group(number);
            site.tell.changed_around("xgroup-destroy");
            site.tell.step(|| Step::GroupRemoved { group: name.into() });
        });
    }
    call.reply.integer(found.is_some().into());
    Ok(())
}

fn create_consumer(call: &mut Call<'_>) -> Outcome {
    let (key, name, consumer) = (call.key(2), call.arg(3), call.arg(4));
    let (number, _) = group(call, &key)?.ok_or_else(|| no_such_group(key.bytes, name))?;
    let made = edit(call.state, &key, |site| {
        let now = site.now;
        site.edit_group(number, |group, _, tell| {
            let is_new = group.consumers().find(consumer).is_none();
            if is_new {
                group.add_consumer(consumer, Consumer::new(now));
                tell.consumer_made(name, consumer);
            }
            is_new
        })
    });
    call.reply.integer(made.into());
    Ok(())
}

fn delete_consumer(call: &mut Call<'_>) -> Outcome {
    let (key, name, consumer) = (call.key(2), call.arg(3), call.arg(4));
    let (number, _) = group(call, &key)?.ok_or_else(|| no_such_group(key.bytes, name))?;
    let pending = edit(call.state, &key, |site| {
        site.edit_group(number, |group, _, tell| {
            let Some(found) = group.consumers().find(consumer) else { return 0 };
            let pending = group.consumers().get(found).pending() as u64;
            group.remove_consumer(found, |_| {});
            tell.changed_around("xgroup-delconsumer");
            tell.step(|| Step::ConsumerRemoved { group: name.into(), consumer: consumer.into(), pending });
            pending
        })
    });
    call.reply.integer(pending as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    const GONE: &str = "(error) NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";

    #[test]
    fn who_waits_is_told_when_there_is_nothing_to_wait_for_any_more() {
        for (line, error) in [
            ("DEL s", GONE),
            ("XGROUP DESTROY s g", GONE),
            ("RENAME s t", GONE),
            ("FLUSHALL", GONE),
            ("SET s text", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            let mut server = Server::new();
            server.run("XGROUP CREATE s g $ MKSTREAM");
            assert_eq!(server.run_as(1, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"), "");
            assert_eq!(server.run_as(2, "XREAD BLOCK 0 STREAMS s $"), "");
            server.run(line);
            assert_eq!(server.told(1), error, "{line}");
            assert_eq!(server.told(2), "", "{line}");
        }
    }

    #[test]
    fn who_waits_is_served_in_order() {
        let mut server = Server::new();
        server.run("XADD s 1-0 f old");
        server.run("XGROUP CREATE s g $");
        server.run_as(1, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
        server.run_as(2, "XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
        server.run_as(3, "XREAD BLOCK 0 STREAMS s $");
        server.run("XADD s 2-0 f v");
        let entry =
            |n: u32| std::format!("1) 1) \"s\"\n   2) 1) 1) \"{n}-0\"\n         2) 1) \"f\"\n            2) \"v\"");
        assert_eq!([1, 2, 3].map(|client| server.told(client)), [entry(2), "".into(), entry(2)]);
        server.run("XADD s 3-0 f v");
        assert_eq!(server.told(2), entry(3));
        assert_eq!(server.run("XREADGROUP GROUP g a STREAMS s >"), "(nil)");
        server.run("XGROUP CREATE s all 0");
        assert!(server.run("XREADGROUP GROUP all a STREAMS s >").contains("1-0"));
    }
}
