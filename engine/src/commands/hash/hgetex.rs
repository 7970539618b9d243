//! HGETEX, HGETDEL: fields' values, with something done to the fields in the same breath.

use super::fields::{Expiry, FIELDS, Lifetime, WRONG_NUMBER, behind_key, counted, position};
use super::hdel;
use super::hexpire::{expire_at_once, set_expiries};
use crate::collections::ordered::Set;
use crate::commands::call::Call;
use crate::commands::collection::{expect, reply_element_or_null};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::generic::expire::Conditions;
use crate::commands::string::options::EXPIRATION_OR_PERSIST;
use crate::commands::words::{Words, one_of};
use crate::keyspace::Key;
use crate::resp::decode::Args;
use crate::types::Hash;

pub static HGETEX: Command = Command {
    summary: "Answers fields' values, and changes or removes the fields' expiry.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE_AND_READ)],
    arguments: &[Argument::key("key"), Argument::one_of("expiration", EXPIRATION_OR_PERSIST).optional(), FIELDS],
    run: hgetex,
    ..Command::new("hgetex", Group::Hash, "9.0.0", "O(N) in the fields")
};

pub static HGETDEL: Command = Command {
    summary: "Answers fields' values and removes the fields.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ_AND_DELETE)],
    arguments: &[Argument::key("key"), FIELDS],
    run: hgetdel,
    ..Command::new("hgetdel", Group::Hash, "9.1.0", "O(N) in the fields")
};

fn hgetex(call: &mut Call<'_>) -> Outcome {
    let at = position(call.args, 2)?;
    let (mut words, mut expiry) = (Words::new(call.args.until(at), 2), None);
    while let Some(word) = words.next() {
        let option = one_of(word, &["PERSIST", "EX", "PX", "EXAT", "PXAT"])?;
        expiry = Expiry::read(option, expiry, &mut words)?;
    }
    let fields = counted(call.args, at + 1, 1, WRONG_NUMBER)?;
    let (key, now) = (call.key(1), call.state.now);
    expect::<Hash>(call.state.look_to_write(&key))?;
    let lifetime = expiry.map_or(Ok(Lifetime::Kept), |expiry| expiry.lifetime(now, "hgetex"))?;
    let at_once = matches!(lifetime, Lifetime::Until(moment) if moment <= now);
    answer(call, &key, fields, at_once)?;
    match lifetime {
        Lifetime::Kept => {}
        _ if at_once => _ = expire_at_once(call, &key, fields, Conditions::default())?,
        _ => _ = set_expiries(call, &key, fields, lifetime, Conditions::default())?,
    }
    Ok(())
}

fn hgetdel(call: &mut Call<'_>) -> Outcome {
    let fields = behind_key(call.args, WRONG_NUMBER)?;
    let key = call.key(1);
    answer(call, &key, fields, true)?;
    if hdel::remove(call, &key, fields)?.0 > 0 {
        hdel::record(call, &key, fields)?;
    }
    Ok(())
}

/// Answers the fields' values; where they are removed, a second time there is none.
fn answer(call: &mut Call<'_>, key: &Key<'_>, fields: Args<'_>, removed: bool) -> Outcome {
    let now = call.state.now;
    let hash = expect::<Hash>(call.state.look_to_write(key))?.map(|hash| hash.at(now));
    let mut seen = Set::new();
    call.reply.array(fields.len());
    for name in fields.iter() {
        let value = hash.and_then(|hash| hash.get(name));
        reply_element_or_null(call.reply, value.filter(|_| !removed || seen.insert(name)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn what_was_read_is_recorded_as_what_was_done() {
        let mut server = Server::new();
        let at = server.millis() + 5000;
        for (line, reply) in [
            ("HSET h a 1 b 2 c 3", "(integer) 3"),
            ("HGETEX h FIELDS 2 a x", "1) \"1\"\n2) (nil)"),
            ("HGETEX h EX 5 FIELDS 2 a x", "1) \"1\"\n2) (nil)"),
            ("HGETEX h PERSIST FIELDS 2 a b", "1) \"1\"\n2) \"2\""),
            ("HGETEX h PX 0 FIELDS 2 a a", "1) \"1\"\n2) (nil)"),
            ("HGETEX h EX -1 FIELDS 1 b", "(error) ERR invalid expire time in 'hgetex' command"),
            ("HGETEX h EX 1 PERSIST FIELDS 1 b", "(error) ERR syntax error"),
            ("HGETDEL h FIELDS 3 b x b", "1) \"2\"\n2) (nil)\n3) (nil)"),
            ("HGETDEL none FIELDS 1 b", "1) (nil)"),
            ("HGETDEL h FIELDS 1 c", "1) \"3\""),
            ("EXISTS h", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let records = format!(
            "SELECT 0 | HSET h a 1 b 2 c 3 | HPEXPIREAT h {at} FIELDS 1 a | HPERSIST h FIELDS 1 a | HDEL h a | \
             HDEL h b x b | HDEL h c"
        );
        assert_eq!(server.records(), records);
    }
}
