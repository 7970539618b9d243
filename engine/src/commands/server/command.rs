//! COMMAND: the table of commands, as data.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::glob;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Begin, Command, Find, Flags, Group, KeySpec, Outcome};
use crate::resp::encode::{Aggregate, Reply};
use crate::resp::error::{self, Error};

const ASK: Flags = Flags::LOADING.and(Flags::STALE);

pub static COMMAND: Command = Command {
    summary: "Everything about every command: arity, flags, keys.",
    arity: -1,
    flags: ASK,
    tips: &["nondeterministic_output_order"],
    subcommands: &[&COUNT, &DOCS, &GETKEYS, &GETKEYS_AND_FLAGS, &HELP, &INFO, &LIST],
    run: |call| {
        if let Some(word) = call.args.get(1) {
            return Err(error::unknown_subcommand("command", word));
        }
        call.reply.array(crate::commands::all().count());
        crate::commands::all().for_each(|command| describe(call.reply, command));
        Ok(())
    },
    ..Command::new("command", Group::Server, "2.8.13", "O(N) in all commands")
};

static COUNT: Command = Command {
    summary: "How many commands there are.",
    arity: 2,
    flags: ASK,
    full_name: "command|count",
    run: |call| {
        call.reply.integer(crate::commands::all().count() as i64);
        Ok(())
    },
    ..Command::new("count", Group::Server, "2.8.13", "O(1)")
};

static INFO: Command = Command {
    summary: "Some commands, or all, as COMMAND answers them.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::string("command-name").optional().multiple()],
    tips: &["nondeterministic_output_order"],
    full_name: "command|info",
    run: |call| {
        if call.args.len() == 2 {
            call.reply.array(crate::commands::all().count());
            crate::commands::all().for_each(|command| describe(call.reply, command));
            return Ok(());
        }
        call.reply.array(call.args.len() - 2);
        for name in call.args.from(2).iter() {
            match by_full_name(call, name) {
                Some(command) => describe(call.reply, command),
                None => call.reply.null_array(),
            }
        }
        Ok(())
    },
    ..Command::new("info", Group::Server, "2.8.13", "O(N) in the commands asked for")
};

static DOCS: Command = Command {
    summary: "What some commands, or all, are for and take.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::string("command-name").optional().multiple()],
    tips: &["nondeterministic_output_order"],
    full_name: "command|docs",
    run: |call| {
        let commands: Vec<&'static Command> = if call.args.len() == 2 {
            crate::commands::all().collect()
        } else {
            call.args.from(2).iter().filter_map(|name| by_full_name(call, name)).collect()
        };
        call.reply.map(commands.len());
        for command in commands {
            call.reply.field(command.full_name);
            document(call.reply, command);
        }
        Ok(())
    },
    ..Command::new("docs", Group::Server, "7.0.0", "O(N) in the commands asked for")
};

static LIST: Command = Command {
    summary: "The names of the commands, of all or of some.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::one_of(
        "filterby",
        &[
            Argument::string("module-name").token("MODULE"),
            Argument::string("category").token("ACLCAT"),
            Argument::pattern("pattern").token("PATTERN"),
        ],
    )
    .token("FILTERBY")
    .optional()],
    tips: &["nondeterministic_output_order"],
    full_name: "command|list",
    run: list,
    ..Command::new("list", Group::Server, "7.0.0", "O(N) in all commands")
};

static GETKEYS: Command = Command {
    summary: "Which words of a command are keys.",
    arity: -3,
    flags: ASK,
    arguments: &[Argument::string("command"), Argument::string("arg").optional().multiple()],
    full_name: "command|getkeys",
    run: |call| {
        let found = keys_of(call)?;
        call.reply.array(found.len());
        found.iter().for_each(|(position, _)| call.reply.bulk(&call.args.from(2)[*position]));
        Ok(())
    },
    ..Command::new("getkeys", Group::Server, "2.8.13", "O(N) in the words")
};

static GETKEYS_AND_FLAGS: Command = Command {
    summary: "Which words of a command are keys, and what is done with each.",
    arity: -3,
    flags: ASK,
    arguments: &[Argument::string("command"), Argument::string("arg").optional().multiple()],
    full_name: "command|getkeysandflags",
    run: |call| {
        let found = keys_of(call)?;
        call.reply.array(found.len());
        for (position, spec) in found {
            call.reply.array(2);
            call.reply.bulk(&call.args.from(2)[position]);
            call.reply.set(spec.access.0.len());
            spec.access.0.iter().for_each(|flag| call.reply.simple(flag));
        }
        Ok(())
    },
    ..Command::new("getkeysandflags", Group::Server, "7.0.0", "O(N) in the words")
};

static HELP: Command = Command::help("command|help", Group::Server, "5.0.0");

/// What the subcommands of the container do whose `HELP` was called.
pub fn help(call: &mut Call<'_>) -> Outcome {
    let name = call.command.full_name.trim_end_matches("|help");
    let container = super::super::all().find(|command| command.name == name).expect("HELP stands in a container");
    call.reply.array(1 + 2 * container.subcommands.len());
    let name = name.to_ascii_uppercase();
    call.reply.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for command in container.subcommands {
        let mut line = command.name.to_ascii_uppercase();
        for argument in command.arguments {
            line.push(' ');
            line.push_str(&syntax(argument));
        }
        call.reply.simple(&line);
        call.reply.simple(&format!("    {}", command.summary));
    }
    Ok(())
}

/// An argument as syntax descriptions write it: `[NX | XX]`, `key [key ...]`, …
pub fn syntax(argument: &Argument) -> String {
    use crate::commands::declaration::ArgumentKind;
    let value = match argument.kind {
        ArgumentKind::PureToken => String::new(),
        ArgumentKind::OneOf => argument.parts.iter().map(syntax).collect::<Vec<_>>().join(" | "),
        ArgumentKind::Block => argument.parts.iter().map(syntax).collect::<Vec<_>>().join(" "),
        _ => argument.name.into(),
    };
    let token = argument.token.unwrap_or("");
    let space = if token.is_empty() || value.is_empty() { "" } else { " " };
    let value = match argument.kind {
        ArgumentKind::OneOf if !argument.optional || !token.is_empty() => format!("<{value}>"),
        _ => value,
    };
    let mut text = format!("{token}{space}{value}");
    if argument.multiple {
        let again = if argument.multiple_token { text.clone() } else { value };
        text = format!("{text} [{again} ...]");
    }
    if argument.optional { format!("[{text}]") } else { text }
}

/// A command named `name` or `container|subcommand`.
fn by_full_name(call: &Call<'_>, name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|&byte| byte == b'|') {
        None => call.state.names.get(name),
        Some(bar) => call.state.names.get(&name[..bar])?.subcommand(&name[bar + 1..]),
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all = || crate::commands::all().flat_map(|c| core::iter::once(c).chain(c.subcommands.iter().copied()));
    let names: Vec<&'static str> = match call.args.len() {
        2 => crate::commands::all().map(|command| command.full_name).collect(),
        5 if call.arg(2).eq_ignore_ascii_case(b"FILTERBY") => {
            let wanted = call.arg(4);
            match call.arg(3).to_ascii_uppercase().as_slice() {
                b"MODULE" => Vec::new(),
                b"PATTERN" => all()
                    .map(|command| command.full_name)
                    .filter(|name| glob::matches_ignoring_case(wanted, name.as_bytes()))
                    .collect(),
                b"ACLCAT" => all()
                    .filter(|command| command.all_categories().names().any(|name| name.as_bytes() == wanted))
                    .map(|command| command.full_name)
                    .collect(),
                _ => return call.syntax(),
            }
        }
        _ => return call.syntax(),
    };
    call.reply.array(names.len());
    names.iter().for_each(|name| call.reply.bulk(name.as_bytes()));
    Ok(())
}

fn keys_of(call: &Call<'_>) -> Result<Vec<(usize, &'static KeySpec)>, Error> {
    let words = call.args.from(2);
    let command = call.state.names.get(&words[0]).ok_or(Error::fixed("ERR Invalid command specified"))?;
    let command = match words.get(1) {
        Some(word) if command.is_container() => command.subcommand(word).unwrap_or(command),
        _ => command,
    };
    if command.keys.is_empty() {
        return Err(Error::fixed("ERR The command has no key arguments"));
    }
    if !command.takes(words.len()) {
        return Err(Error::fixed("ERR Invalid number of arguments specified for command"));
    }
    let mut found = Vec::new();
    command.keys(words, |position, spec| found.push((position, spec)));
    if found.is_empty() { Err(Error::fixed("ERR Invalid arguments specified for command")) } else { Ok(found) }
}

/// A command in ten fields, as COMMAND answers it.
fn describe(reply: &mut dyn Reply, command: &Command) {
    reply.array(10);
    reply.bulk(command.full_name.as_bytes());
    reply.integer(command.arity as i64);
    let flags = if has_movable_keys(command) { command.flags.and(Flags::MOVABLE_KEYS) } else { command.flags };
    // Valkey keeps this one to itself.
    let names = || flags.names().filter(|name| *name != "may_replicate");
    reply.set(names().count());
    names().for_each(|name| reply.simple(name));
    let (first, last, step) = key_range(command);
    reply.integer(first);
    reply.integer(last);
    reply.integer(step);
    let categories = command.all_categories();
    reply.set(categories.names().count());
    categories.names().for_each(|name| reply.simple(&format!("@{name}")));
    reply.set(command.tips.len());
    command.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(command.keys.len());
    command.keys.iter().for_each(|spec| describe_keys(reply, spec));
    reply.set(command.subcommands.len());
    command.subcommands.iter().for_each(|subcommand| describe(reply, subcommand));
}

fn describe_keys(reply: &mut dyn Reply, spec: &KeySpec) {
    reply.map(3);
    reply.field("flags");
    reply.set(spec.access.0.len());
    spec.access.0.iter().for_each(|flag| reply.simple(flag));
    reply.field("begin_search");
    let mut part = |kind: &str, fields: &[(&str, Field)]| {
        reply.map(2);
        reply.field("type");
        reply.bulk(kind.as_bytes());
        reply.field("spec");
        reply.map(fields.len());
        for (name, value) in fields {
            reply.field(name);
            match value {
                Field::Number(number) => reply.integer(*number),
                Field::Text(text) => reply.bulk(text.as_bytes()),
            }
        }
    };
    match spec.begin {
        Begin::Index(index) => part("index", &[("index", Field::Number(index as i64))]),
        Begin::Keyword(word, from) => {
            part("keyword", &[("keyword", Field::Text(word)), ("startfrom", Field::Number(from as i64))]);
        }
    }
    reply.field("find_keys");
    let mut part = |kind: &str, fields: [(&str, i64); 3]| {
        reply.map(2);
        reply.field("type");
        reply.bulk(kind.as_bytes());
        reply.field("spec");
        reply.map(3);
        for (name, value) in fields {
            reply.field(name);
            reply.integer(value);
        }
    };
    match spec.find {
        Find::Range { last, step, limit } => {
            part("range", [("lastkey", last as i64), ("keystep", step as i64), ("limit", limit as i64)]);
        }
        Find::Count { number, first, step } => {
            part("keynum", [("keynumidx", number as i64), ("firstkey", first as i64), ("keystep", step as i64)]);
        }
    }
}

enum Field {
    Number(i64),
    Text(&'static str),
}

/// First key, last key and step, as far as a single range can say it: the ranges that follow one another, merged.
pub fn key_range(command: &Command) -> (i64, i64, i64) {
    let mut merged: Option<(i64, i64, i64)> = None;
    for spec in command.keys {
        let (Begin::Index(first), Find::Range { last, step, .. }) = (spec.begin, spec.find) else { continue };
        let (first, step) = (first as i64, step as i64);
        let last = if last >= 0 { first + last as i64 } else { last as i64 };
        merged = match merged {
            None => Some((first, last, step)),
            Some((before, until, _)) if until >= 0 && first == until + 1 => Some((before, last, 1)),
            kept => kept,
        };
    }
    merged.unwrap_or((0, 0, 0))
}

/// Some of its keys can't be found by that range.
fn has_movable_keys(command: &Command) -> bool {
    command
        .keys
        .iter()
        .any(|spec| !matches!((spec.begin, spec.find), (Begin::Index(_), Find::Range { limit: 0 | 1, .. })))
}

/// A command's entry in COMMAND DOCS.
fn document(reply: &mut dyn Reply, command: &Command) {
    let mark = reply.open();
    let mut fields = 4;
    for (name, text) in [
        ("summary", command.summary),
        ("since", command.since),
        ("group", command.group.name()),
        ("complexity", command.complexity),
    ] {
        reply.field(name);
        reply.bulk(text.as_bytes());
    }
    if !command.arguments.is_empty() {
        fields += 1;
        reply.field("arguments");
        document_arguments(reply, command.arguments);
    }
    if command.is_container() {
        fields += 1;
        reply.field("subcommands");
        reply.map(command.subcommands.len());
        for subcommand in command.subcommands {
            reply.field(subcommand.full_name);
            document(reply, subcommand);
        }
    }
    reply.close(mark, Aggregate::Map, fields);
}

fn document_arguments(reply: &mut dyn Reply, arguments: &[Argument]) {
    reply.array(arguments.len());
    for argument in arguments {
        let mark = reply.open();
        let mut fields = 2;
        let mut text = |reply: &mut dyn Reply, name: &str, value: Option<&str>| {
            if let Some(value) = value {
                fields += 1;
                reply.field(name);
                reply.bulk(value.as_bytes());
            }
        };
        reply.field("name");
        reply.bulk(argument.name.as_bytes());
        reply.field("type");
        reply.bulk(argument.kind.name().as_bytes());
        let composite = !argument.parts.is_empty();
        text(reply, "display_text", (!composite).then_some(argument.name));
        text(reply, "token", argument.token);
        text(reply, "since", argument.since);
        if let Some(index) = argument.key_spec {
            fields += 1;
            reply.field("key_spec_index");
            reply.integer(index as i64);
        }
        let flags: Vec<&str> = [
            (argument.optional, "optional"),
            (argument.multiple, "multiple"),
            (argument.multiple_token, "multiple_token"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect();
        if !flags.is_empty() {
            fields += 1;
            reply.field("flags");
            reply.set(flags.len());
            flags.iter().for_each(|flag| reply.simple(flag));
        }
        if composite {
            fields += 1;
            reply.field("arguments");
            document_arguments(reply, argument.parts);
        }
        reply.close(mark, Aggregate::Map, fields);
    }
}
