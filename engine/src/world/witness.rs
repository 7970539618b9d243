//! A witness sees everything that happens in a world from `!begin` on, and says which goals have been reached.
//!
//! It is a part of the world, and so is cloned, rewound and replayed with it: a goal that was reached is not reached any
//! more when one goes back before that moment, and is reached again on the way forth. It looks at every event, in order,
//! and at the state after every step, whoever plays the world and however fast. It changes nothing, and its sight is in
//! no trace.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::World;
use super::predicate::{Events, Predicate, Ran, Test, Truth, Value, is_meant};
use super::question::Question;
use super::script::ScriptError;
use super::trace::{Happened, NodeId, Party, WorldEvent};
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
    answers: BTreeMap<String, String>,
    /// Questions whose first answer counts.
    predictions: Vec<String>,
    goals: Vec<Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    check: Sight,
    truth: Option<TruthSight>,
    reached: Option<Reached>,
}

#[derive(Clone, Debug)]
enum TruthSight {
    State(Question),
    Reply { command: String, last: Value },
}

/// A predicate, and what has been seen of it.
#[derive(Clone, Debug)]
enum Sight {
    Ran {
        what: Ran,
        node: Option<NodeId>,
        wanted: Test,
        seen: u32,
        last: Option<Value>,
    },
    Event {
        what: Events,
        node: Option<NodeId>,
        wanted: Test,
        seen: u32,
    },
    State {
        question: Question,
        wanted: Test,
        is: Value,
        holds: bool,
    },
    /// `span`: and no later than so long after it.
    Follows {
        first: Box<Sight>,
        then: Box<Sight>,
        span: Option<Duration>,
        was: Option<Duration>,
        state: Order,
    },
    /// `wanted`: what it must be at every moment.
    Lasting {
        what: Box<Sight>,
        wanted: bool,
        broken: Option<Duration>,
    },
    Said {
        id: String,
        test: Option<Test>,
        is: Value,
    },
    All(Vec<Sight>),
    Any(Vec<Sight>),
    Not {
        what: Box<Sight>,
        meant: Predicate,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The second has not been seen at all.
    Open,
    /// It has been seen, and not after the first.
    Early,
    Late,
    Kept,
}

/// What there is to be seen: an event, or none and then the state after it.
struct Moment<'a> {
    world: &'a World,
    at: Duration,
    event: Option<&'a Happened>,
    answers: &'a BTreeMap<String, String>,
}

impl Witness {
    /// # Errors
    /// A goal names a node that this world has not.
    pub fn new(world: &World, goals: &[Goal]) -> Result<Witness, ScriptError> {
        let mut witness =
            Witness { has_begun: false, next: 0, answers: BTreeMap::new(), predictions: Vec::new(), goals: Vec::new() };
        for goal in goals {
            goal.check.predictions(&mut witness.predictions);
            let truth = goal.truth.as_ref().map(|truth| match truth {
                Truth::State(question) => TruthSight::State(question.clone()),
                Truth::Reply(command) => TruthSight::Reply { command: command.clone(), last: None },
            });
            witness.goals.push(Watched { check: Sight::new(world, &goal.check)?, truth, reached: None });
        }
        Ok(witness)
    }

    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// When a goal was reached, if it was.
    pub fn reached(&self, goal: usize) -> Option<&Reached> {
        self.goals.get(goal)?.reached.as_ref()
    }

    /// What a goal still lacks; nothing of one that has been reached.
    pub fn shortfalls(&self, goal: usize) -> Vec<Shortfall> {
        let mut found = Vec::new();
        if let Some(Watched { check, reached: None, .. }) = self.goals.get(goal) {
            check.lacks(&mut found);
        }
        found
    }

    /// What was said to a question.
    pub fn answer(&self, id: &str) -> Option<&str> {
        self.answers.get(id).map(String::as_str)
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
        if self.predictions.iter().any(|locked| locked == id) && self.answers.contains_key(id) {
            return Err(ScriptError::new(id, "this has been predicted already"));
        }
        self.answers.insert(id.to_owned(), value.to_owned());
        Ok(())
    }

    /// Sees what has happened since it looked last.
    pub(super) fn see(&mut self, world: &World, fresh: &[Happened]) {
        if !self.has_begun {
            return;
        }
        let seen = fresh.iter().take_while(|happened| happened.id < self.next).count();
        for happened in &fresh[seen..] {
            self.look(&Moment { world, at: happened.at, event: Some(happened), answers: &BTreeMap::new() });
        }
        self.next = world.trace_count();
        let answers = core::mem::take(&mut self.answers);
        self.look(&Moment { world, at: world.now(), event: None, answers: &answers });
        self.answers = answers;
    }

    fn look(&mut self, moment: &Moment<'_>) {
        for goal in self.goals.iter_mut().filter(|goal| goal.reached.is_none()) {
            goal.check.see(moment);
            if let Some(TruthSight::Reply { command, last }) = &mut goal.truth
                && let Some((words, reply)) = moment.reply(None)
                && is_meant(command, &words.refs())
            {
                *last = text_of_reply(&reply);
            }
            if goal.check.holds() {
                let truth = goal.truth.as_ref().and_then(|truth| match truth {
                    TruthSight::State(question) => question.ask(moment.world),
                    TruthSight::Reply { last, .. } => last.clone(),
                });
                goal.reached = Some(Reached { at: moment.at, truth });
            }
        }
    }
}

impl Moment<'_> {
    /// The line and its reply, if a terminal has just been answered by that node.
    fn reply(&self, node: Option<NodeId>) -> Option<(Words, ReplyValue)> {
        let happened = self.event?;
        let WorldEvent::Answered { tab, exchange, .. } = happened.event else { return None };
        if node.is_some() && happened.node != node {
            return None;
        }
        let exchange = self.world.console(tab).rev().find(|known| known.number == exchange)?;
        Some((Words::of(&exchange.command)?, exchange.reply.clone()?))
    }
}

/// The words of a line.
struct Words {
    text: Vec<u8>,
    ranges: Vec<(u32, u32)>,
}

impl Words {
    /// `None` of what came by itself.
    fn of(line: &str) -> Option<Words> {
        let mut words = Words { text: Vec::new(), ranges: Vec::new() };
        let is_good = split_line(line.as_bytes(), &mut words.text, &mut words.ranges);
        (is_good && !words.ranges.is_empty()).then_some(words)
    }

    fn refs(&self) -> Vec<&[u8]> {
        self.ranges.iter().map(|&(from, to)| &self.text[from as usize..to as usize]).collect()
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
    fn new(world: &World, predicate: &Predicate) -> Result<Sight, ScriptError> {
        let node = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => match world.party_named(name)? {
                Party::Node(node) => Ok(Some(node)),
                Party::Client(_) => Err(ScriptError::new(name, "this is a client, not a node")),
            },
        };
        let new = |predicate: &Predicate| Sight::new(world, predicate);
        let follows = |both: &[Predicate; 2], span| {
            let (first, then) = (Box::new(new(&both[0])?), Box::new(new(&both[1])?));
            Ok(Sight::Follows { first, then, span, was: None, state: Order::Open })
        };
        let lasting =
            |what: &Predicate, wanted| Ok(Sight::Lasting { what: Box::new(new(what)?), wanted, broken: None });
        let several = |parts: &[Predicate]| parts.iter().map(new).collect::<Result<Vec<_>, _>>();
        Ok(match predicate {
            Predicate::Ran(what, wanted) => {
                let (what, node) = (what.clone(), node(&what.node)?);
                Sight::Ran { what, node, wanted: wanted.clone(), seen: 0, last: None }
            }
            Predicate::Event(what, wanted) => {
                let (what, node) = (what.clone(), node(&what.node)?);
                Sight::Event { what, node, wanted: wanted.clone(), seen: 0 }
            }
            Predicate::State(question, wanted) => {
                node(&question.node)?;
                Sight::State { question: question.clone(), wanted: wanted.clone(), is: None, holds: false }
            }
            Predicate::Before(both) => follows(both, None)?,
            Predicate::Within(both, span) => follows(both, Some(*span))?,
            Predicate::Always(what) => lasting(what, true)?,
            Predicate::Never(what) => lasting(what, false)?,
            Predicate::Predicted(id) => Sight::Said { id: id.clone(), test: None, is: None },
            Predicate::Answer(id, test) => Sight::Said { id: id.clone(), test: Some(test.clone()), is: None },
            Predicate::All(parts) => Sight::All(several(parts)?),
            Predicate::Any(parts) => Sight::Any(several(parts)?),
            Predicate::Not(what) => Sight::Not { what: Box::new(new(what)?), meant: (**what).clone() },
        })
    }

    /// Looks; whether it is at this moment that it happens: that an event is one more of those, that it comes to hold.
    fn see(&mut self, moment: &Moment<'_>) -> bool {
        match self {
            Sight::Ran { what, node, wanted, seen, last } => {
                let Some((words, reply)) = moment.reply(*node) else { return false };
                if !is_meant(&what.command, &words.refs()) {
                    return false;
                }
                let text = text_of_reply(&reply);
                let is_it = what.reply.as_ref().is_none_or(|test| test.holds(text.as_deref()))
                    && what.count.as_ref().is_none_or(|test| test.holds_of(elements(&reply)));
                *last = Some(text);
                *seen += u32::from(is_it);
                is_it && wanted.holds_of(*seen)
            }
            Sight::Event { what, node, wanted, seen } => {
                let is_it = moment.event.is_some_and(|happened| what.matches(happened, *node));
                *seen += u32::from(is_it);
                is_it && wanted.holds_of(*seen)
            }
            Sight::State { question, wanted, is, holds } => {
                if moment.event.is_some() {
                    return false;
                }
                *is = question.ask(moment.world);
                let before = core::mem::replace(holds, wanted.holds(is.as_deref()));
                *holds && !before
            }
            Sight::Follows { first, then, span, was, state } => {
                let (is_first, is_second) = (first.see(moment), then.see(moment));
                let before = *state;
                if is_second && before != Order::Kept {
                    *state = match (*was, *span) {
                        (None, _) => Order::Early,
                        (Some(was), Some(span)) if moment.at > was + span => Order::Late,
                        _ => Order::Kept,
                    };
                }
                if is_first {
                    *was = Some(moment.at);
                }
                *state == Order::Kept && before != Order::Kept
            }
            Sight::Lasting { what, wanted, broken } => {
                what.see(moment);
                // The state has not been looked at before the first look at it.
                if broken.is_none() && moment.event.is_none() && what.holds() != *wanted {
                    *broken = Some(moment.at);
                }
                false
            }
            Sight::Said { id, is, .. } => {
                if moment.event.is_some() {
                    return false;
                }
                let before = core::mem::replace(is, moment.answers.get(id).cloned());
                *is != before && self.holds()
            }
            Sight::All(parts) | Sight::Any(parts) => {
                let happens = parts.iter_mut().fold(false, |happens, part| part.see(moment) | happens);
                happens && self.holds()
            }
            Sight::Not { what, .. } => {
                let before = what.holds();
                what.see(moment);
                before && !what.holds()
            }
        }
    }

    fn holds(&self) -> bool {
        match self {
            Sight::Ran { wanted, seen, .. } | Sight::Event { wanted, seen, .. } => wanted.holds_of(*seen),
            Sight::State { holds, .. } => *holds,
            Sight::Follows { state, .. } => *state == Order::Kept,
            Sight::Lasting { broken, .. } => broken.is_none(),
            Sight::Said { test: None, is, .. } => is.is_some(),
            Sight::Said { test: Some(test), is, .. } => is.is_some() && test.holds(is.as_deref()),
            Sight::All(parts) => parts.iter().all(Sight::holds),
            Sight::Any(parts) => parts.iter().any(Sight::holds),
            Sight::Not { what, .. } => !what.holds(),
        }
    }

    /// Adds what keeps it from holding.
    fn lacks(&self, found: &mut Vec<Shortfall>) {
        if self.holds() {
            return;
        }
        match self {
            Sight::Ran { what, wanted, seen, last, .. } => {
                let (what, wanted) = (what.clone(), wanted.clone());
                found.push(Shortfall::Ran { what, wanted, seen: *seen, last: last.clone() });
            }
            Sight::Event { what, wanted, seen, .. } => {
                found.push(Shortfall::Event { what: what.clone(), wanted: wanted.clone(), seen: *seen });
            }
            Sight::State { question, wanted, is, .. } => {
                let (question, wanted, is) = (question.clone(), wanted.clone(), is.clone());
                found.push(Shortfall::State { question, wanted, is });
            }
            Sight::Follows { first, then, span, was, state } => match (was, state, span) {
                (None, _, _) => first.lacks(found),
                (Some(_), Order::Late, Some(span)) => found.push(Shortfall::Late(*span)),
                (Some(_), Order::Early, _) if then.holds() => {
                    found.extend(then.as_shortfall().map(|it| Shortfall::Again(Box::new(it))));
                }
                _ => then.lacks(found),
            },
            Sight::Lasting { broken, .. } => found.extend(broken.map(Shortfall::Broken)),
            Sight::Said { id, test: None, .. } => found.push(Shortfall::Prediction(id.clone())),
            Sight::Said { id, is, .. } => found.push(Shortfall::Answer { id: id.clone(), is: is.clone() }),
            Sight::All(parts) => parts.iter().for_each(|part| part.lacks(found)),
            Sight::Any(parts) => {
                let mut either = Vec::new();
                parts.iter().for_each(|part| part.lacks(&mut either));
                found.push(Shortfall::Either(either));
            }
            Sight::Not { meant, .. } => found.push(Shortfall::Still(meant.clone())),
        }
    }

    /// What is seen in it, as if it were lacking.
    fn as_shortfall(&self) -> Option<Shortfall> {
        match self {
            Sight::Ran { what, wanted, .. } => {
                Some(Shortfall::Ran { what: what.clone(), wanted: wanted.clone(), seen: 0, last: None })
            }
            Sight::Event { what, wanted, .. } => {
                Some(Shortfall::Event { what: what.clone(), wanted: wanted.clone(), seen: 0 })
            }
            Sight::State { question, wanted, is, .. } => {
                let (question, wanted, is) = (question.clone(), wanted.clone(), is.clone());
                Some(Shortfall::State { question, wanted, is })
            }
            Sight::Follows { then, .. } => then.as_shortfall(),
            Sight::All(parts) | Sight::Any(parts) => parts.iter().rev().find_map(Sight::as_shortfall),
            Sight::Lasting { .. } | Sight::Said { .. } | Sight::Not { .. } => None,
        }
    }
}
