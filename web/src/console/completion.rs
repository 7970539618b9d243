//! What could come next on a typed line, read from the command table: choices for its last word, and what is still to be given.

use kvarium_engine::base::sort;
use kvarium_engine::commands;
use kvarium_engine::commands::declaration::{Argument, ArgumentKind, Command};
use kvarium_engine::resp::show::argument_text;

use super::command_line::split;

/// What a completer has to know of the world.
pub trait Known {
    fn nodes(&self) -> Vec<String>;
    /// Keys of a node (of this terminal's where none is named) that begin with `prefix`, at most `limit`.
    fn keys(&self, node: Option<&str>, prefix: &[u8], limit: usize) -> Vec<Vec<u8>>;
    /// The verbs of the script language, with what they take: `kill NODE`.
    fn verbs(&self) -> &'static [(&'static str, &'static str)];
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// The last word, from this byte of the line on, could be each of these.
    pub from: usize,
    pub choices: Vec<String>,
    /// What may still be given behind the line.
    pub hint: String,
}

/// More choices than this are not offered.
const CHOICES: usize = 12;

/// What could come next on `line`.
pub fn suggest(line: &str, known: &impl Known) -> Suggestions {
    let from = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let last = &line[from..];
    if let Some(action) = line.strip_prefix('!') {
        return suggest_action(action, from, last, known);
    }
    if from == 0 && last.starts_with('@') {
        let choices = known.nodes().iter().map(|node| format!("@{node}")).collect();
        return Suggestions { from, choices: beginning(choices, last), hint: String::new() };
    }
    let (node, line, skipped) = behind_node(line);
    let Some(words) = split(&line[..from - skipped]) else { return Suggestions::default() };
    let Some(name) = words.first() else { return suggest_name(from, last) };
    if name.eq_ignore_ascii_case(b"help") {
        return match words.get(1).map(|word| find(commands::all(), word)) {
            None => suggest_name(from, last),
            Some(command) => command.map_or(Suggestions::default(), |command| suggest_subcommand(command, from, last)),
        };
    }
    let Some(command) = find(commands::all(), name) else { return Suggestions::default() };
    if command.is_container() {
        match words.get(1) {
            None => return suggest_subcommand(command, from, last),
            Some(sub) => {
                let Some(command) = command.subcommand(sub) else { return Suggestions::default() };
                return suggest_argument(command, &words[2..], from, last, node, known);
            }
        }
    }
    suggest_argument(command, &words[1..], from, last, node, known)
}

/// `@A-M GET k`: the command begins behind the node.
fn behind_node(line: &str) -> (Option<&str>, &str, usize) {
    match line.find(char::is_whitespace) {
        Some(end) if line.starts_with('@') => (Some(line[1..end].trim_end_matches('>')), &line[end + 1..], end + 1),
        _ => (None, line, 0),
    }
}

fn find(mut commands: impl Iterator<Item = &'static Command>, name: &[u8]) -> Option<&'static Command> {
    commands.find(|command| command.name.as_bytes().eq_ignore_ascii_case(name))
}

fn suggest_name(from: usize, last: &str) -> Suggestions {
    if last.is_empty() {
        return Suggestions::default();
    }
    let typed = find(commands::all(), last.as_bytes());
    let mut choices = beginning(commands::all().map(|command| cased(command.name, last)).collect(), last);
    sort::sort_by_key(&mut choices, |name| name.len());
    choices.retain(|name| name.len() > last.len());
    let hint = typed.map(|command| format!(" {}", usage(command))).unwrap_or_default();
    Suggestions { from, choices, hint }
}

fn suggest_subcommand(command: &Command, from: usize, last: &str) -> Suggestions {
    let mut choices: Vec<_> = command.subcommands.iter().map(|sub| cased(sub.name, last)).collect();
    sort::sort_by(&mut choices, Ord::cmp);
    let hint = command.subcommand(last.as_bytes()).map(|sub| format!(" {}", usage(sub))).unwrap_or_default();
    Suggestions { from, choices: beginning(choices, last), hint }
}

fn suggest_argument(
    command: &'static Command,
    given: &[Vec<u8>],
    from: usize,
    last: &str,
    node: Option<&str>,
    known: &impl Known,
) -> Suggestions {
    let here = remaining(command.arguments, given);
    let mut choices = Vec::new();
    for argument in &here.pending {
        let must_come_first = !argument.optional && argument.token.is_none() && argument.kind != ArgumentKind::OneOf;
        if matches!(argument.kind, ArgumentKind::Key) && !last.starts_with(['"', '\'']) {
            let keys = known.keys(node, last.as_bytes(), CHOICES);
            choices.extend(keys.iter().map(|key| argument_text(key)).filter(|text| text.starts_with(last)));
        }
        if must_come_first {
            break;
        }
        choices.extend(tokens(argument).map(|token| cased(token, last)));
    }
    let mut behind = given.to_vec();
    if !last.is_empty() {
        behind.push(last.as_bytes().to_vec());
    }
    let rest = remaining(command.arguments, &behind);
    let hint: Vec<_> = rest.value.map(str::to_owned).into_iter().chain(rest.pending.iter().map(|a| text(a))).collect();
    let space = if last.is_empty() || hint.is_empty() { "" } else { " " };
    let mut choices = beginning(choices, last);
    choices.retain(|choice| choice != last);
    Suggestions { from, choices, hint: format!("{space}{}", hint.join(" ")) }
}

fn suggest_action(action: &str, from: usize, last: &str, known: &impl Known) -> Suggestions {
    let verbs = known.verbs();
    let Some((verb, _)) = action.split_once(char::is_whitespace) else {
        let choices = beginning(verbs.iter().map(|(verb, _)| format!("!{verb}")).collect(), last);
        let takes = verbs.iter().find(|(verb, _)| *verb == action);
        return Suggestions { from, choices, hint: takes.map(|(_, takes)| format!(" {takes}")).unwrap_or_default() };
    };
    let takes = verbs.iter().find(|(known, _)| *known == verb).map_or("", |(_, takes)| takes);
    let given = action.split_whitespace().count() - usize::from(!last.is_empty()) - 1;
    let takes_node = takes.split(' ').nth(given).is_some_and(|word| word.contains("NODE"));
    let choices = if takes_node { beginning(known.nodes(), last) } else { Vec::new() };
    let rest: Vec<_> = takes.split(' ').skip(given + usize::from(!last.is_empty())).collect();
    let space = if last.is_empty() || rest.is_empty() { "" } else { " " };
    Suggestions { from, choices, hint: format!("{space}{}", rest.join(" ")) }
}

/// Those that begin with what was typed, in any case.
fn beginning(mut choices: Vec<String>, typed: &str) -> Vec<String> {
    choices.retain(|choice| choice.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed)));
    choices.dedup();
    choices.truncate(CHOICES);
    choices
}

/// In the case in which one has begun to type.
fn cased(word: &str, typed: &str) -> String {
    let lower = typed.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    if lower { word.to_ascii_lowercase() } else { word.to_ascii_uppercase() }
}

struct Remaining {
    pending: Vec<&'static Argument>,
    /// A token was given last whose value is due: its name.
    value: Option<&'static str>,
}

/// Which arguments are still to come behind those given.
fn remaining(arguments: &'static [Argument], given: &[Vec<u8>]) -> Remaining {
    let mut pending: Vec<&'static Argument> = arguments.iter().collect();
    let mut value = None;
    for word in given {
        if value.take().is_some() {
            continue;
        }
        let by_token = pending
            .iter()
            .position(|argument| tokens(argument).any(|token| token.as_bytes().eq_ignore_ascii_case(word)));
        // A word stands for itself only where no required value is due before it.
        let due = pending.iter().position(|argument| !argument.optional && tokens(argument).next().is_none());
        match (by_token, due) {
            (Some(at), due) if due.is_none_or(|due| at < due) => {
                value = value_behind(pending[at], word);
                if !pending[at].multiple {
                    pending.remove(at);
                }
            }
            _ => {
                let free = pending.iter().position(|argument| tokens(argument).next().is_none());
                if let Some(at) = free.filter(|&at| !pending[at].multiple) {
                    pending.remove(at);
                }
            }
        }
    }
    Remaining { pending, value }
}

/// The words that can begin an argument.
fn tokens(argument: &'static Argument) -> Box<dyn Iterator<Item = &'static str>> {
    match argument.kind {
        _ if argument.token.is_some() => Box::new(argument.token.into_iter()),
        ArgumentKind::OneOf => Box::new(argument.parts.iter().flat_map(tokens)),
        ArgumentKind::Block => Box::new(argument.parts.first().into_iter().flat_map(tokens)),
        _ => Box::new(std::iter::empty()),
    }
}

/// The name of the value that follows a token.
fn value_behind(argument: &'static Argument, word: &[u8]) -> Option<&'static str> {
    if argument.token.is_some_and(|token| token.as_bytes().eq_ignore_ascii_case(word)) {
        return (argument.kind != ArgumentKind::PureToken).then_some(argument.name);
    }
    argument.parts.iter().find_map(|part| value_behind(part, word))
}

/// The arguments of a command as its documentation writes them.
pub fn usage(command: &Command) -> String {
    let sub: Vec<_> = command.subcommands.iter().map(|sub| sub.name.to_ascii_uppercase()).collect();
    if !sub.is_empty() {
        return sub.join("|");
    }
    command.arguments.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn text(argument: &Argument) -> String {
    let mut inner = bare(argument);
    if argument.multiple {
        let again = if argument.multiple_token || argument.token.is_none() { &inner } else { argument.name };
        inner = format!("{inner} [{again} ...]");
    }
    if argument.optional { format!("[{inner}]") } else { inner }
}

fn bare(argument: &Argument) -> String {
    let parts = |separator: &str| argument.parts.iter().map(text).collect::<Vec<_>>().join(separator);
    let value = match argument.kind {
        ArgumentKind::PureToken => return argument.token.unwrap_or(argument.name).to_owned(),
        ArgumentKind::OneOf if argument.optional => parts("|"),
        ArgumentKind::OneOf => format!("<{}>", parts("|")),
        ArgumentKind::Block => parts(" "),
        _ => argument.name.to_owned(),
    };
    match argument.token {
        Some(token) => format!("{token} {value}"),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World;
    impl Known for World {
        fn nodes(&self) -> Vec<String> {
            vec!["A-M".into(), "B-M".into()]
        }
        fn keys(&self, _: Option<&str>, prefix: &[u8], _: usize) -> Vec<Vec<u8>> {
            [b"user:1".to_vec(), b"other".to_vec()].into_iter().filter(|key| key.starts_with(prefix)).collect()
        }
        fn verbs(&self) -> &'static [(&'static str, &'static str)] {
            &[("kill", "NODE"), ("cut", "NODE NODE")]
        }
    }

    #[test]
    fn names_are_completed_in_the_case_they_were_begun() {
        assert!(suggest("ge", &World).choices.contains(&"get".to_owned()));
        assert!(suggest("GETR", &World).choices.contains(&"GETRANGE".to_owned()));
        assert_eq!(suggest("GET", &World).hint, " key");
        assert!(suggest("help GETR", &World).choices.contains(&"GETRANGE".to_owned()));
        assert!(suggest("help config s", &World).choices.contains(&"set".to_owned()));
    }

    #[test]
    fn keys_and_options_are_completed_where_they_may_stand() {
        assert_eq!(suggest("GET us", &World).choices, ["user:1"]);
        assert_eq!(suggest("GET ", &World).hint, "key");
        let options = suggest("SET k v ", &World);
        assert!(options.choices.contains(&"NX".to_owned()), "{options:?}");
        let value = suggest("SET k v EX ", &World);
        assert!(value.hint.starts_with("seconds"), "{value:?}");
    }

    #[test]
    fn nodes_are_completed_behind_at_and_verbs() {
        assert_eq!(suggest("@A", &World).choices, ["@A-M"]);
        assert_eq!(suggest("!ki", &World).choices, ["!kill"]);
        assert_eq!(suggest("!cut A-M ", &World).choices, ["A-M", "B-M"]);
        assert_eq!(suggest("@A-M GET us", &World).choices, ["user:1"]);
    }
}
