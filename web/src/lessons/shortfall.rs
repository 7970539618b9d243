//! What is not true yet, in words.

use kvarium_engine::world::predicate::{Op, Ran, Test, Value};
use kvarium_engine::world::question::Question;
use kvarium_engine::world::script::Span;
use kvarium_engine::world::witness::Shortfall;

use crate::catalogue::Words;

pub fn sentence(words: Words, shortfall: &Shortfall) -> String {
    match shortfall {
        Shortfall::Ran { what, seen, wanted, last } => ran(words, what, *seen, wanted, last.as_ref()),
        Shortfall::Event { what, seen, wanted } => {
            let event = format!("{} {}", what.kind, what.has.join(" "));
            words.lack_event(event.trim_end(), seen, wanted_text(words, wanted))
        }
        Shortfall::State { question, wanted, is } => {
            words.lack_state(question_text(words, question), value_text(is), wanted_text(words, wanted))
        }
        Shortfall::Prediction(_) => words.lack_prediction().to_owned(),
        Shortfall::Answer { is: None, .. } => words.lack_answer().to_owned(),
        Shortfall::Answer { .. } => words.lack_other_answer().to_owned(),
        Shortfall::Again(what) => match &**what {
            Shortfall::Ran { what, .. } => words.lack_again(command_text(words, &what.command)),
            _ => words.lack_order().to_owned(),
        },
        Shortfall::Late(span) => words.lack_in_time(Span(*span)),
        Shortfall::Broken(at) => words.lack_unbroken(Span(*at)),
        Shortfall::Still(what) => words.lack_end(what),
        Shortfall::Either(all) => all.iter().map(|one| sentence(words, one)).collect::<Vec<_>>().join(words.or_else()),
    }
}

fn ran(words: Words, what: &Ran, seen: u32, wanted: &Test, last: Option<&Value>) -> String {
    let command = command_text(words, &what.command);
    let reply = match (&what.reply, &what.count) {
        (Some(reply), _) => Some(wanted_text(words, reply)),
        (None, Some(count)) => Some(words.so_many_elements(wanted_text(words, count))),
        (None, None) => None,
    };
    match (reply, last) {
        (None, _) if seen == 0 => words.lack_ran(command),
        (None, _) => words.lack_times(command, seen, wanted_text(words, wanted)),
        (Some(reply), Some(last)) if seen == 0 => words.lack_reply_but(command, reply, value_text(last)),
        (Some(reply), _) => words.lack_reply(command, reply),
    }
}

/// A pattern, with what is left open as one leaves things open in a text.
fn command_text(words: Words, pattern: &str) -> String {
    match pattern {
        "*" => words.some_command().to_owned(),
        pattern => pattern.replace('*', "…"),
    }
}

fn wanted_text(words: Words, test: &Test) -> String {
    let value = value_text(&test.value);
    match test.op {
        Op::Equal => value,
        Op::Unequal => words.anything_but(value),
        Op::Less => words.less_than(value),
        Op::LessOrEqual => words.at_most(value),
        Op::Greater => words.more_than(value),
        Op::GreaterOrEqual => words.at_least(value),
        Op::Has => words.something_with(value),
    }
}

pub fn value_text(value: &Value) -> String {
    match value.as_deref() {
        None => "nil".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(text) => text.to_owned(),
    }
}

fn question_text(words: Words, question: &Question) -> String {
    let what = match question.what {
        "keys" => words.keys(),
        "memory" | "size" => words.memory(),
        "clients" => words.connected_clients(),
        "expired" => words.expired(),
        "condition" => words.state(),
        "type" => words.type_(),
        "encoding" => words.encoding(),
        "ttl" => words.ttl(),
        "value" => words.value(),
        "config" => words.settings(),
        "pending" => words.pending_entries(),
        "deliveries" => words.most_deliveries(),
        "owner" => words.owner(),
        other => other,
    };
    match (&question.of, &question.at) {
        (Some(of), Some(at)) => words.question_of(what, format!("{of}, {at}")),
        (Some(of), None) => words.question_of(what, of),
        (None, _) => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;
    use kvarium_engine::base::time::Duration;
    use kvarium_engine::world::predicate::Predicate;
    use kvarium_engine::world::witness::Goal;
    use kvarium_engine::world::{journal::History, scenario::Scenario, script::Action};

    fn said(check: &str, lines: &[&str], language: Language) -> String {
        let goal = Goal { check: Predicate::parse(check).unwrap(), truth: None };
        let mut history = History::watched(&Scenario::single(), 1, &[goal]).unwrap();
        for line in ["!begin"].iter().chain(lines) {
            history.act(Action::parse(line).unwrap()).unwrap();
            history.advance(history.now() + Duration::from_millis(100), usize::MAX);
        }
        let shortfalls = history.world().witness().unwrap().shortfalls(0);
        sentence(Words(language), &shortfalls[0])
    }

    #[test]
    fn what_is_lacking_is_said_in_both_languages() {
        let en = |check: &str, lines: &[&str]| said(check, lines, Language::En);
        assert_eq!(en("ran(\"SET *\")", &[]), "SET … has not been run yet.");
        assert_eq!(en("ran(\"TYPE *\", reply == list)", &[]), "TYPE … has not answered list yet.");
        assert_eq!(en("ran(\"TYPE *\", reply == list)", &["@M> TYPE k"]), "TYPE … answered none; still missing: list.");
        assert_eq!(en("state(type of k) == list", &[]), "Type of k is nil; wanted: list.");
        assert_eq!(en("before(predicted(q), ran(\"PING\"))", &["@M> PING"]), "Lock in your prediction first.");
        assert_eq!(
            en("before(predicted(q), ran(\"PING\"))", &["@M> PING", "!answer q 1"]),
            "Run PING once more: it came too early."
        );
        assert_eq!(
            said("state(keys) >= 2 or predicted(q)", &[], Language::Zh),
            "键数现在是 0，应为至少 2。或者：先锁定你的预测。"
        );
    }
}
