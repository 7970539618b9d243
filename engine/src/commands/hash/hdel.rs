//! HDEL: fields go, and the hash with the last of them.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit, expect};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Key;
use crate::resp::decode::{Args, OwnedArgs};
use crate::resp::error::Error;
use crate::types::Hash;

pub static HDEL: Command = Command {
    summary: "Removes fields, and says how many there were.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::string("field").multiple()],
    run: hdel,
    elements: Elements::from(2),
    ..Command::new("hdel", Group::Hash, "2.0.0", "O(N) in the fields")
};

fn hdel(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let (removed, some_expired) = remove(call, &key, call.args.from(2))?;
    if removed > 0 && some_expired {
        record(call, &key, call.args.from(2))?;
    }
    call.reply.integer(removed as i64);
    Ok(())
}

/// Removes fields: how many there were, and whether any of the others has expired.
///
/// # Errors
/// The key holds something else.
pub fn remove(call: &mut Call<'_>, key: &Key<'_>, names: Args<'_>) -> Result<(usize, bool), Error> {
    let now = call.state.now;
    let edited = edit(call, key, "hdel", |hash: &mut Hash, _| {
        let (mut removed, mut expired) = (0, false);
        for name in names.iter() {
            // What has expired is for its expiry to remove.
            if hash.is_due(name, now) {
                expired = true;
            } else if hash.remove(name) {
                removed += 1;
            }
        }
        Edit { changes: removed as u64, result: (removed, expired) }
    })?;
    Ok(edited.unwrap_or_default())
}

/// Records the removal, without what has expired: elsewhere that may be there still.
///
/// # Errors
/// The key holds something else.
pub fn record(call: &mut Call<'_>, key: &Key<'_>, names: Args<'_>) -> Outcome {
    let now = call.state.now;
    let mut words: OwnedArgs = [b"HDEL", key.bytes].into_iter().collect();
    let hash = expect::<Hash>(call.state.look_to_write(key))?.map(|hash| hash.at(now));
    names.iter().filter(|name| hash.is_none_or(|hash| !hash.has_expired(name))).for_each(|name| words.push(name));
    call.record_args(words.as_args());
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
