//! WAIT, WAITAOF: until others have what this client wrote. Nobody follows this server, and it keeps no log: whoever asks
//! for more than that waits until its time is over.

use crate::base::number::parse_i64;
use crate::base::time::Time;
use crate::commands::blocking::until_millis;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Categories, Command, Flags, Group, Outcome};
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};

pub static WAIT: Command = Command {
    summary: "How many replicas have what this client wrote, once they are so many or the time is over.",
    arity: 3,
    arguments: &[Argument::integer("numreplicas"), Argument::integer("timeout")],
    run: wait,
    ..waiting("wait", "3.0.0")
};

pub static WAITAOF: Command = Command {
    summary: "Whether the log has what this client wrote, and those of how many replicas, once they are so many or the time is over.",
    arity: 4,
    arguments: &[Argument::integer("numlocal"), Argument::integer("numreplicas"), Argument::integer("timeout")],
    run: waitaof,
    ..waiting("waitaof", "7.2.0")
};

const fn waiting(name: &'static str, since: &'static str) -> Command {
    Command {
        flags: Flags::BLOCKING,
        categories: Categories::CONNECTION,
        tips: const { &["request_policy:all_shards", "response_policy:agg_min"] },
        ..Command::new(name, Group::Generic, since, "O(1)")
    }
}

const NO_LOG: Error = Error::fixed("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
const NOT_ONE: Error = Error::fixed("ERR value is out of range, value must between 0 and 1");

fn wait(call: &mut Call<'_>) -> Outcome {
    let wanted = call.integer(1)?;
    let until = until_millis(call.state.now, call.arg(2))?;
    answer(call, wanted, until, |reply| reply.integer(0))
}

fn waitaof(call: &mut Call<'_>) -> Outcome {
    let local = parse_i64(call.arg(1)).ok_or(error::NOT_INTEGER)?;
    if !(0..=1).contains(&local) {
        return Err(NOT_ONE);
    }
    let wanted = parse_i64(call.arg(2)).filter(|&wanted| wanted >= 0).ok_or(error::NOT_POSITIVE)?;
    let until = until_millis(call.state.now, call.arg(3))?;
    if local > 0 {
        return Err(NO_LOG);
    }
    answer(call, wanted, until, |reply| {
        reply.array(2);
        reply.integer(0);
        reply.integer(0);
    })
}

/// At once where nothing is wanted, or else when the time is over: a time of zero never is.
fn answer(call: &mut Call<'_>, wanted: i64, until: Time, answer: fn(&mut dyn Reply)) -> Outcome {
    let now = call.state.now;
    if wanted <= 0 {
        answer(call.reply);
    } else {
        call.answer_at((until > now).then_some(until), answer);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn who_asks_for_replicas_waits_in_vain() {
        let mut server = Server::new();
        assert_eq!(server.run("WAIT 0 0"), "(integer) 0");
        assert_eq!(server.run("WAITAOF 0 0 0"), "1) (integer) 0\n2) (integer) 0");
        assert_eq!(server.run_as(1, "WAIT 1 50"), "");
        assert_eq!(server.run_as(2, "WAIT 1 0"), "");
        assert_eq!(server.run_as(3, "WAITAOF 0 1 60"), "");
        server.advance(60);
        server.timeout();
        assert_eq!((&*server.told(1), &*server.told(2)), ("(integer) 0", ""));
        assert_eq!(server.told(3), "1) (integer) 0\n2) (integer) 0");
    }
}
