//! Events as people read them: one line for the log, and a sentence for those who hear the page.
//!
//! The lines of the log stay in Redis's words in every language; sentences are translated.

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::{Cause, EntryId, Event, Gone, Level, Step};
use kvarium_engine::resp::show::argument_text;
use kvarium_engine::world::World;
use kvarium_engine::world::script::Span;
use kvarium_engine::world::trace::{Happened, Party, WorldEvent};

use crate::catalogue::Words;

/// How much one wants to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The stage shows it; a line for each would bury all else.
    Noise,
    Usual,
    Important,
}

/// One line of the log.
pub struct Line {
    pub sign: &'static str,
    pub text: String,
}

pub fn weight(event: &WorldEvent) -> Weight {
    match event {
        WorldEvent::Sent(_)
        | WorldEvent::Arrived { .. }
        | WorldEvent::Asked { .. }
        | WorldEvent::Answered { .. }
        | WorldEvent::Learned { .. } => Weight::Noise,
        // The event of the redirection itself says more.
        WorldEvent::Node(Event::Refused { error, .. }) if error.starts_with("MOVED ") => Weight::Noise,
        WorldEvent::Node(
            Event::Refused { .. }
            | Event::Moved { .. }
            | Event::ConfigChanged { .. }
            | Event::Converted { .. }
            | Event::Removed { why: Gone::ExpiredLazily | Gone::ExpiredActively | Gone::Evicted, .. }
            | Event::ClientEvicted { .. }
            | Event::Executed { aborted: true, .. },
        ) => Weight::Important,
        WorldEvent::Unanswered { .. } => Weight::Important,
        event if event.is_important() => Weight::Important,
        _ => Weight::Usual,
    }
}

/// Is it something that went wrong, or was made to?
pub fn is_fault(event: &WorldEvent) -> bool {
    matches!(
        event,
        WorldEvent::Killed
            | WorldEvent::Exited
            | WorldEvent::Paused
            | WorldEvent::Cut { .. }
            | WorldEvent::Broken { .. }
            | WorldEvent::GaveUp { .. }
            | WorldEvent::Crashed { .. }
            | WorldEvent::DbOverload { .. }
            | WorldEvent::ClockSet { .. }
    )
}

pub fn line(world: &World, event: &WorldEvent) -> Line {
    let name = |party: &Party| world.name(*party);
    let client = |client: &u16| world.name(Party::Client(*client));
    let (sign, text) = match event {
        WorldEvent::Node(event) => return node_line(event),
        WorldEvent::Started { start: 1 } => ("●", "process started".into()),
        WorldEvent::Started { start } => ("●", format!("process started, for the {start}. time")),
        WorldEvent::Killed => ("☠", "process killed".into()),
        WorldEvent::Exited => ("☠", "process ended by itself".into()),
        WorldEvent::Paused => ("‖", "process frozen".into()),
        WorldEvent::Resumed => ("▶", "process goes on".into()),
        WorldEvent::ClockSet { ahead_micros } => {
            ("⏱", format!("clock is ahead by {:.3} s", *ahead_micros as f64 / 1e6))
        }
        WorldEvent::Cut { from, to } => ("✂", format!("link cut: {} → {}", name(from), name(to))),
        WorldEvent::Healed { from, to } => ("∿", format!("link healed: {} → {}", name(from), name(to))),
        WorldEvent::Delayed { between, latency_micros, jitter_micros } => {
            let span = |micros: u64| Span(Duration::from_micros(micros)).to_string();
            let between = between.map_or("all links".into(), |(from, to)| format!("{} → {}", name(&from), name(&to)));
            ("∿", format!("{between}: latency {}, jitter {}", span(*latency_micros), span(*jitter_micros)))
        }
        WorldEvent::Sent(message) => {
            ("▸", format!("{} → {}: {}", name(&message.from), name(&message.to), message.label))
        }
        WorldEvent::Arrived { from, to, .. } => ("◂", format!("{} → {}: arrived", name(from), name(to))),
        WorldEvent::Lost { from, to, .. } => ("⊘", format!("{} → {}: lost on the way", name(from), name(to))),
        WorldEvent::Resent { from, to, .. } => ("↻", format!("{} → {}: sent again", name(from), name(to))),
        WorldEvent::Broken { from, to, .. } => ("✕", format!("connection given up: {} – {}", name(from), name(to))),
        WorldEvent::Asked { tab, line, .. } => ("?", format!("tab{tab}: {line}")),
        WorldEvent::Answered { tab, .. } => ("!", format!("tab{tab}: answered")),
        WorldEvent::Unanswered { tab, why, .. } => ("✕", format!("tab{tab}: no reply: {why}")),
        WorldEvent::LoadStarted { line, .. } => ("▸", format!("started: {line}")),
        WorldEvent::DatabaseSet { line } => ("▤", format!("database {line}")),
        WorldEvent::Queried { client: it, key } => ("▤", format!("{} asks its database for {key}", client(it))),
        WorldEvent::QueryTimedOut { client: it, key } => {
            ("✕", format!("{} waited too long for {key} from its database", client(it)))
        }
        WorldEvent::DbOverload { database, waiting } => {
            ("▲", format!("database {database} is overloaded: {waiting} queries wait"))
        }
        WorldEvent::DbRecovered { database, timeouts } => {
            ("▽", format!("database {database} has caught up; {timeouts} queries timed out so far"))
        }
        WorldEvent::LoadStopped { client: it, sent } => ("■", format!("{} stopped after {sent} commands", client(it))),
        WorldEvent::GaveUp { client: it, unanswered } => {
            ("✕", format!("{} gave up waiting for {unanswered} replies", client(it)))
        }
        WorldEvent::Crashed { worker, held: 1, .. } => ("☠", format!("{worker} crashed with 1 entry in its hands")),
        WorldEvent::Crashed { worker, held, .. } => ("☠", format!("{worker} crashed with {held} entries in its hands")),
        WorldEvent::Processed { worker, id, .. } => ("✓", format!("{worker} is done with {}-{}", id.0, id.1)),
        WorldEvent::WorkFailed { worker, id, .. } => ("✕", format!("{worker} failed at {}-{}", id.0, id.1)),
        WorldEvent::DeadLettered { worker, id, .. } => {
            ("⚰", format!("{worker} moved {}-{} to the dead letters", id.0, id.1))
        }
        WorldEvent::Learned { client: it, slot, owner } => {
            ("✎", format!("{} learned: slot {slot} is at {}", client(it), name(&Party::Node(*owner))))
        }
    };
    Line { sign, text }
}

fn node_line(event: &Event) -> Line {
    let (sign, text) = match event {
        Event::Log { level, text } => (if *level == Level::Warning { "#" } else { "*" }, text.clone()),
        Event::Connected { client, peer, .. } => ("⊕", format!("client {} connected from {peer}", client.0)),
        Event::Disconnected { client, why, .. } => ("⊖", format!("client {} disconnected: {why}", client.0)),
        Event::Ran { args, failed, .. } => {
            let words: Vec<_> = args.iter().map(|word| argument_text(word)).collect();
            (if *failed { "✕" } else { "▸" }, words.join(" "))
        }
        Event::Refused { command, gate, error, .. } => {
            let command = String::from_utf8_lossy(command).to_ascii_uppercase();
            ("⊘", format!("{command} refused ({gate}): {error}"))
        }
        Event::Changed { key, what, .. } => ("Δ", format!("{what} {}", argument_text(key))),
        Event::Converted { key, from, to, cause, .. } => {
            let cause = match cause {
                Cause::Limit { parameter, value } => format!("{parameter} {value}"),
                Cause::NotInteger => "a member is no integer".to_owned(),
                Cause::FieldExpiry => "a field expires".to_owned(),
                Cause::EditedInPlace => "edited in place".to_owned(),
            };
            ("⇄", format!("{} {from} → {to}: {cause}", argument_text(key)))
        }
        Event::Stream { key, step, .. } => step_line(&argument_text(key), step),
        Event::Removed { key, why, .. } => {
            let why = match why {
                Gone::Deleted => "deleted",
                Gone::ExpiredLazily => "expired, found by a command",
                Gone::ExpiredActively => "expired, found by the expiry cycle",
                Gone::Evicted => "evicted",
                Gone::Flushed => "flushed",
            };
            ("−", format!("{} {why}", argument_text(key)))
        }
        Event::Sampled { keys, stale, .. } => {
            ("⌕", format!("the expiry cycle looked at {} keys, {stale} had expired", keys.len()))
        }
        Event::Evicting(decision) => {
            let (key, seen) = (argument_text(&decision.victim.key), decision.pool.len());
            ("⌕", format!("{} chose {key}, the best of {seen} candidates", decision.policy))
        }
        Event::ClientEvicted { client, bytes } => ("⊖", format!("client {} evicted: it held {bytes} bytes", client.0)),
        Event::Flushed { db: Some(db), keys } => ("∅", format!("db{db} flushed, {keys} keys")),
        Event::Flushed { db: None, keys } => ("∅", format!("all databases flushed, {keys} keys")),
        Event::Published { channel, receivers } => {
            ("»", format!("published to {}, {receivers} received", argument_text(channel)))
        }
        Event::ConfigChanged { name, value } => ("⚙", format!("{name} = {value}")),
        Event::Moved { slot, to, .. } => ("↷", format!("MOVED {slot} {to}")),
        Event::Executed { commands, aborted: false, .. } => ("✓", format!("EXEC ran {commands} commands")),
        Event::Executed { aborted: true, .. } => ("✕", "EXEC gave up: a watched key changed".to_owned()),
        Event::Blocked { client, keys } => {
            let keys: Vec<String> = keys.iter().map(|key| argument_text(key)).collect();
            ("◷", format!("client {} waits for {}", client.0, keys.join(" ")))
        }
        Event::Unblocked { client, by: Some(key) } => {
            ("◶", format!("client {} waits no longer: {}", client.0, argument_text(key)))
        }
        Event::Unblocked { client, by: None } => ("◶", format!("client {} waits no longer", client.0)),
        Event::ClientsPaused { paused: true } => ("‖", "CLIENT PAUSE: commands wait".to_owned()),
        Event::ClientsPaused { paused: false } => ("▶", "CLIENT PAUSE is over".to_owned()),
    };
    Line { sign, text }
}

/// What happened in a stream: `key` is its name as it could be typed.
fn step_line(key: &str, step: &Step) -> (&'static str, String) {
    let text = argument_text;
    match step {
        Step::Added { id } => ("+", format!("{key} {} added", id_text(id))),
        Step::Deleted { id } => ("−", format!("{key} {} deleted", id_text(id))),
        Step::Trimmed { entries, first } => {
            let left = first.as_ref().map_or("none is left".into(), |id| format!("the first is now {}", id_text(id)));
            ("✂", format!("{key} trimmed by {entries} entries, {left}"))
        }
        Step::GroupMade { group } => ("⊕", format!("{key} group {} created", text(group))),
        Step::GroupRemoved { group } => ("⊖", format!("{key} group {} destroyed", text(group))),
        Step::ConsumerMade { group, consumer } => {
            ("⊕", format!("{key} {} consumer {} created", text(group), text(consumer)))
        }
        Step::ConsumerRemoved { group, consumer, pending } => {
            ("⊖", format!("{key} {} consumer {} deleted with {pending} pending", text(group), text(consumer)))
        }
        Step::Delivered { group, consumer, id, count, .. } => {
            ("→", format!("{key} {} {} delivered to {}, ×{count}", text(group), id_text(id), text(consumer)))
        }
        Step::Acknowledged { group, consumer, id } => {
            ("✓", format!("{key} {} {} acknowledged, was with {}", text(group), id_text(id), text(consumer)))
        }
        Step::Claimed { group, consumer, id, from, count } => {
            let from = from.as_ref().map_or(String::new(), |from| format!(" from {}", text(from)));
            ("⇥", format!("{key} {} {} claimed{from} for {}, ×{count}", text(group), id_text(id), text(consumer)))
        }
        Step::Dropped { group, consumer, id } => {
            ("∅", format!("{key} {} {} dropped, was deleted and with {}", text(group), id_text(id), text(consumer)))
        }
    }
}

fn id_text(id: &EntryId) -> String {
    format!("{}-{}", id.0, id.1)
}

/// Why a value changed its encoding.
pub fn cause_text(words: Words, cause: Cause) -> String {
    match cause {
        Cause::Limit { parameter, value } => format!("{parameter} {value}"),
        Cause::NotInteger => words.cause_not_integer().to_owned(),
        Cause::FieldExpiry => words.cause_field_expiry().to_owned(),
        Cause::EditedInPlace => words.cause_edited().to_owned(),
    }
}

/// What is said aloud of an event, if it is worth it.
pub fn sentence(words: Words, world: &World, happened: &Happened) -> Option<String> {
    let node = happened.node.map_or("", |node| world.name(Party::Node(node)));
    let between = |from: &Party, to: &Party| (world.name(*from).to_owned(), world.name(*to).to_owned());
    Some(match &happened.event {
        WorldEvent::Killed | WorldEvent::Exited => words.narrate_killed(node),
        WorldEvent::Started { start: 2.. } => words.narrate_restarted(node),
        WorldEvent::Crashed { worker, held, .. } => words.narrate_crashed(worker, words.count_entries(*held)),
        WorldEvent::DeadLettered { worker, id, .. } => words.narrate_dead_letter(worker, format!("{}-{}", id.0, id.1)),
        WorldEvent::DbOverload { database, .. } => words.narrate_overload(database),
        WorldEvent::DbRecovered { database, .. } => words.narrate_recovered(database),
        WorldEvent::Paused => words.narrate_paused(node),
        WorldEvent::Resumed => words.narrate_resumed(node),
        WorldEvent::Cut { from, to } => {
            let (from, to) = between(from, to);
            words.narrate_cut(from, to)
        }
        WorldEvent::Healed { from, to } => {
            let (from, to) = between(from, to);
            words.narrate_healed(from, to)
        }
        WorldEvent::Node(Event::Moved { slot, to, .. }) => words.narrate_moved(node, slot, to),
        WorldEvent::Node(Event::Flushed { keys, .. }) => words.narrate_flushed(node, words.count_keys(*keys)),
        WorldEvent::Node(Event::Converted { key, to, cause, .. }) => {
            words.narrate_converted(argument_text(key), to, cause_text(words, *cause))
        }
        WorldEvent::Node(Event::Removed { key, why: Gone::ExpiredLazily | Gone::ExpiredActively, .. }) => {
            words.narrate_expired(node, argument_text(key))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;
    use crate::laboratory::Laboratory;

    #[test]
    fn faults_are_important_and_said_in_both_languages() {
        let mut lab = Laboratory::new("3-masters", None);
        lab.act("!kill B-M").unwrap();
        lab.act("!cut A-M C-M").unwrap();
        let trace = lab.history().trace();
        let killed = trace.iter().find(|happened| happened.event == WorldEvent::Killed).unwrap();
        assert!(is_fault(&killed.event) && weight(&killed.event) == Weight::Important);
        let zh = sentence(Words(Language::Zh), lab.history().world(), killed).unwrap();
        assert!(zh.starts_with("B-M"), "{zh}");
        let rows = lab.rows(true, "", 100);
        assert!(rows.iter().any(|row| &*row.what == "link cut: A-M → C-M"));
    }

    #[test]
    fn commands_are_written_as_they_could_be_typed() {
        let args = vec![(*b"SET").into(), (*b"a b").into(), (*b"1").into()];
        let client = kvarium_engine::event::ClientId(3);
        assert_eq!(node_line(&Event::Ran { client, db: 0, args, failed: false }).text, "SET \"a b\" 1");
    }
}
