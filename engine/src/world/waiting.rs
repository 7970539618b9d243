//! What a paused clock still runs on for: a reply that will come without anybody's doing.

use super::outside::InFlight;
use super::trace::{NodeId, Party};
use super::{Actor, World};

impl World {
    /// Is there a reply to a terminal that will come by itself, or anything on its way to a terminal or from it?
    pub fn is_waiting(&self) -> bool {
        let is_due = |client: usize| match &self.clients[client].actor {
            Actor::Console(console) => {
                let asked = console.exchanges().rev().find(|exchange| !exchange.command.is_empty());
                let open = asked.filter(|it| it.reply.is_none() && it.failed.is_none());
                open.is_some_and(|exchange| !self.is_blocked(Party::Client(client as u16), exchange.node))
            }
            Actor::Load(_) | Actor::Worker(_) | Actor::App(_) => false,
        };
        let is_terminal = |party: Party| match party {
            Party::Client(client) => {
                self.clients.get(client as usize).is_some_and(|client| matches!(client.actor, Actor::Console(_)))
            }
            Party::Node(_) => false,
        };
        // What a cut holds may never arrive.
        let is_coming =
            |flight: InFlight| flight.arrives.is_some() && (is_terminal(flight.from) || is_terminal(flight.to));
        (0..self.clients.len()).any(is_due) || self.in_flight().any(is_coming)
    }

    /// Does a client wait at a node until a key holds something?
    fn is_blocked(&self, party: Party, node: NodeId) -> bool {
        let Some(inspect) = self.node(node).and_then(|node| node.inspect) else { return false };
        inspect
            .clients()
            .filter(|client| client.waits.is_some())
            .any(|client| self.client_at(node, &client.peer) == Some(party))
    }
}
