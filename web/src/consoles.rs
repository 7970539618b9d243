//! The terminal's connections: what was typed on each, what came back, and where it goes on.

use std::rc::Rc;

use kvarium_engine::base::time::Duration;
use kvarium_engine::keyspace::change::write_record;
use kvarium_engine::resp::show::Strings;
use kvarium_engine::resp::value::ReplyValue;
use kvarium_engine::world::console::{Exchange, Stream};
use yew::AttrValue;

use crate::catalogue::Words;
use crate::console::command_line::{Command, Line, Local, Place, Wrong, moved, read, split};
use crate::console::help::{Help, help};
use crate::console::reply_text::protocol_text;
use crate::console::reply_text::reply_text_of;
use crate::heard::Heard;
use crate::laboratory::{Laboratory, TABS};
use crate::store::ConsoleChange;
use crate::widgets::terminal::{Answer, Shown};

/// Lines of history that are kept.
const REMEMBERED: usize = 500;
/// Exchanges that are drawn, the newest.
const DRAWN: usize = 300;
/// A redirection is followed so often for one command, as `redis-cli` does.
const REDIRECTIONS: u32 = 5;

#[derive(Clone, Debug, Default)]
pub struct Consoles {
    pub tabs: Vec<Tab>,
    pub chosen: usize,
    pub readable: bool,
    /// Requests and replies are shown as the bytes they are, too.
    pub raw: bool,
    history: Vec<AttrValue>,
    opened: usize,
}

/// One connection of the terminal.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its number in the world.
    pub id: usize,
    pub node: String,
    /// `-c`: redirections are followed.
    pub follow: bool,
    pub resp3: bool,
    /// Exchanges numbered below this have been cleared away.
    cleared: u32,
    /// The newest exchange whose redirection has been followed, and how often in a row.
    followed: Option<(u32, u32)>,
    /// The nodes with which RESP3 is spoken.
    resp3_with: Vec<String>,
    notes: Vec<Note>,
}

/// What the page says between the exchanges.
#[derive(Clone, Debug)]
struct Note {
    at: Duration,
    typed: String,
    said: Said,
}

#[derive(Clone, Debug)]
enum Said {
    Nothing,
    Remark(String),
    /// Laid out in lines.
    Text(String),
}

impl Consoles {
    pub fn new(lab: &Laboratory) -> Consoles {
        let mut consoles = Consoles { readable: true, ..Consoles::default() };
        consoles.open(lab.nodes().first().cloned().unwrap_or_default());
        consoles
    }

    fn open(&mut self, node: String) {
        self.opened += 1;
        self.tabs.push(Tab {
            id: self.opened,
            node,
            follow: false,
            resp3: false,
            cleared: 0,
            followed: None,
            resp3_with: Vec::new(),
            notes: Vec::new(),
        });
        self.chosen = self.tabs.len() - 1;
    }

    pub fn tab(&self) -> &Tab {
        &self.tabs[self.chosen]
    }

    pub fn apply(&mut self, change: ConsoleChange) {
        let several = self.tabs.len() > 1;
        let tab = &mut self.tabs[self.chosen];
        match change {
            ConsoleChange::Open if self.opened >= TABS => {}
            ConsoleChange::Open => {
                let node = tab.node.clone();
                self.open(node);
            }
            ConsoleChange::Close(at) if several => {
                self.tabs.remove(at);
                self.chosen = self.chosen.min(self.tabs.len() - 1);
            }
            ConsoleChange::Close(_) => {}
            ConsoleChange::Choose(at) => self.chosen = at.min(self.tabs.len() - 1),
            ConsoleChange::Node(node) => tab.node = node,
            ConsoleChange::Follow(follow) => tab.follow = follow,
            ConsoleChange::Resp3(resp3) => tab.resp3 = resp3,
            ConsoleChange::Readable(readable) => self.readable = readable,
            ConsoleChange::Raw(raw) => self.raw = raw,
        }
    }

    pub fn history(&self) -> Rc<[AttrValue]> {
        self.history.as_slice().into()
    }

    /// Deals with a typed line; gives the action on the world that it is, if it is one.
    pub fn type_line(&mut self, line: &str, lab: &mut Laboratory, words: Words) -> Option<String> {
        let line = line.trim();
        if !line.is_empty() && self.history.last().is_none_or(|last| **last != *line) {
            self.history.push(line.to_owned().into());
            if self.history.len() > REMEMBERED {
                self.history.remove(0);
            }
        }
        match read(line) {
            Line::Nothing => {}
            Line::World(action) => return Some(action),
            Line::Switch(node) => self.switch(line, &node, lab, words),
            Line::Local(Local::Clear) => {
                let newest = lab.exchanges(self.tab().id).next_back().map(|exchange| exchange.number);
                let tab = &mut self.tabs[self.chosen];
                tab.cleared = newest.map_or(0, |number| number + 1);
                tab.notes.clear();
            }
            Line::Local(Local::Help) => {
                let asked = split(line).unwrap_or_default();
                let said = match help(asked.get(1..).unwrap_or_default()) {
                    Help::Nothing => Said::Remark(words.welcome().to_owned()),
                    Help::Text(text) => Said::Text(text),
                    Help::Unknown(name) => Said::Remark(words.no_such_command(name)),
                };
                self.say(line, lab.now(), said);
            }
            Line::Wrong(Wrong::Quotes) => self.note(line, lab.now(), Some(words.quotes().to_owned())),
            Line::Command(command) => self.command(line, command, lab, words),
        }
        None
    }

    fn switch(&mut self, line: &str, node: &str, lab: &Laboratory, words: Words) {
        match lab.nodes().iter().find(|known| known.eq_ignore_ascii_case(node)) {
            Some(node) => {
                self.note(line, lab.now(), None);
                self.tabs[self.chosen].node = node.clone();
            }
            None => self.note(line, lab.now(), Some(words.no_such_node().to_owned())),
        }
    }

    fn command(&mut self, line: &str, command: Command, lab: &mut Laboratory, words: Words) {
        let node = match &command.to {
            None => Some(self.tab().node.clone()),
            Some(Place::Node(node)) => lab.nodes().into_iter().find(|known| known.eq_ignore_ascii_case(node)),
            Some(Place::Address { host, port }) => lab.node_at(host.as_deref(), *port),
        };
        let Some(node) = node else { return self.note(line, lab.now(), Some(words.no_such_node().to_owned())) };
        let tab = &mut self.tabs[self.chosen];
        tab.follow |= command.follow;
        if command.words.is_empty() || matches!(command.to, Some(Place::Address { .. })) {
            tab.node = node.clone();
        }
        if command.words.is_empty() {
            return;
        }
        let resp3 = command.resp3 || tab.resp3;
        if let Err(why) = tab.send(lab, &node, &command.text, resp3) {
            self.note(line, lab.now(), Some(why));
        }
    }

    /// Ends what the chosen connection waits for or listens to, as `redis-cli` does: with the connection, and a new one.
    pub fn leave(&self, lab: &mut Laboratory) -> Result<(), String> {
        let tab = self.tab();
        let resp3 = tab.resp3_with.contains(&tab.node);
        lab.act(&format!("!tab {} {}{}", tab.id, tab.node, if resp3 { " resp3" } else { "" }))
    }

    /// After going elsewhere in time: what is spoken there is not known.
    pub fn forget_protocols(&mut self) {
        self.tabs.iter_mut().for_each(|tab| tab.resp3_with.clear());
    }

    /// Puts a line of the page's own between the exchanges.
    pub fn note(&mut self, typed: &str, at: Duration, said: Option<String>) {
        self.say(typed, at, said.map_or(Said::Nothing, Said::Remark));
    }

    fn say(&mut self, typed: &str, at: Duration, said: Said) {
        let tab = &mut self.tabs[self.chosen];
        // Where it stands among the exchanges is found by its time, so that it survives going back.
        tab.notes.retain(|note| note.at <= at);
        tab.notes.push(Note { at, typed: typed.to_owned(), said });
    }

    /// Follows redirections on the terminals that ask for it. In the past they have been followed already.
    pub fn listen(&mut self, lab: &mut Laboratory) {
        if lab.history().is_in_the_past() {
            return;
        }
        for tab in self.tabs.iter_mut().filter(|tab| tab.follow) {
            let Some(last) = lab.exchanges(tab.id).next_back() else { continue };
            let Some((number, node)) = redirection(lab, last) else { continue };
            let before = tab.followed.filter(|(followed, _)| followed + 1 == number).map_or(0, |(_, times)| times);
            if tab.followed.is_some_and(|(followed, _)| followed >= number) || before >= REDIRECTIONS {
                continue;
            }
            let text = last.command.clone();
            tab.followed = Some((number, before + 1));
            if tab.send(lab, &node, &text, tab.resp3).is_ok() {
                tab.node = node;
            }
        }
    }

    /// Where the chosen connection's next command goes, as `redis-cli` would show it.
    pub fn prompt(&self, lab: &Laboratory) -> AttrValue {
        let tab = self.tab();
        let transaction = if in_transaction(lab, tab) { "(TX)" } else { "" };
        format!("{}{transaction}>", tab.node).into()
    }

    /// What is drawn of the chosen connection.
    pub fn shown(&self, lab: &Laboratory, heard: &Heard, words: Words) -> Rc<[Shown]> {
        let tab = self.tab();
        let strings = if self.readable { Strings::Readable } else { Strings::Escaped };
        let mut exchanges: Vec<_> =
            lab.exchanges(tab.id).rev().take_while(|exchange| exchange.number >= tab.cleared).take(DRAWN).collect();
        exchanges.reverse();
        let mut notes = tab.notes.iter().filter(|note| note.at <= lab.now()).enumerate().peekable();
        let mut shown = Vec::new();
        for (at, exchange) in exchanges.iter().enumerate() {
            while let Some((number, note)) = notes.next_if(|(_, note)| note.at <= exchange.at) {
                shown.push(note_shown(number, note));
            }
            let is_followed = exchanges.get(at + 1).is_some_and(|next| next.command == exchange.command);
            let answer = match redirection_text(exchange).filter(|_| tab.follow && is_followed) {
                Some((slot, address)) => Answer::Note(words.redirected_to(slot, address).into()),
                None => answer(exchange, strings, words),
            };
            shown.push(Shown {
                id: u64::from(exchange.number),
                prompt: format!("{}>", lab.node_name(exchange.node)).into(),
                command: exchange.command.clone().into(),
                gate: gate(exchange, heard).map(|gate| words.refused_by(gate).into()),
                bytes: self.raw.then(|| (request_bytes(exchange), reply_bytes(exchange, words))),
                answer,
            });
        }
        shown.extend(notes.map(|(number, note)| note_shown(number, note)));
        shown.into()
    }
}

impl Tab {
    /// What its connection to the node it is at has been turned into.
    pub fn stream(&self, lab: &Laboratory) -> Stream {
        lab.stream(self.id, &self.node)
    }

    /// Sends a line to a node, in the protocol that is wanted.
    fn send(&mut self, lab: &mut Laboratory, node: &str, line: &str, resp3: bool) -> Result<(), String> {
        let speaks = self.resp3_with.iter().position(|known| known == node);
        if resp3 != speaks.is_some() {
            lab.act(&format!("!tab {} {node} {}", self.id, if resp3 { "resp3" } else { "resp2" }))?;
            match speaks {
                Some(at) => drop(self.resp3_with.remove(at)),
                None => self.resp3_with.push(node.to_owned()),
            }
        }
        lab.command(self.id, node, line)
    }
}

fn answer(exchange: &Exchange, strings: Strings, words: Words) -> Answer {
    match (&exchange.reply, exchange.failed) {
        (Some(reply), _) => Answer::Text {
            is_error: matches!(reply, ReplyValue::Error(_)),
            text: reply_text_of(&split(&exchange.command).unwrap_or_default(), reply, strings).into(),
        },
        (None, Some("no reply wanted")) => Answer::Note("".into()),
        (None, Some("Invalid argument(s)")) => Answer::Text { text: words.quotes().into(), is_error: false },
        (None, Some(why)) => Answer::Text { text: format!("Error: {why}").into(), is_error: true },
        (None, None) => Answer::Waiting,
    }
}

/// The gate that refused a command, if one did.
fn gate(exchange: &Exchange, heard: &Heard) -> Option<&'static str> {
    let Some(ReplyValue::Error(error)) = &exchange.reply else { return None };
    heard.gate(exchange.node, error, exchange.at, exchange.answered?)
}

/// What was sent, a line of the protocol to a line.
fn request_bytes(exchange: &Exchange) -> AttrValue {
    let mut bytes = Vec::new();
    if let Some(words) = split(&exchange.command).filter(|words| !words.is_empty()) {
        write_record(&mut bytes, words.iter().map(Vec::as_slice));
    }
    protocol_text(&bytes).into()
}

fn reply_bytes(exchange: &Exchange, words: Words) -> AttrValue {
    let text = protocol_text(&exchange.bytes);
    let more = exchange.length - exchange.bytes.len();
    if more > 0 { format!("{text}\n{}", words.and_more(words.count_bytes(more as u64))).into() } else { text.into() }
}

/// The slot and the address that a reply redirects to.
fn redirection_text(exchange: &Exchange) -> Option<(u16, &str)> {
    match &exchange.reply {
        Some(ReplyValue::Error(error)) => moved(error),
        _ => None,
    }
}

/// The number of an exchange that was redirected, and the node it was redirected to.
fn redirection(lab: &Laboratory, exchange: &Exchange) -> Option<(u32, String)> {
    let (_, address) = redirection_text(exchange)?;
    let (host, port) = address.rsplit_once(':')?;
    let node = lab.node_at(Some(host).filter(|host| !host.is_empty()), port.parse().ok())?;
    Some((exchange.number, node))
}

fn note_shown(number: usize, note: &Note) -> Shown {
    Shown {
        id: u64::MAX - number as u64,
        prompt: "·".into(),
        command: note.typed.clone().into(),
        gate: None,
        bytes: None,
        answer: match &note.said {
            Said::Nothing => Answer::Note("".into()),
            Said::Remark(text) => Answer::Note(text.clone().into()),
            Said::Text(text) => Answer::Text { text: text.clone().into(), is_error: false },
        },
    }
}

/// Has MULTI been answered, and neither EXEC nor DISCARD since? `redis-cli` tells by the replies, too.
fn in_transaction(lab: &Laboratory, tab: &Tab) -> bool {
    for exchange in lab.exchanges(tab.id).rev().filter(|exchange| lab.node_name(exchange.node) == tab.node) {
        let failed = matches!(exchange.reply, None | Some(ReplyValue::Error(_)));
        match exchange.command.split_whitespace().next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "multi" => return !failed,
            "exec" | "discard" | "reset" => return false,
            _ if exchange.failed.is_some() && exchange.reply.is_none() => return false,
            _ => {}
        }
    }
    false
}
