//! SUNION, SUNIONSTORE, SDIFF, SDIFFSTORE: what is in any of several sets, and in the first but none of the others.

use alloc::vec::Vec;

use crate::base::sort;
use crate::commands::call::Call;
use crate::commands::collection::{replace, reply_element};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::set::sets_of;
use crate::resp::encode::{Aggregate, Reply};
use crate::types::{Limits, Set};

pub static SUNION: Command =
    Command { summary: "The members of any of several sets.", run: sunion, ..question("sunion") };

pub static SDIFF: Command =
    Command { summary: "The members of a set that no other set has.", run: sdiff, ..question("sdiff") };

pub static SUNIONSTORE: Command = Command {
    summary: "Stores the members of any of several sets.",
    run: |call| store(call, union, "sunionstore"),
    ..storage("sunionstore")
};

pub static SDIFFSTORE: Command = Command {
    summary: "Stores the members of a set that no other set has.",
    run: |call| store(call, difference, "sdiffstore"),
    ..storage("sdiffstore")
};

const COMPLEXITY: &str = "O(N) in the members of all sets";

const fn question(name: &'static str) -> Command {
    Command {
        arity: -2,
        flags: Flags::READONLY,
        keys: const { &[KeySpec::from(1, 1, Access::READ)] },
        arguments: const { &[Argument::key("key").multiple()] },
        tips: &["nondeterministic_output_order"],
        ..Command::new(name, Group::Set, "1.0.0", COMPLEXITY)
    }
}

const fn storage(name: &'static str) -> Command {
    Command {
        arity: -3,
        flags: Flags::WRITE.and(Flags::DENY_OOM),
        keys: const { &[KeySpec::one(1, Access::OVERWRITE), KeySpec::from(2, 1, Access::READ)] },
        arguments: const { &[Argument::key("destination"), Argument::key("key").key_spec(1).multiple()] },
        ..Command::new(name, Group::Set, "1.0.0", COMPLEXITY)
    }
}

type Sets<'a> = Vec<Option<&'a Set>>;

fn union(sets: Sets<'_>, limits: &Limits) -> Set {
    Set::union(&sets.into_iter().flatten().collect::<Vec<_>>(), limits)
}

fn sunion(call: &mut Call<'_>) -> Outcome {
    let limits = call.state.limits();
    let mut sets: Vec<&Set> = sets_of(call.state, call.args.from(1).iter())?.into_iter().flatten().collect();
    // The larger a set, the likelier a member is found in it.
    sort::sort_by_key(&mut sets, |set| core::cmp::Reverse(set.len()));
    sets.dedup_by(|set, before| core::ptr::eq(*set, *before));
    if sets.first().is_none_or(|set| set.may_be_small(&limits)) || !is_cheaper_by_skipping(&sets) {
        reply_set(call.reply, &Set::union(&sets, &limits));
        return Ok(());
    }
    let (mark, mut length) = (call.reply.open(), 0);
    for (index, set) in sets.iter().enumerate() {
        for member in set.sifted(&sets[..index], false) {
            reply_element(call.reply, member);
            length += 1;
        }
    }
    call.reply.close(mark, Aggregate::Set, length);
    Ok(())
}

/// Whether to answer of each set what none before it has, rather than to make the union: that costs a little more for a
/// member than to look it up twice.
fn is_cheaper_by_skipping(sets: &[&Set]) -> bool {
    let searches: usize = sets.iter().enumerate().map(|(index, set)| index.saturating_mul(set.len())).sum();
    searches / 2 <= sets.iter().map(|set| set.len()).sum()
}

fn reply_set(reply: &mut dyn Reply, set: &Set) {
    reply.set(set.len());
    set.iter().for_each(|member| reply_element(reply, member));
}

fn difference(sets: Sets<'_>, limits: &Limits) -> Set {
    let mut result = Set::new();
    let Some(first) = sets[0] else { return result };
    let mut others: Vec<_> = sets[1..].iter().copied().flatten().collect();
    if others.iter().any(|set| core::ptr::eq(*set, first)) {
        return result;
    }
    if is_cheaper_by_search(first, &others) {
        // The larger a set, the likelier a member is found in it.
        sort::sort_by_key(&mut others, |set| core::cmp::Reverse(set.len()));
        first.sifted(&others, false).for_each(|member| _ = result.add(member, limits));
    } else {
        result.add_all(first, limits);
        for set in others {
            set.iter().for_each(|member| _ = member.with(|text| result.remove(text)));
            if result.is_empty() {
                break;
            }
        }
    }
    result
}

/// Whether to look each member of the first set up in the others, rather than to remove the members of the others from a
/// copy of the first. The draw is Redis's, because the encoding of what is stored depends on it.
fn is_cheaper_by_search(first: &Set, others: &[&Set]) -> bool {
    let searches = first.len().saturating_mul(others.len() + 1) / 2;
    let removals = others.iter().map(|set| set.len()).sum::<usize>() + first.len();
    searches <= removals
}

fn sdiff(call: &mut Call<'_>) -> Outcome {
    let limits = call.state.limits();
    reply_set(call.reply, &difference(sets_of(call.state, call.args.from(1).iter())?, &limits));
    Ok(())
}

fn store(call: &mut Call<'_>, combine: fn(Sets<'_>, &Limits) -> Set, what: &'static str) -> Outcome {
    let limits = call.state.limits();
    let result = combine(sets_of(call.state, call.args.from(2).iter())?, &limits);
    call.reply.integer(result.len() as i64);
    let key = call.key(1);
    replace(call, &key, result, what);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Server;
    use std::collections::BTreeSet;
    use std::format;

    #[test]
    fn sums_and_differences() {
        let mut server = Server::new();
        server.run("SADD a 1 2 3");
        server.run("SADD b 3 4");
        server.run("SET text v");
        for (line, reply) in [
            ("SUNION a b none", "1) \"1\"\n2) \"2\"\n3) \"3\"\n4) \"4\""),
            ("SUNION none", "(empty array)"),
            ("SUNION a text", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("SDIFF a b", "1) \"1\"\n2) \"2\""),
            ("SDIFF a none a", "(empty array)"),
            ("SDIFF none a", "(empty array)"),
            ("SDIFFSTORE a a b", "(integer) 2"),
            ("SUNIONSTORE text a b", "(integer) 4"),
            ("TYPE text", "set"),
            ("SDIFFSTORE text none b", "(integer) 0"),
            ("EXISTS text", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_large_union_is_answered_without_being_made() {
        let mut server = Server::with("set-max-intset-entries 3\nset-max-listpack-entries 3");
        server.run("SADD a 1 2 3 4 5 6 7");
        server.run("SADD b x 2 y");
        server.run("SADD c 8 1 x z");
        for (line, expected) in [("SUNION b a a c", "12345678xyz"), ("SUNION b c", "128xyz"), ("SUNION b b b", "2xy")] {
            let reply = server.run(line);
            let mut members: Vec<_> = reply.lines().filter_map(|line| line.split('"').nth(1)).collect();
            members.sort();
            assert_eq!(members.concat(), expected, "{line}");
        }
    }

    #[test]
    fn both_ways_to_a_difference_arrive_at_the_same() {
        let limits = Limits::default();
        let set = |range: core::ops::Range<u32>| {
            let mut set = Set::new();
            range.for_each(|n| _ = set.insert(format!("m{n}").as_bytes(), &limits));
            set
        };
        let (large, small) = (set(0..100), [set(0..5), set(3..9), set(50..52), set(98..120)]);
        for others in 0..=small.len() {
            let others = &small[..others];
            let sets = core::iter::once(&large).chain(others).map(Some).collect();
            let result = difference(sets, &limits);
            let left: BTreeSet<_> = result.iter().map(|member| member.with(<[u8]>::to_vec)).collect();
            let expected: BTreeSet<_> = large
                .iter()
                .map(|member| member.with(<[u8]>::to_vec))
                .filter(|member| !others.iter().any(|set| set.contains(member)))
                .collect();
            assert_eq!(left, expected);
        }
        assert!(is_cheaper_by_search(&large, &[&small[0]]));
        assert!(!is_cheaper_by_search(&large, &small.iter().collect::<Vec<_>>()));
    }
}
