//! HDEL: fields go, and the hash with the last of them.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::types::Hash;

pub static HDEL: Command = Command {
    summary: "Removes fields, and says how many there were.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::string("field").multiple()],
    run: hdel,
    ..Command::new("hdel", Group::Hash, "2.0.0", "O(N) in the fields")
};

fn hdel(call: &mut Call<'_>) -> Outcome {
    let (key, names) = (call.key(1), call.args.from(2));
    let removed = edit(call, &key, "hdel", |hash: &mut Hash, _| {
        let removed = names.iter().filter(|name| hash.remove(name)).count();
        Edit { changes: removed as u64, result: removed }
    })?;
    call.reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn the_hash_goes_with_its_last_field() {
        let mut server = Server::new();
        server.run("HSET h a 1 b 2");
        assert_eq!(server.run("HDEL h a a c"), "(integer) 1");
        assert_eq!(server.run("HDEL h c"), "(integer) 0");
        assert_eq!(server.run("HDEL h b"), "(integer) 1");
        assert_eq!(server.run("EXISTS h"), "(integer) 0");
        assert_eq!(server.records(), "SELECT 0 | HSET h a 1 b 2 | HDEL h a a c | HDEL h b");
    }
}
