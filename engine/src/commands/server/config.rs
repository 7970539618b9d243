//! CONFIG: parameters read and changed while running.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::glob;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::config::{PARAMETERS, Parameter, parameter};
use crate::event::Event;
use crate::resp::error::{self, Error};
use crate::room;

const ADMIN: Flags = Flags::ADMIN.and(Flags::NO_SCRIPT).and(Flags::LOADING).and(Flags::STALE);

pub static CONFIG: Command = Command {
    summary: "Reads and changes parameters.",
    arity: -2,
    subcommands: &[&GET, &HELP, &RESETSTAT, &REWRITE, &SET],
    ..Command::new("config", Group::Server, "2.0.0", "that of its subcommand")
};

static GET: Command = Command {
    summary: "The values of the parameters whose names match.",
    arity: -3,
    flags: ADMIN,
    arguments: &[Argument::string("parameter").multiple()],
    full_name: "config|get",
    run: get,
    ..Command::new("get", Group::Server, "2.0.0", "O(N) in the parameters")
};

static SET: Command = Command {
    summary: "Changes parameters: all of them, or none if one can't be changed.",
    arity: -4,
    flags: ADMIN,
    arguments: &[Argument::block("data", &[Argument::string("parameter"), Argument::string("value")]).multiple()],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    full_name: "config|set",
    run: set,
    ..Command::new("set", Group::Server, "2.0.0", "O(N) in the parameters")
};

static RESETSTAT: Command = Command {
    summary: "Counts from zero again.",
    arity: 2,
    flags: ADMIN,
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    full_name: "config|resetstat",
    run: |call| {
        call.state.stats = Default::default();
        call.reply.ok();
        Ok(())
    },
    ..Command::new("resetstat", Group::Server, "2.0.0", "O(1)")
};

static REWRITE: Command = Command {
    summary: "Writes the configuration file anew, with the parameters as they are.",
    arity: 2,
    flags: ADMIN,
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    full_name: "config|rewrite",
    run: |call| {
        if !call.state.config.has_file {
            return Err(Error::fixed("ERR The server is running without a config file"));
        }
        call.state.rewrite = Some(call.state.config.to_text());
        call.reply.ok();
        Ok(())
    },
    ..Command::new("rewrite", Group::Server, "2.8.0", "O(1)")
};

static HELP: Command = Command::help("config|help", Group::Server, "5.0.0");

fn get(call: &mut Call<'_>) -> Outcome {
    let patterns = call.args.from(2);
    let wanted = |name: &str| patterns.iter().any(|pattern| glob::matches_ignoring_case(pattern, name.as_bytes()));
    let found: Vec<&Parameter> = PARAMETERS.iter().filter(|parameter| wanted(parameter.name)).collect();
    call.reply.map(found.len());
    for parameter in found {
        call.reply.field(parameter.name);
        call.reply.bulk((parameter.get)(&call.state.config).as_bytes());
    }
    Ok(())
}

fn set(call: &mut Call<'_>) -> Outcome {
    if !call.args.len().is_multiple_of(2) {
        return Err(error::wrong_arity("config|set"));
    }
    let mut config = call.state.config.clone();
    let mut changed: Vec<(&'static str, String)> = Vec::new();
    for at in (2..call.args.len()).step_by(2) {
        let name = error::printable(call.arg(at)).into_owned();
        let unknown = || format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'");
        let parameter = parameter(&name).ok_or_else(unknown)?;
        let refused = |why: &str| format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        if changed.iter().any(|(before, _)| *before == parameter.name) {
            return Err(refused("duplicate parameter").into());
        }
        let value = String::from_utf8_lossy(call.arg(at + 1)).into_owned();
        config.set(parameter, &value).map_err(|why| refused(&why))?;
        changed.push((parameter.name, (parameter.get)(&config)));
    }
    call.state.config = config;
    if changed.iter().any(|(name, _)| name.starts_with("maxmemory")) {
        room::reconsider(call.state);
    }
    for (name, value) in changed {
        call.state.events.emit(|| Event::ConfigChanged { name, value });
    }
    call.reply.ok();
    Ok(())
}
