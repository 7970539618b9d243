//! The keyspace as a field in which every key has its place: that of SCAN's order, which no other key moves.
//!
//! ```text
//!   place   0                                                              2^64
//!           |  stretch 0   |  stretch 1   |  stretch 2   |  stretch 3   |      with 2 bits
//! ```
//! A stretch can be read by itself, however many keys there are: what is drawn of a large keyspace is kept up to date
//! where it changed, and looked through little by little for what changes by itself.

use super::Inspect;
use crate::base::hash::SLOTS;
use crate::base::time::Time;
use crate::keyspace::{Entry, Kind, access};

/// As much of a key as its tile shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance<'a> {
    pub place: u64,
    pub key: &'a [u8],
    pub kind: Kind,
    /// Bytes, with the entry's own.
    pub memory: usize,
    /// When it expires; it may have passed.
    pub expiry: Option<Time>,
    /// Seconds since it was used. They mean nothing where frequency is counted.
    pub idle: u32,
    /// The counter of its uses, where the eviction policy counts them.
    pub frequency: Option<u32>,
}

/// The slot is the first of a place's bits.
const SLOT_BITS: u32 = SLOTS.ilog2();

impl Inspect<'_> {
    /// Where in the field a key is, or would be.
    pub fn place(&self, key: &[u8]) -> u64 {
        let keyspace = &self.state.keyspace;
        let key = keyspace.key(key);
        let place = key.hash.reverse_bits();
        if keyspace.has_slots() { u64::from(key.slot) << (64 - SLOT_BITS) | place >> SLOT_BITS } else { place }
    }

    /// Calls `f` with the keys of one stretch of a database, in no order. There are `2^bits` of them, 14 bits at most.
    pub fn stretch(&self, db: usize, bits: u32, stretch: u64, mut f: impl FnMut(Glance<'_>)) {
        debug_assert!(bits <= SLOT_BITS && stretch < 1 << bits, "there is no such stretch");
        let database = self.state.keyspace.db(db);
        let stretch_of = |place: u64| place.checked_shr(64 - bits).unwrap_or(0);
        if self.state.keyspace.has_slots() {
            let slots = 1 << (SLOT_BITS - bits);
            for slot in stretch * slots..(stretch + 1) * slots {
                let mut cursor = 0;
                loop {
                    cursor = database.scan_slot(slot as u16, cursor, |entry| f(self.glance(entry)));
                    if cursor == 0 {
                        break;
                    }
                }
            }
            return;
        }
        let mut cursor = stretch.checked_shl(64 - bits).unwrap_or(0).reverse_bits();
        loop {
            cursor = database.scan(cursor, |entry| {
                let glance = self.glance(entry);
                // A small table's bucket is longer than the stretch.
                if stretch_of(glance.place) == stretch {
                    f(glance);
                }
            });
            if cursor == 0 || stretch_of(cursor.reverse_bits()) != stretch {
                break;
            }
        }
    }

    fn glance<'e>(&self, entry: &'e Entry) -> Glance<'e> {
        let (counting, now) = (self.state.counting(), self.state.now);
        let counts = self.state.config.maxmemory_policy.counts();
        Glance {
            place: self.place(entry.key()),
            key: entry.key(),
            kind: entry.kind(),
            memory: entry.memory(),
            expiry: entry.expiry(),
            idle: access::idle_seconds(entry.access(), now),
            frequency: counts.then(|| access::frequency(entry.access(), counting, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;
    use std::format;

    #[test]
    fn every_key_is_in_the_one_stretch_of_its_place() {
        for (config, many) in [("", 3000), ("", 7), ("cluster-enabled yes", 3000)] {
            let mut server = Server::with(config);
            (0..many).for_each(|n| drop(server.run(&format!("SET key:{n} v"))));
            let node = server.inspect();
            for bits in [0, 3, 11, 14] {
                let mut seen = BTreeSet::new();
                for stretch in 0..1 << bits {
                    node.stretch(0, bits, stretch, |glance| {
                        assert_eq!(glance.place, node.place(glance.key));
                        assert_eq!(glance.place.checked_shr(64 - bits).unwrap_or(0), stretch);
                        assert!(seen.insert(Vec::from(glance.key)), "seen once");
                    });
                }
                assert_eq!(seen.len(), node.keyspace().db(0).len());
            }
        }
    }
}
