//! Where the memory of a node goes: every byte has an owner, and the owners' bytes add up to what INFO says is used.

use alloc::vec::Vec;

use super::Inspect;
use crate::keyspace::{Kind, Share};
use crate::state::State;

/// What each owner holds, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What a node holds whatever it is used for.
    pub fixed: usize,
    /// The databases that hold anything.
    pub databases: Vec<DatabaseAccount>,
    /// The tables of databases that hold nothing.
    pub empty_tables: usize,
    /// What was removed or overwritten, and is still to be freed.
    pub pending: usize,
    /// Requests not yet run, replies not yet sent, and each client by itself.
    pub clients: usize,
    /// Who is subscribed to what.
    pub pubsub: usize,
    /// Which keys are watched, and which are waited for.
    pub waits: usize,
    /// What is held in pages that are not full, of the keyspace's memory and of the host's: beside what is used.
    pub spare: usize,
}

/// What one database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseAccount {
    pub index: usize,
    /// The table that leads to the keys.
    pub main: usize,
    /// The tables that know which keys expire, and which hold parts that do.
    pub expires: usize,
    /// By type, as TYPE names it: the keys with their values, all that are not none.
    pub kinds: Vec<(&'static str, Share)>,
}

impl DatabaseAccount {
    /// What the keys with their values cost.
    pub fn data(&self) -> usize {
        self.kinds.iter().map(|(_, share)| share.memory).sum()
    }

    pub fn keys(&self) -> usize {
        self.kinds.iter().map(|(_, share)| share.keys).sum()
    }
}

impl Account {
    pub(crate) fn of(state: &State) -> Account {
        let keyspace = &state.keyspace;
        let all = || (0..keyspace.databases()).map(|index| (index, keyspace.db(index)));
        let databases = all().filter(|(_, db)| !db.is_empty()).map(|(index, db)| DatabaseAccount {
            index,
            main: db.table_memory() - db.index_memory(),
            expires: db.index_memory(),
            kinds: Kind::ALL
                .iter()
                .map(|kind| (kind.name(), db.share(*kind)))
                .filter(|(_, share)| share.keys > 0)
                .collect(),
        });
        Account {
            fixed: state.fixed_memory(),
            databases: databases.collect(),
            empty_tables: all().filter(|(_, db)| db.is_empty()).map(|(_, db)| db.memory()).sum(),
            pending: state.pending_memory(),
            clients: state.clients.memory(),
            pubsub: state.pubsub.memory(),
            waits: state.watches.memory() + state.blocked.memory(),
            spare: usize::try_from(state.sparse()).unwrap_or(usize::MAX),
        }
    }

    /// What is in use: `used_memory`.
    pub fn total(&self) -> usize {
        self.data() + self.overhead()
    }

    /// The keys with their values, and what of them is still to be freed.
    pub fn data(&self) -> usize {
        self.databases.iter().map(DatabaseAccount::data).sum::<usize>() + self.pending
    }

    /// All the rest of what is in use.
    pub fn overhead(&self) -> usize {
        self.fixed + self.tables() + self.clients + self.pubsub + self.waits
    }

    pub fn tables(&self) -> usize {
        self.empty_tables + self.databases.iter().map(|db| db.main + db.expires).sum::<usize>()
    }

    pub fn keys(&self) -> usize {
        self.databases.iter().map(DatabaseAccount::keys).sum()
    }
}

impl Inspect<'_> {
    /// Where the memory goes.
    pub fn account(&self) -> Account {
        Account::of(self.state)
    }
}
