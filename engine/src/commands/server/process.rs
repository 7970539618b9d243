//! TIME, ROLE, SHUTDOWN, LOLWUT: the process.

use alloc::format;

use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Categories, Command, Flags, Group, Outcome};
use crate::event::Level;

pub static TIME: Command = Command {
    summary: "The server's clock: seconds since the Unix epoch, and microseconds within the second.",
    arity: 1,
    flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
    tips: &["nondeterministic_output"],
    run: |call| {
        let micros = call.state.now.micros();
        call.reply.array(2);
        call.reply.bulk_integer((micros / 1_000_000) as i64);
        call.reply.bulk_integer((micros % 1_000_000) as i64);
        Ok(())
    },
    ..Command::new("time", Group::Server, "2.6.0", "O(1)")
};

pub static ROLE: Command = Command {
    summary: "The server's part in replication.",
    arity: 1,
    flags: Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST),
    categories: Categories::ADMIN.and(Categories::DANGEROUS),
    run: |call| {
        call.reply.array(3);
        call.reply.bulk(b"master");
        call.reply.integer(0);
        call.reply.array(0);
        Ok(())
    },
    ..Command::new("role", Group::Server, "2.8.12", "O(1)")
};

pub static SHUTDOWN: Command = Command {
    summary: "Ends the process.",
    arity: -1,
    flags: Flags::ADMIN
        .and(Flags::NO_SCRIPT)
        .and(Flags::LOADING)
        .and(Flags::STALE)
        .and(Flags::NO_MULTI)
        .and(Flags::ALLOW_BUSY),
    arguments: &[
        Argument::one_of("save-selector", &[Argument::word("nosave", "NOSAVE"), Argument::word("save", "SAVE")])
            .optional(),
        Argument::word("now", "NOW").optional().since("7.0.0"),
        Argument::word("force", "FORCE").optional().since("7.0.0"),
        Argument::word("abort", "ABORT").optional().since("7.0.0"),
    ],
    run: shutdown,
    ..Command::new("shutdown", Group::Server, "1.0.0", "O(1)")
};

pub static LOLWUT: Command = Command {
    summary: "A little picture of nothing in particular.",
    arity: -1,
    flags: Flags::READONLY.and(Flags::FAST),
    arguments: &[Argument::integer("version").token("VERSION").optional()],
    run: |call| {
        let text = "      o   o\n   o  __    o\n  o  /o \\/   a fish\n     \\__/\\   in the aquarium\n";
        call.reply.verbatim("txt", format!("{text}Kvarium {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
        Ok(())
    },
    ..Command::new("lolwut", Group::Server, "5.0.0", "O(1)")
};

fn shutdown(call: &mut Call<'_>) -> Outcome {
    for word in call.args.from(1).iter() {
        match word.to_ascii_uppercase().as_slice() {
            b"NOSAVE" | b"NOW" | b"FORCE" => {}
            // There is no snapshot to be written yet: who asks for one must not believe that it was.
            b"SAVE" => return Err(crate::resp::error::SHUTDOWN_PENDING),
            b"ABORT" => return Err(crate::resp::error::Error::fixed("ERR No shutdown in progress.")),
            _ => return call.syntax(),
        }
    }
    call.state.log(Level::Warning, || "A client asked for the end: closing all connections".into());
    call.state.exiting = true;
    Ok(())
}
