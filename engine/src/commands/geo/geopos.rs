//! GEOPOS, GEOHASH, GEODIST: where members are.

use super::{UNIT, reply_distance, reply_position, unit};
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::resp::encode::Reply;
use crate::types::ZSet;
use crate::types::geo::Position;

pub static GEOPOS: Command = Command {
    summary: "The longitude and latitude of members.",
    run: |call| each(call, reply_position, |reply| reply.null_array()),
    ..about("geopos")
};

pub static GEOHASH: Command = Command {
    summary: "The positions of members as geohashes, which other programs can read.",
    run: |call| each(call, |reply, position| reply.bulk(&position.geohash()), |reply| reply.null()),
    ..about("geohash")
};

pub static GEODIST: Command = Command {
    summary: "The distance between two members.",
    arity: -4,
    arguments: &[Argument::key("key"), Argument::string("member1"), Argument::string("member2"), UNIT.optional()],
    run: geodist,
    complexity: "O(1)",
    ..about("geodist")
};

const fn about(name: &'static str) -> Command {
    Command {
        arity: -2,
        flags: Flags::READONLY,
        keys: const { &[KeySpec::one(1, Access::READ)] },
        arguments: const { &[Argument::key("key"), Argument::string("member").optional().multiple()] },
        ..Command::new(name, Group::Geo, "3.2.0", "O(1) for each member")
    }
}

/// Where a member is, if it is there.
pub fn position_of(set: &ZSet, member: &[u8]) -> Option<Position> {
    set.score(member).map(Position::of_score)
}

/// Answers for each member what is said of its position, or what stands for none.
fn each(call: &mut Call<'_>, show: fn(&mut dyn Reply, Position), missing: fn(&mut dyn Reply)) -> Outcome {
    let (key, members) = (call.key(1), call.args.from(2));
    let set = expect::<ZSet>(call.state.read(&key))?;
    call.reply.array(members.len());
    for member in members.iter() {
        match set.and_then(|set| position_of(set, member)) {
            Some(position) => show(call.reply, position),
            None => missing(call.reply),
        }
    }
    Ok(())
}

fn geodist(call: &mut Call<'_>) -> Outcome {
    let metres = match call.args.get(4) {
        _ if call.args.len() > 5 => return call.syntax(),
        None => 1.0,
        Some(text) => unit(text)?,
    };
    let (key, first, second) = (call.key(1), call.arg(2), call.arg(3));
    let set = expect::<ZSet>(call.state.read(&key))?;
    let positions = set.and_then(|set| position_of(set, first).zip(position_of(set, second)));
    match positions {
        Some((first, second)) => reply_distance(call.reply, first.distance(second) / metres),
        None => call.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn positions_are_shown_in_three_ways() {
        let mut server = Server::new();
        server.run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
        for (line, reply) in [
            ("GEOPOS g Palermo none", "1) 1) \"13.36138933897018433\"\n   2) \"38.11555639549629859\"\n2) (nil)"),
            ("GEOPOS none a", "1) (nil)"),
            ("GEOPOS g", "(empty array)"),
            ("GEOHASH g Palermo none", "1) \"sqc8b49rny0\"\n2) (nil)"),
            ("GEODIST g Palermo Catania", "\"166274.1516\""),
            ("GEODIST g Palermo Catania km", "\"166.2742\""),
            ("GEODIST g Palermo Palermo", "\"0.0000\""),
            ("GEODIST g Palermo none", "(nil)"),
            ("GEODIST none a b xx", "(error) ERR unsupported unit provided. please use M, KM, FT, MI"),
            ("GEODIST g a b m m", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        server.run("HELLO 3");
        assert_eq!(server.run("GEODIST g Palermo Catania"), "\"166274.1516\"");
        assert_eq!(server.run("GEOPOS none a"), "1) (nil)");
    }
}
