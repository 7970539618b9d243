//! Questions to the state of a world, answered by the same views that panels draw.
//!
//! ```text
//! keys, node=A-M, db=0        of one node, or of all together
//! ttl of session              of a key, wherever it is
//! value of profile, at=name   of a part of it: a field, an index
//! pending of jobs, at=crew    of a stream's group: entries not acknowledged; deliveries: of the one delivered most often
//! owner of jobs, at=5-1       the consumer that has an entry pending, in whatever group
//! config of maxmemory
//! ratio of shop               of a workload or an application: percent that the cache served in the last ten seconds
//! calm of shop                seconds for which its database has not been overloaded since it was started like this
//! rush of shop                the most queries for one row at once since then
//! load of orders              of a database: percent of its capacity that was asked of it in the last second
//! queue of orders, timeouts of orders, overloads of orders
//! ```
//! A key whose time has passed is not there, whether it still takes up memory or not; `keys` counts it as DBSIZE does.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::database::Database;
use super::machine::Condition;
use super::predicate::{Quoted, Reader, Value};
use super::script::{ScriptError, first_word, name};
use super::{ClientKind, NodeView, World};
use crate::base::number::format_f64;
use crate::base::time::Time;
use crate::config::parameter;
use crate::inspect::stream::{GroupView, StreamView};
use crate::inspect::value::ValueView;
use crate::inspect::{Inspect, Opened};
use crate::types::stream::Id;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub what: &'static str,
    /// The key, or the parameter.
    pub of: Option<String>,
    /// The part of its value.
    pub at: Option<String>,
    pub node: Option<String>,
    pub db: usize,
}

#[derive(Clone, Copy)]
enum Subject {
    /// Added up over the nodes.
    Count(fn(&Inspect<'_>, usize) -> u64),
    Node(fn(&NodeView<'_>) -> Value),
    Key(fn(&Inspect<'_>, &Opened<'_>, Option<&str>) -> Value),
    Parameter,
    Client(fn(&World, ClientKind<'_>) -> Value),
    Database(fn(&Database, Time) -> u64),
}

use Subject::{Client, Count, Key, Node, Parameter};

const SUBJECTS: &[(&str, Subject)] = &[
    ("keys", Count(|node, db| node.keyspace().db(db).len() as u64)),
    ("expires", Count(|node, db| node.keyspace().db(db).expires_len() as u64)),
    ("memory", Count(|node, _| node.memory() as u64)),
    ("clients", Count(|node, _| node.clients().count() as u64)),
    ("waiting", Count(|node, _| node.clients().filter(|client| client.waits.is_some()).count() as u64)),
    ("commands", Count(|node, _| node.stats().commands)),
    ("errors", Count(|node, _| node.stats().errors)),
    ("expired", Count(|node, _| node.stats().expired_keys)),
    ("hits", Count(|node, _| node.stats().keyspace_hits)),
    ("misses", Count(|node, _| node.stats().keyspace_misses)),
    ("condition", Node(condition)),
    ("starts", Node(|node| Some(node.starts.to_string()))),
    ("type", Key(|_, key, _| Some(key.key.kind.to_owned()))),
    ("encoding", Key(|_, key, _| Some(key.key.encoding.to_owned()))),
    ("len", Key(|_, key, _| Some(key.value.len().to_string()))),
    ("size", Key(|_, key, _| Some(key.key.memory.to_string()))),
    ("ttl", Key(ttl)),
    ("value", Key(value)),
    ("pending", Key(|_, key, group| Some(group_of(key, group?)?.pending.to_string()))),
    ("lag", Key(|_, key, group| Some(group_of(key, group?)?.lag?.to_string()))),
    ("delivered", Key(|_, key, group| Some(group_of(key, group?)?.last_delivered.to_string()))),
    ("deliveries", Key(deliveries)),
    ("owner", Key(owner)),
    ("config", Parameter),
    ("ratio", Client(ratio)),
    ("calm", Client(calm)),
    ("rush", Client(rush)),
    ("load", Subject::Database(Database::load)),
    ("queue", Subject::Database(|database, now| database.waiting(now) as u64)),
    ("timeouts", Subject::Database(|database, _| database.timeouts)),
    ("overloads", Subject::Database(|database, _| database.overloads)),
];

/// Databases that a question may name.
const DATABASES: usize = 16;
/// Bytes of a value that are looked at.
const VALUE: usize = 1024;
/// Pending entries that are looked at.
const PENDING: usize = 1000;
/// Seconds over which a ratio is taken.
const SECONDS: usize = 10;

impl Question {
    /// Reads what stands between the brackets.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Question, ScriptError> {
        let word = reader.word()?;
        let Some(&(what, subject)) = SUBJECTS.iter().find(|(known, _)| *known == word) else {
            let known: Vec<&str> = SUBJECTS.iter().map(|(name, _)| *name).collect();
            return Err(ScriptError::new(word, format!("no such question; there are {}", known.join(", "))));
        };
        let mut question = Question { what, of: None, at: None, node: None, db: 0 };
        if reader.take_word("of") {
            question.of = Some(text(reader)?);
        }
        if matches!(subject, Count(_) | Node(_)) == question.of.is_some() {
            let why =
                if question.of.is_some() { "it is not asked of a key" } else { "expected of KEY or of NAME behind it" };
            return Err(ScriptError::new(what, why));
        }
        while reader.take(",") {
            let field = reader.word()?;
            reader.expect("=")?;
            match field {
                "node" => question.node = Some(name(reader.word()?)?),
                "at" => question.at = Some(text(reader)?),
                "db" => {
                    let word = reader.word()?;
                    let good = word.parse().ok().filter(|db| *db < DATABASES);
                    question.db = good.ok_or_else(|| ScriptError::new(word, "no such database"))?;
                }
                other => return Err(ScriptError::new(other, "expected node=NODE, db=NUMBER or at=PART")),
            }
        }
        if matches!(subject, Node(_)) && question.node.is_none() {
            return Err(ScriptError::new(what, "expected node=NODE behind it"));
        }
        Ok(question)
    }

    /// What the world answers now: nothing where what is asked for is not there.
    pub fn ask(&self, world: &World) -> Value {
        let subject = SUBJECTS.iter().find(|(known, _)| *known == self.what)?.1;
        let mut nodes = world.nodes().filter(|node| self.node.as_ref().is_none_or(|name| node.name == name));
        let has_db = |inspect: &Inspect<'_>| self.db < inspect.keyspace().databases();
        match subject {
            Count(count) => {
                let running = nodes.filter_map(|node| node.inspect).filter(has_db);
                Some(running.map(|inspect| count(&inspect, self.db)).sum::<u64>().to_string())
            }
            Node(ask) => ask(&nodes.next()?),
            Key(ask) => nodes.filter_map(|node| node.inspect).filter(has_db).find_map(|inspect| {
                let key = inspect.open(self.db, self.of.as_ref()?.as_bytes())?;
                let is_there = key.key.expiry.is_none_or(|expiry| expiry > inspect.now());
                is_there.then(|| ask(&inspect, &key, self.at.as_deref())).flatten()
            }),
            Parameter => {
                let inspect = nodes.find_map(|node| node.inspect)?;
                Some((parameter(self.of.as_ref()?)?.get)(inspect.config()))
            }
            Client(ask) => {
                let client = world.clients().find(|client| Some(client.name) == self.of.as_deref())?;
                ask(world, client.kind)
            }
            Subject::Database(ask) => {
                let mut databases = world.databases().iter();
                let database = databases.find(|database| Some(&database.name) == self.of.as_ref())?;
                Some(ask(database, world.time()).to_string())
            }
        }
    }
}

/// A name in quotes or without.
fn text(reader: &mut Reader<'_>) -> Result<String, ScriptError> {
    if reader.rest.starts_with('"') {
        return reader.quoted();
    }
    let end =
        reader.rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ')' | '"')).unwrap_or(reader.rest.len());
    let (text, rest) = reader.rest.split_at(end);
    if text.is_empty() {
        return Err(ScriptError::new(first_word(rest), "expected a name, in quotes if there are blanks in it"));
    }
    reader.rest = rest.trim_start();
    Ok(text.to_owned())
}

fn condition(node: &NodeView<'_>) -> Value {
    let name = match node.condition {
        Condition::Up => "up",
        Condition::Paused => "paused",
        Condition::Down => "down",
    };
    Some(name.to_owned())
}

/// What is cached, of all that was asked for.
fn ratio(world: &World, client: ClientKind<'_>) -> Value {
    let (served, all) = match client {
        ClientKind::App(app) => {
            let [users, served, _] = app.curve.sums(world.time(), SECONDS);
            // Who came in an earlier second may have been served in this one.
            (served.min(users), users)
        }
        ClientKind::Load(load) => {
            let [hits, misses] = load.reads.sums(world.time(), SECONDS);
            (hits, hits + misses)
        }
        _ => return None,
    };
    Some((served * 100).checked_div(all)?.to_string())
}

fn calm(world: &World, client: ClientKind<'_>) -> Value {
    if let ClientKind::App(app) = client { Some(world.calm(app).seconds().to_string()) } else { None }
}

fn rush(_: &World, client: ClientKind<'_>) -> Value {
    if let ClientKind::App(app) = client { Some(app.rush.to_string()) } else { None }
}

/// Seconds, as TTL rounds them; -1 without an expiry.
fn ttl(node: &Inspect<'_>, key: &Opened<'_>, _: Option<&str>) -> Value {
    let left = key.key.expiry.map(|expiry| expiry.since(node.now()).millis().saturating_add(500) / 1000);
    Some(left.map_or_else(|| "-1".to_owned(), |left| left.to_string()))
}

fn value(_: &Inspect<'_>, key: &Opened<'_>, at: Option<&str>) -> Value {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (key.value, at) {
        (ValueView::String(string), None) => Some(lossy(&string.bytes(0..VALUE))),
        (ValueView::Hash(hash), Some(field)) => Some(lossy(&hash.field(field.as_bytes())?.value.start)),
        (ValueView::List(list), Some(index)) => {
            let index: usize = index.parse().ok()?;
            list.elements(index..index.checked_add(1)?).first().map(|element| lossy(&element.start))
        }
        (ValueView::Set(set), Some(member)) => Some(u8::from(set.contains(member.as_bytes())).to_string()),
        (ValueView::ZSet(zset), Some(member)) => {
            let rank = zset.rank(member.as_bytes())?;
            let it = zset.members(rank..rank + 1).into_iter().next()?;
            Some(lossy(format_f64(it.score).as_bytes()))
        }
        _ => None,
    }
}

fn stream_of<'a>(key: &Opened<'a>) -> Option<StreamView<'a>> {
    if let ValueView::Stream(stream) = key.value { Some(stream) } else { None }
}

fn group_of(key: &Opened<'_>, name: &str) -> Option<GroupView> {
    let stream = stream_of(key)?;
    stream.groups(0..stream.group_count()).into_iter().find(|group| group.name == name.as_bytes())
}

/// How often the entry was delivered that was delivered most often, of those that a group has pending; zero of none.
fn deliveries(_: &Inspect<'_>, key: &Opened<'_>, group: Option<&str>) -> Value {
    let (group, stream) = (group_of(key, group?)?, stream_of(key)?);
    let pending = stream.pending(&group.name, None, Id::MIN, PENDING);
    Some(pending.iter().map(|entry| entry.count).max().unwrap_or(0).to_string())
}

fn owner(_: &Inspect<'_>, key: &Opened<'_>, id: Option<&str>) -> Value {
    let (stream, id) = (stream_of(key)?, Id::parse(id?.as_bytes(), 0)?);
    let of_group = |group: GroupView| stream.pending(&group.name, None, id, 1).into_iter().find(|entry| entry.id == id);
    let entry = stream.groups(0..stream.group_count()).into_iter().find_map(of_group)?;
    Some(String::from_utf8_lossy(&entry.consumer).into_owned())
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A plain name needs no quotes.
        let name = |f: &mut fmt::Formatter<'_>, name: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.');
            if !name.is_empty() && name.chars().all(is_plain) {
                f.write_str(name)
            } else {
                write!(f, "{}", Quoted(name))
            }
        };
        f.write_str(self.what)?;
        if let Some(of) = &self.of {
            f.write_str(" of ")?;
            name(f, of)?;
        }
        if let Some(at) = &self.at {
            f.write_str(", at=")?;
            name(f, at)?;
        }
        if let Some(node) = &self.node {
            write!(f, ", node={node}")?;
        }
        if self.db > 0 {
            write!(f, ", db={}", self.db)?;
        }
        Ok(())
    }
}
