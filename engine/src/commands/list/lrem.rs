//! LINSERT, LREM, LTRIM: elements put in between, and taken out.

use crate::collections::quicklist::Side;
use crate::commands::call::{Call, symmetric};
use crate::commands::collection::{Collection, Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::one_of;
use crate::keyspace::change::Notify;
use crate::types::List;

pub static LINSERT: Command = Command {
    summary: "Adds an element before or after another.",
    arity: 5,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::INSERT)],
    arguments: &[
        Argument::key("key"),
        Argument::one_of("where", &[Argument::word("before", "BEFORE"), Argument::word("after", "AFTER")]),
        Argument::string("pivot"),
        Argument::string("element"),
    ],
    run: linsert,
    ..Command::new("linsert", Group::List, "2.2.0", "O(N) in the elements before the other one")
};

pub static LREM: Command = Command {
    summary: "Removes elements that are equal to one, from the head on, or from the tail on for a negative count.",
    arity: 4,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::integer("count"), Argument::string("element")],
    run: lrem,
    ..Command::new("lrem", Group::List, "1.0.0", "O(N) in the elements")
};

pub static LTRIM: Command = Command {
    summary: "Keeps only the elements between two positions.",
    arity: 4,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::integer("start"), Argument::integer("stop")],
    run: ltrim,
    ..Command::new("ltrim", Group::List, "1.0.0", "O(N) in the elements removed")
};

fn linsert(call: &mut Call<'_>) -> Outcome {
    let side = if one_of(call.arg(2), &["BEFORE", "AFTER"])? == "BEFORE" { Side::Before } else { Side::After };
    let (key, pivot, text) = (call.key(1), call.arg(3), call.arg(4));
    let length = edit(call, &key, "linsert", |list: &mut List, limits| {
        let inserted = list.insert(pivot, side, text, limits);
        Edit { changes: inserted as u64, result: if inserted { list.len() as i64 } else { -1 } }
    })?;
    call.reply.integer(length.unwrap_or(0));
    Ok(())
}

fn lrem(call: &mut Call<'_>) -> Outcome {
    let (count, key, text) = (symmetric(call.arg(2))?, call.key(1), call.arg(3));
    let removed = edit(call, &key, "lrem", |list: &mut List, limits| {
        let removed = list.remove_equal(text, count, limits);
        Edit { changes: removed as u64, result: removed }
    })?;
    call.reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

fn ltrim(call: &mut Call<'_>) -> Outcome {
    let (start, stop, key) = (call.integer(2)?, call.integer(3)?, call.key(1));
    let trimmed = edit(call, &key, "ltrim", |list: &mut List, limits| {
        let (removed, rests) = list.trim(start, stop, limits);
        Edit { changes: removed as u64, result: (removed, rests) }
    })?;
    if let Some((removed, rests)) = trimmed {
        rests.into_iter().flatten().for_each(|rest| call.db().doom(rest.into_object()));
        if removed == 0 {
            call.notice(key.bytes, Notify::LIST, "ltrim");
        }
    }
    call.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use alloc::format;

    #[test]
    fn what_is_trimmed_off_a_long_list_is_freed_in_steps() {
        let mut server = Server::new();
        for n in 0..120 {
            server.run(&format!("RPUSH l {n}{}", " 0123456789abcdef0123456789abcdef".repeat(1000)));
        }
        let memory = |server: &mut Server| {
            let info = server.run("INFO memory");
            info.split("used_memory:").nth(1).unwrap().split("\\r").next().unwrap().parse::<usize>().unwrap()
        };
        let before = memory(&mut server);
        server.run("LTRIM l 119980 119983");
        assert_eq!(server.run("LRANGE l -3 -3"), "1) \"0123456789abcdef0123456789abcdef\"");
        assert!(server.run("INFO memory").contains("lazyfree_pending_objects:1"));
        assert!(memory(&mut server) + 20_000 > before);
        while !server.run("INFO memory").contains("lazyfree_pending_objects:0") {
            server.wait();
        }
        assert!(memory(&mut server) < before / 10);
        assert_eq!(server.run("LLEN l"), "(integer) 4");
    }

    #[test]
    fn elements_come_and_go_in_the_middle() {
        let mut server = Server::new();
        server.run("RPUSH l a b a c a");
        for (line, reply) in [
            ("LINSERT l BEFORE b x", "(integer) 6"),
            ("LINSERT l after c y", "(integer) 7"),
            ("LINSERT l AFTER none y", "(integer) -1"),
            ("LINSERT none AFTER b y", "(integer) 0"),
            ("LINSERT l BESIDE b y", "(error) ERR syntax error"),
            ("LREM l -2 a", "(integer) 2"),
            ("LRANGE l 0 -1", "1) \"a\"\n2) \"x\"\n3) \"b\"\n4) \"c\"\n5) \"y\""),
            ("LREM l 0 none", "(integer) 0"),
            ("LTRIM l 1 -2", "OK"),
            ("LRANGE l 0 -1", "1) \"x\"\n2) \"b\"\n3) \"c\""),
            ("LTRIM l 5 9", "OK"),
            ("EXISTS l", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
