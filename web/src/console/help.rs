//! HELP, as `redis-cli` gives it, from the command table.

use kvarium_engine::base::sort;
use kvarium_engine::commands;
use kvarium_engine::commands::declaration::Command;

use super::completion::usage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Help {
    /// Nothing was asked for by name.
    Nothing,
    Text(String),
    /// There is no such command or group.
    Unknown(String),
}

/// What is known of the words behind `HELP`: a command, a subcommand, or a group such as `@list`.
pub fn help(words: &[Vec<u8>]) -> Help {
    let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
    let Some(first) = words.first().map(text) else { return Help::Nothing };
    if let Some(group) = first.strip_prefix('@') {
        let mut all: Vec<_> = commands::all().filter(|it| it.group.name().eq_ignore_ascii_case(group)).collect();
        sort::sort_by_key(&mut all, |command| command.name);
        let lines: Vec<_> = all.into_iter().map(|command| entry(command, &upper(command.name))).collect();
        return if lines.is_empty() { Help::Unknown(first) } else { Help::Text(lines.join("\n\n")) };
    }
    let Some(command) = commands::all().find(|command| command.name.eq_ignore_ascii_case(&first)) else {
        return Help::Unknown(upper(&first));
    };
    let Some(second) = words.get(1) else { return Help::Text(with_subcommands(command)) };
    match command.subcommand(second) {
        Some(sub) => Help::Text(entry(sub, &format!("{} {}", upper(command.name), upper(sub.name)))),
        None => Help::Unknown(format!("{} {}", upper(&first), upper(&text(second)))),
    }
}

fn upper(name: &str) -> String {
    name.to_ascii_uppercase()
}

fn entry(command: &Command, name: &str) -> String {
    let arguments = if command.is_container() { String::new() } else { usage(command) };
    format!(
        "  {name} {arguments}\n  summary: {}\n  since: {}\n  group: {}",
        command.summary.trim_end_matches('.'),
        command.since,
        command.group.name()
    )
}

fn with_subcommands(command: &Command) -> String {
    let name = upper(command.name);
    let mut entries = vec![entry(command, &name)];
    let mut subcommands: Vec<_> = command.subcommands.iter().collect();
    sort::sort_by_key(&mut subcommands, |sub| sub.name);
    entries.extend(subcommands.iter().map(|sub| entry(sub, &format!("{name} {}", upper(sub.name)))));
    entries.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Help {
        help(&line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn every_command_and_subcommand_has_its_help() {
        for command in commands::all() {
            let Help::Text(text) = of(command.name) else { panic!("{} has no help", command.name) };
            assert!(text.starts_with(&format!("  {}", upper(command.name))) && text.contains("summary: "), "{text}");
            for sub in command.subcommands {
                assert!(matches!(of(&format!("{} {}", command.name, sub.name)), Help::Text(_)), "{}", sub.full_name);
            }
        }
    }

    #[test]
    fn groups_are_listed_and_what_is_unknown_is_said_to_be() {
        let Help::Text(lists) = of("@list") else { panic!() };
        assert!(lists.contains("  LPUSH key element [element ...]"), "{lists}");
        assert_eq!(of("nonsense"), Help::Unknown("NONSENSE".into()));
        assert_eq!(of("config nonsense"), Help::Unknown("CONFIG NONSENSE".into()));
        assert_eq!(of(""), Help::Nothing);
    }
}
