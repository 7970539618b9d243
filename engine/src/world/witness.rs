//! A witness sees everything that happens in a world from `!begin` on, and says which goals have been reached.
//!
//! It is a part of the world, and so is cloned, rewound and replayed with it: a goal that was reached is not reached any
//! more when one goes back before that moment, and is reached again on the way forth. It looks at every event, in order,
//! and at the state after every step, whoever plays the world and however fast. It changes nothing, and its sight is in
//! no trace.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::World;
use super::predicate::{Events, Predicate, Ran, Test, Truth, Value, is_meant};
use super::question::Question;
use super::script::ScriptError;
use super::trace::{Happened, Party, WorldEvent};
use crate::base::time::Duration;
use crate::resp::decode::split_line;
use crate::resp::show::{Strings, text_of};
use crate::resp::value::ReplyValue;

/// What is to be reached, and what is to be kept of the moment at which it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    pub check: Predicate,
    pub truth: Option<Truth>,
}

/// The first moment at which a goal's predicate held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub at: Duration,
    /// What the goal's [`Truth`] was then.
    pub truth: Value,
}

/// One thing that is not true yet, as data: saying it in words is the matter of whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// A command has not been entered often enough, or not with the reply that is asked for.
    Ran {
        what: Ran,
        seen: u32,
        wanted: Test,
        last: Option<Value>,
    },
    Event {
        what: Events,
        seen: u32,
        wanted: Test,
    },
    State {
        question: Question,
        wanted: Test,
        is: Value,
    },
    Prediction(String),
    Answer {
        id: String,
        is: Value,
    },
    /// It has been so, and has to be so once more, after something else.
    Again(Box<Shortfall>),
    /// Something came later after another thing than it may.
    Late(Duration),
    /// What must be so at every moment was not so at this one, or what must never be was: there is only the way back.
    Broken(Duration),
    /// Something is so that must not be.
    Still(Predicate),
    /// Any of these would do.
    Either(Vec<Shortfall>),
}

#[derive(Clone, Debug)]
pub struct Witness {
    has_begun: bool,
    /// The number of the first event that has not been seen.
    next: u64,
    /// Question and answer.
    answers: Vec<(String, String)>,
    goals: Arc<[Goal]>,
    /// One for each goal.
    watched: Vec<Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    sight: Sight,
    /// The newest reply to the command of the goal's truth.
    reply: Value,
    reached: Option<Reached>,
}

/// What has been seen of a predicate.
#[derive(Clone, Debug, Default)]
struct Sight {
    /// How often it happened, where that is what counts.
    count: u32,
    /// The newest reply, the state, or the answer; absent where there has been none.
    is: Option<Value>,
    holds: bool,
    /// When the first of two things happened last; or when what must last was broken.
    at: Option<Duration>,
    order: Order,
    /// The same of each of its parts.
    parts: Vec<Sight>,
}

/// Of two things, the second after the first:
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    /// it has not been seen at all,
    #[default]
    Open,
    /// or not after the first,
    Early,
    /// or longer after it than may be,
    Late,
    /// or as it should be.
    Kept,
}

/// What there is to be seen: an event, or none and then the state after it.
struct Moment<'a> {
    world: &'a World,
    at: Duration,
    event: Option<&'a Happened>,
    answers: &'a [(String, String)],
}

fn answer_in<'a>(answers: &'a [(String, String)], id: &str) -> Option<&'a str> {
    answers.iter().find(|(question, _)| question == id).map(|(_, answer)| answer.as_str())
}

impl Witness {
    /// # Errors
    /// A goal names a node that this world has not.
    pub fn new(world: &World, goals: &[Goal]) -> Result<Witness, ScriptError> {
        goals.iter().try_for_each(|goal| know_nodes(world, &goal.check))?;
        let watched = goals.iter().map(|goal| Watched { sight: Sight::of(&goal.check), reply: None, reached: None });
        let (watched, goals) = (watched.collect(), goals.into());
        Ok(Witness { has_begun: false, next: 0, answers: Vec::new(), goals, watched })
    }

    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// When a goal was reached, if it was.
    pub fn reached(&self, goal: usize) -> Option<&Reached> {
        self.watched.get(goal)?.reached.as_ref()
    }

    /// What a goal still lacks; nothing of one that has been reached.
    pub fn shortfalls(&self, goal: usize) -> Vec<Shortfall> {
        let mut found = Vec::new();
        if let Some(Watched { sight, reached: None, .. }) = self.watched.get(goal) {
            lacks(&self.goals[goal].check, sight, &mut found);
        }
        found
    }

    /// What was said to a question.
    pub fn answer(&self, id: &str) -> Option<&str> {
        answer_in(&self.answers, id)
    }

    /// From here on it looks.
    pub(super) fn begin(&mut self, world: &World) {
        self.has_begun = true;
        self.next = world.trace_count();
    }

    /// Hears what is said to a question.
    ///
    /// # Errors
    /// It has been said already, and what was predicted can't be unsaid.
    pub(super) fn hear(&mut self, id: &str, value: &str) -> Result<(), ScriptError> {
        if self.answer(id).is_some() && self.goals.iter().any(|goal| goal.check.predicts(id)) {
            return Err(ScriptError::new(id, "this has been predicted already"));
        }
        self.answers.retain(|(question, _)| question != id);
        self.answers.push((id.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Sees what has happened since it looked last.
    pub(super) fn see(&mut self, world: &World, fresh: &[Happened]) {
        if !self.has_begun {
            return;
        }
        let seen = fresh.iter().take_while(|happened| happened.id < self.next).count();
        for happened in &fresh[seen..] {
            self.look(&Moment { world, at: happened.at, event: Some(happened), answers: &[] });
        }
        self.next = world.trace_count();
        let answers = core::mem::take(&mut self.answers);
        self.look(&Moment { world, at: world.now(), event: None, answers: &answers });
        self.answers = answers;
    }

    fn look(&mut self, moment: &Moment<'_>) {
        for (goal, watched) in self.goals.iter().zip(&mut self.watched) {
            if watched.reached.is_some() {
                continue;
            }
            see(&goal.check, &mut watched.sight, moment);
            if let Some(Truth::Reply(command)) = &goal.truth
                && let Some(reply) = moment.reply(command, None)
            {
                watched.reply = text_of_reply(reply);
            }
            if holds(&goal.check, &watched.sight) {
                let truth = match &goal.truth {
                    Some(Truth::State(question)) => question.ask(moment.world),
                    _ => watched.reply.take(),
                };
                watched.reached = Some(Reached { at: moment.at, truth });
            }
        }
    }
}

/// Every node that a predicate names is there.
fn know_nodes(world: &World, predicate: &Predicate) -> Result<(), ScriptError> {
    let node = match predicate {
        Predicate::Ran(what, _) => &what.node,
        Predicate::Event(what, _) => &what.node,
        Predicate::State(question, _) => &question.node,
        _ => &None,
    };
    if let Some(name) = node
        && let Party::Client(_) = world.party_named(name)?
    {
        return Err(ScriptError::new(name, "this is a client, not a node"));
    }
    predicate.parts().iter().try_for_each(|part| know_nodes(world, part))
}

impl Moment<'_> {
    /// Is the event one of a node, if one is named?
    fn is_at(&self, node: Option<&String>) -> bool {
        let here = self.event.and_then(|happened| happened.node);
        node.is_none_or(|name| here.is_some_and(|here| self.world.name(Party::Node(here)) == name))
    }

    /// The reply to such a command, if a terminal has just been given one.
    fn reply(&self, command: &str, node: Option<&String>) -> Option<&ReplyValue> {
        let WorldEvent::Answered { tab, exchange, .. } = self.event?.event else { return None };
        let exchange = self.world.console(tab).rev().find(|known| known.number == exchange)?;
        let (mut text, mut ranges) = (Vec::new(), Vec::new());
        // What came by itself has no command.
        if !self.is_at(node) || !split_line(exchange.command.as_bytes(), &mut text, &mut ranges) || ranges.is_empty() {
            return None;
        }
        let words: Vec<&[u8]> = ranges.iter().map(|&(from, to)| &text[from as usize..to as usize]).collect();
        exchange.reply.as_ref().filter(|_| is_meant(command, &words))
    }
}

/// A reply as a script compares it: a string's bytes, an error's text, a number; of several elements, all as one text.
pub fn text_of_reply(reply: &ReplyValue) -> Value {
    match reply {
        ReplyValue::Null => None,
        ReplyValue::Simple(text) | ReplyValue::Error(text) | ReplyValue::BigNumber(text) => Some(text.clone()),
        ReplyValue::Integer(number) => Some(number.to_string()),
        ReplyValue::Bulk(bytes) | ReplyValue::Verbatim { text: bytes, .. } => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ReplyValue::Boolean(value) => Some(u8::from(*value).to_string()),
        ReplyValue::Double(value) => {
            Some(String::from_utf8_lossy(crate::base::number::format_f64(*value).as_bytes()).into_owned())
        }
        ReplyValue::Array(_) | ReplyValue::Set(_) | ReplyValue::Push(_) | ReplyValue::Map(_) => {
            Some(text_of(reply, Strings::Readable))
        }
    }
}

/// How many elements a reply has; none where there can't be any.
fn elements(reply: &ReplyValue) -> u32 {
    let count = match reply {
        ReplyValue::Array(items) | ReplyValue::Set(items) | ReplyValue::Push(items) => items.len(),
        ReplyValue::Map(pairs) => pairs.len(),
        _ => 0,
    };
    count as u32
}

impl Sight {
    fn of(predicate: &Predicate) -> Sight {
        Sight { parts: predicate.parts().iter().map(Sight::of).collect(), ..Sight::default() }
    }
}

/// Looks; whether it is at this moment that it happens: that an event is one more of those, that it comes to hold.
fn see(predicate: &Predicate, sight: &mut Sight, moment: &Moment<'_>) -> bool {
    let before = matches!(predicate, Predicate::Not(_)) && holds(predicate, sight);
    let mut happens = false;
    let mut happened = [false; 2];
    for (number, (part, sight)) in predicate.parts().iter().zip(&mut sight.parts).enumerate() {
        let now = see(part, sight, moment);
        happens |= now;
        happened[number.min(1)] = now;
    }
    match predicate {
        Predicate::Ran(what, wanted) => {
            let Some(reply) = moment.reply(&what.command, what.node.as_ref()) else { return false };
            let text = text_of_reply(reply);
            let is_it = what.reply.as_ref().is_none_or(|test| test.holds(text.as_deref()))
                && what.count.as_ref().is_none_or(|test| test.holds_of(elements(reply)));
            sight.is = Some(text);
            sight.count += u32::from(is_it);
            is_it && wanted.holds_of(sight.count)
        }
        Predicate::Event(what, wanted) => {
            let is_it = moment.event.is_some_and(|happened| what.matches(happened, happened.node));
            let is_it = is_it && moment.is_at(what.node.as_ref());
            sight.count += u32::from(is_it);
            is_it && wanted.holds_of(sight.count)
        }
        Predicate::All(_) | Predicate::Any(_) => happens && holds(predicate, sight),
        Predicate::Before(both) | Predicate::Within(both, _) => {
            // What holds from the beginning has happened, too.
            happened[0] |= sight.at.is_none() && holds(&both[0], &sight.parts[0]);
            let span = if let Predicate::Within(_, span) = predicate { Some(*span) } else { None };
            follow(sight, happened, span, moment.at)
        }
        Predicate::Not(_) => !before && holds(predicate, sight),
        // The rest is a matter of the state.
        _ if moment.event.is_some() => false,
        Predicate::State(question, wanted) => {
            let (is, before) = (question.ask(moment.world), sight.holds);
            sight.holds = wanted.holds(is.as_deref());
            sight.is = Some(is);
            sight.holds && !before
        }
        Predicate::Always(what) | Predicate::Never(what) => {
            let wanted = matches!(predicate, Predicate::Always(_));
            if sight.at.is_none() && holds(what, &sight.parts[0]) != wanted {
                sight.at = Some(moment.at);
            }
            false
        }
        Predicate::Predicted(id) | Predicate::Answer(id, _) => {
            let is = answer_in(moment.answers, id).map(|answer| Some(answer.to_owned()));
            let is_new = is != sight.is;
            sight.is = is;
            is_new && holds(predicate, sight)
        }
    }
}

/// Of two things one or both happened, or neither; whether their order is kept from this moment on.
fn follow(sight: &mut Sight, happened: [bool; 2], span: Option<Duration>, now: Duration) -> bool {
    if sight.order == Order::Kept {
        return false;
    }
    if happened[1] {
        sight.order = match (sight.at, span) {
            (None, _) => Order::Early,
            (Some(at), Some(span)) if now > at + span => Order::Late,
            _ => Order::Kept,
        };
    }
    if happened[0] {
        sight.at = Some(now);
    }
    sight.order == Order::Kept
}

fn holds(predicate: &Predicate, sight: &Sight) -> bool {
    let mut parts = predicate.parts().iter().zip(&sight.parts);
    match predicate {
        Predicate::Ran(_, wanted) | Predicate::Event(_, wanted) => wanted.holds_of(sight.count),
        Predicate::State(..) => sight.holds,
        Predicate::Before(_) | Predicate::Within(..) => sight.order == Order::Kept,
        Predicate::Always(_) | Predicate::Never(_) => sight.at.is_none(),
        Predicate::Predicted(_) => sight.is.is_some(),
        Predicate::Answer(_, test) => sight.is.as_ref().is_some_and(|is| test.holds(is.as_deref())),
        Predicate::All(_) => parts.all(|(part, sight)| holds(part, sight)),
        Predicate::Any(_) => parts.any(|(part, sight)| holds(part, sight)),
        Predicate::Not(_) => !parts.any(|(part, sight)| holds(part, sight)),
    }
}

/// Adds what keeps it from holding.
fn lacks(predicate: &Predicate, sight: &Sight, found: &mut Vec<Shortfall>) {
    if holds(predicate, sight) {
        return;
    }
    let parts = || predicate.parts().iter().zip(&sight.parts);
    match predicate {
        Predicate::Before(both) | Predicate::Within(both, _) => match (sight.order, predicate) {
            _ if sight.at.is_none() => lacks(&both[0], &sight.parts[0], found),
            (Order::Late, Predicate::Within(_, span)) => found.push(Shortfall::Late(*span)),
            _ if holds(&both[1], &sight.parts[1]) => {
                found.extend(lack(&both[1], &Sight::of(&both[1])).map(|lack| Shortfall::Again(Box::new(lack))));
            }
            _ => lacks(&both[1], &sight.parts[1], found),
        },
        Predicate::All(_) => parts().for_each(|(part, sight)| lacks(part, sight, found)),
        Predicate::Any(_) => {
            let mut either = Vec::new();
            parts().for_each(|(part, sight)| lacks(part, sight, &mut either));
            found.push(Shortfall::Either(either));
        }
        _ => found.extend(lack(predicate, sight)),
    }
}

/// The one thing that a predicate lacks; of several parts, the last.
fn lack(predicate: &Predicate, sight: &Sight) -> Option<Shortfall> {
    let is = || sight.is.clone().flatten();
    Some(match predicate {
        Predicate::Ran(what, wanted) => {
            let (what, wanted) = (what.clone(), wanted.clone());
            Shortfall::Ran { what, wanted, seen: sight.count, last: sight.is.clone() }
        }
        Predicate::Event(what, wanted) => {
            Shortfall::Event { what: what.clone(), wanted: wanted.clone(), seen: sight.count }
        }
        Predicate::State(question, wanted) => {
            Shortfall::State { question: question.clone(), wanted: wanted.clone(), is: is() }
        }
        Predicate::Always(_) | Predicate::Never(_) => Shortfall::Broken(sight.at?),
        Predicate::Predicted(id) => Shortfall::Prediction(id.clone()),
        Predicate::Answer(id, _) => Shortfall::Answer { id: id.clone(), is: is() },
        Predicate::Not(what) => Shortfall::Still((**what).clone()),
        _ => {
            let mut parts = predicate.parts().iter().zip(&sight.parts).rev();
            return parts.find_map(|(part, sight)| lack(part, sight));
        }
    })
}
