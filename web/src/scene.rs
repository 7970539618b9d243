//! What the stage draws, as plain data: nodes, clients, links, and what is on its way between them.

use kvarium_engine::base::time::Time;

/// One process.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    pub name: String,
    pub address: String,
    pub state: NodeState,
    /// Its place among the owners of slots: hue and hatch.
    pub shard: usize,
    /// Slots it owns, as inclusive ranges.
    pub ranges: Vec<(u16, u16)>,
    pub keys: u64,
    /// What its clock shows, and how far it is ahead in microseconds.
    pub clock: Time,
    pub ahead: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    Up,
    Down,
    Paused,
}

impl NodeView {
    pub fn slots(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// `0-5460`, or several with commas.
    pub fn range_text(&self) -> String {
        let text =
            |&(first, last): &(u16, u16)| if first == last { first.to_string() } else { format!("{first}–{last}") };
        self.ranges.iter().map(text).collect::<Vec<_>>().join(", ")
    }
}

/// One client, with its connections.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientView {
    pub name: String,
    pub kind: ClientKind,
    /// What it waits for, if anything.
    pub waiting: Option<String>,
    pub requests: u64,
    pub redirected: u64,
    pub last_error: Option<String>,
    /// What it is at, if it works on a stream.
    pub work: Option<WorkView>,
    /// How well it is served, if the server is its cache.
    pub cached: Option<CachedView>,
}

/// A client that reads what may not be there.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedView {
    /// Percent served from the cache in each of the last seconds, the newest last; nothing where nobody asked.
    pub ratios: Vec<Option<u32>>,
    /// Of the last seconds together.
    pub ratio: Option<u32>,
    /// Of an application.
    pub app: Option<AppView>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AppView {
    /// In the last second.
    pub users: u32,
    pub queries: u32,
    pub failed: u64,
    /// The most queries for one row at once.
    pub rush: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseView {
    pub name: String,
    pub capacity: u32,
    /// Queries of each of the last seconds in percent of the capacity, the newest last.
    pub loads: Vec<Option<u32>>,
    pub waiting: usize,
    pub timeouts: u64,
    pub overloads: u64,
    pub is_overloaded: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WorkView {
    pub state: WorkState,
    /// The IDs of the entries in its hands, what it works on first.
    pub holds: Vec<String>,
    /// Entries added or done, attempts that failed, entries made dead letters.
    pub done: u64,
    pub failed: u64,
    pub dead: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkState {
    Running,
    Stopping,
    Stopped,
    Crashed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// A person's.
    Terminal,
    Plain,
    Following,
    SlotAware,
    Producer,
    Consumer,
    Reaper,
    /// With the server as its cache.
    Application,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Node(usize),
    Client(usize),
}

/// A message between two ends: where it is at any moment follows from this alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    pub id: u64,
    pub from: End,
    pub to: End,
    /// Seconds since the beginning; not known where a cut holds it.
    pub sent: f64,
    pub arrives: Option<f64>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Request(String),
    Reply(String),
    /// Sends the client to another node.
    Moved(String),
}

impl Flight {
    /// How much of its way lies behind it, between 0 and 1. What is held by a cut waits before the middle.
    pub fn progress(&self, now: f64) -> f64 {
        match self.arrives.map(|arrives| arrives - self.sent) {
            None => 0.35,
            Some(way) if way > 0.0 => ((now - self.sent) / way).clamp(0.0, 1.0),
            Some(_) => 1.0,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Seconds since the beginning.
    pub now: f64,
    pub nodes: Vec<NodeView>,
    pub clients: Vec<ClientView>,
    pub databases: Vec<DatabaseView>,
    pub flights: Vec<Flight>,
    /// Ways that carry nothing, each in its direction.
    pub cuts: Vec<(End, End)>,
}

impl Scene {
    pub fn is_cut(&self, from: End, to: End) -> bool {
        self.cuts.contains(&(from, to))
    }

    pub fn name(&self, end: End) -> &str {
        match end {
            End::Node(at) => self.nodes.get(at).map_or("", |node| &node.name),
            End::Client(at) => self.clients.get(at).map_or("", |client| &client.name),
        }
    }
}
