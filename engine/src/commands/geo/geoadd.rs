//! GEOADD: members get positions.

use alloc::vec::Vec;

use super::position;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::commands::zset::zadd::{Options, add};

pub static GEOADD: Command = Command {
    summary: "Gives members positions, under conditions if wanted, and says how many are new, or how many changed.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::one_of("condition", &[Argument::word("nx", "NX"), Argument::word("xx", "XX")])
            .optional()
            .since("6.2.0"),
        Argument::word("change", "CH").optional().since("6.2.0"),
        Argument::block(
            "data",
            &[Argument::double("longitude"), Argument::double("latitude"), Argument::string("member")],
        )
        .multiple(),
    ],
    run: geoadd,
    ..Command::new("geoadd", Group::Geo, "3.2.0", "O(log(N)) for each member")
};

fn geoadd(call: &mut Call<'_>) -> Outcome {
    let (mut options, mut from) = (Options::default(), 2);
    while let Some(word) = call.args.get(from) {
        match word {
            _ if is(word, "NX") => options.absent = true,
            _ if is(word, "XX") => options.present = true,
            _ if is(word, "CH") => options.changed = true,
            _ => break,
        }
        from += 1;
    }
    let words = call.args.from(from);
    if words.is_empty() || !words.len().is_multiple_of(3) || options.absent && options.present {
        return call.syntax();
    }
    let mut pairs = Vec::with_capacity(words.len() / 3);
    for at in (0..words.len()).step_by(3) {
        let position = position(&words[at], &words[at + 1])?;
        // 52 bits are a whole number to a double as well.
        pairs.push((position.score() as f64, words.get(at + 2).expect("they come in threes")));
    }
    add(call, options, &pairs)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn positions_are_scores() {
        let mut server = Server::new();
        for (line, reply) in [
            ("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "(integer) 2"),
            ("ZSCORE g Palermo", "\"3479099956230698\""),
            ("GEOADD g CH 13.361389 38.115556 Palermo 15 37 Catania 1 1 x", "(integer) 2"),
            ("GEOADD g NX 1 2 x 1 1 y", "(integer) 1"),
            ("GEOADD g XX 1 2 z", "(integer) 0"),
            ("ZCARD g", "(integer) 4"),
            ("GEOADD g 200 100 x", "(error) ERR invalid longitude,latitude pair 200.000000,100.000000"),
            ("GEOADD g inf 0 x", "(error) ERR invalid longitude,latitude pair inf,0.000000"),
            ("GEOADD g NX XX 1 1 x", "(error) ERR syntax error"),
            ("GEOADD g NX CH CH", "(error) ERR syntax error"),
            ("GEOADD g 1 1 a 1", "(error) ERR syntax error"),
            ("GEOADD g 1 x a", "(error) ERR value is not a valid float"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
