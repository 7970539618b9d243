//! ZREM: members go, and the sorted set with the last of them.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::types::ZSet;

pub static ZREM: Command = Command {
    summary: "Removes members, and says how many there were.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::string("member").multiple()],
    run: zrem,
    elements: Elements::from(2),
    ..Command::new("zrem", Group::SortedSet, "1.2.0", "O(M*log(N)): N members, M of them removed")
};

fn zrem(call: &mut Call<'_>) -> Outcome {
    let (key, members) = (call.key(1), call.args.from(2));
    let removed = edit(call, &key, "zrem", |set: &mut ZSet, _| {
        let removed = members.iter().filter(|member| set.remove(member).is_some()).count();
        Edit { changes: removed as u64, result: removed }
    })?;
    call.reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn the_set_goes_with_its_last_member() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b");
        assert_eq!(server.run("ZREM z a none"), "(integer) 1");
        assert_eq!(server.run("ZREM z b"), "(integer) 1");
        assert_eq!(server.run("TYPE z"), "none");
        assert_eq!(server.run("ZREM z b"), "(integer) 0");
    }
}
