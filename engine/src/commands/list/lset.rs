//! LSET: another element at a position.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::resp::error::{self, Error};
use crate::types::{List, resolve_index};

pub static LSET: Command = Command {
    summary: "Replaces the element at a position.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[Argument::key("key"), Argument::integer("index"), Argument::string("element")],
    run: lset,
    ..Command::new("lset", Group::List, "1.0.0", "O(N) in the elements to get there, O(1) at both ends")
};

const NO_SUCH_INDEX: Error = Error::fixed("ERR index out of range");

fn lset(call: &mut Call<'_>) -> Outcome {
    let (key, index, text) = (call.key(1), crate::commands::call::integer(call.arg(2)), call.arg(3));
    let set = edit(call, &key, "lset", |list: &mut List, limits| {
        let set = index.and_then(|index| resolve_index(index, list.len()).ok_or(NO_SUCH_INDEX));
        if let Ok(index) = set {
            list.set(index, text, limits);
        }
        Edit { changes: set.is_ok() as u64, result: set }
    })?;
    set.ok_or(error::NO_SUCH_KEY)??;
    call.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn only_what_is_there_is_replaced() {
        let mut server = Server::new();
        server.run("RPUSH l a b");
        for (line, reply) in [
            ("LSET none x a", "(error) ERR no such key"),
            ("LSET l x a", "(error) ERR value is not an integer or out of range"),
            ("LSET l 2 a", "(error) ERR index out of range"),
            ("LSET l -1 z", "OK"),
            ("LRANGE l 0 -1", "1) \"a\"\n2) \"z\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
