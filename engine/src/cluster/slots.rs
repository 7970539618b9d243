//! The static table of slots: ranges and their owners.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::heap;

/// Slots of a cluster (Redis Cluster specification, "Key distribution model").
pub const SLOTS: u16 = 16384;

/// A node of the cluster, as others reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// 40 hexadecimal digits.
    pub id: String,
    pub host: String,
    pub port: u16,
}

impl Owner {
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Who owns each slot. Empty outside cluster mode.
#[derive(Clone, Debug, Default)]
pub struct SlotTable {
    owners: Vec<Owner>,
    /// An index into `owners` plus one; zero where a slot has no owner.
    of_slot: Vec<u8>,
    myself: Option<usize>,
}

/// Neighbouring slots with one owner, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range<'a> {
    pub first: u16,
    pub last: u16,
    pub owner: &'a Owner,
}

impl SlotTable {
    /// What it costs, in bytes: modelled.
    pub fn memory(&self) -> usize {
        heap::cost(self.of_slot.len()) + self.owners.len() * 256
    }

    /// Reads `host:port first-last [first-last …] [host:port …]`; `me` says which of the owners this node is.
    ///
    /// # Errors
    /// What can't be read, a slot named twice, or more than 255 owners.
    pub fn parse(text: &str, me: impl Fn(&str, u16) -> bool) -> Result<SlotTable, String> {
        let mut table = SlotTable { of_slot: vec![0; SLOTS as usize], ..SlotTable::default() };
        for word in text.split_whitespace() {
            match word.rsplit_once(':') {
                Some((host, port)) => table.add_owner(host, port, &me)?,
                None => table.assign(word)?,
            }
        }
        Ok(table)
    }

    fn add_owner(&mut self, host: &str, port: &str, me: &impl Fn(&str, u16) -> bool) -> Result<(), String> {
        let port: u16 = port.parse().map_err(|_| format!("bad port in {host}:{port}"))?;
        if self.owners.len() == 255 {
            return Err("more than 255 owners".to_owned());
        }
        if me(host, port) {
            self.myself = Some(self.owners.len());
        }
        let id = node_id(host, port);
        self.owners.push(Owner { id, host: host.to_owned(), port });
        Ok(())
    }

    fn assign(&mut self, range: &str) -> Result<(), String> {
        let wrong = || format!("bad slots {range}: expected first-last below {SLOTS}");
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u16, u16) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if first > last || last >= SLOTS || self.owners.is_empty() {
            return Err(wrong());
        }
        for slot in first..=last {
            let owner = &mut self.of_slot[slot as usize];
            if *owner != 0 {
                return Err(format!("slot {slot} has two owners"));
            }
            *owner = self.owners.len() as u8;
        }
        Ok(())
    }

    pub fn owner(&self, slot: u16) -> Option<&Owner> {
        let owner = *self.of_slot.get(slot as usize)?;
        self.owners.get((owner as usize).checked_sub(1)?)
    }

    pub fn is_mine(&self, slot: u16) -> bool {
        let owner = self.of_slot.get(slot as usize).copied().unwrap_or(0) as usize;
        owner != 0 && self.myself == Some(owner - 1)
    }

    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    pub fn myself(&self) -> Option<&Owner> {
        self.owners.get(self.myself?)
    }

    pub fn assigned(&self) -> usize {
        self.of_slot.iter().filter(|&&owner| owner != 0).count()
    }

    /// The table as ranges, in the order of slots.
    pub fn ranges(&self) -> Vec<Range<'_>> {
        let mut ranges: Vec<Range<'_>> = Vec::new();
        for slot in 0..self.of_slot.len() as u16 {
            let Some(owner) = self.owner(slot) else { continue };
            match ranges.last_mut() {
                Some(range) if core::ptr::eq(range.owner, owner) && range.last + 1 == slot => range.last = slot,
                _ => ranges.push(Range { first: slot, last: slot, owner }),
            }
        }
        ranges
    }
}

/// A node's name: 40 hexadecimal digits that its address decides, for a table without a bus to learn names from.
fn node_id(host: &str, port: u16) -> String {
    let address = format!("{host}:{port}");
    let mut rng = crate::base::rng::Rng::new(
        address.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ b as u64).wrapping_mul(0x0100_0000_01b3)),
    );
    (0..5).map(|_| format!("{:08x}", rng.bits() as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_and_knows_its_own() {
        let text = "10.0.0.1:7000 0-5460 10.0.0.2:7000 5461-10922 16383 10.0.0.3:7000 10923-16382";
        let table = SlotTable::parse(text, |host, _| host == "10.0.0.2").unwrap();
        assert_eq!(table.assigned(), SLOTS as usize);
        assert!(table.is_mine(5461) && table.is_mine(16383) && !table.is_mine(0));
        assert_eq!(table.owner(0).map(Owner::address).as_deref(), Some("10.0.0.1:7000"));
        let ranges: Vec<_> = table.ranges().iter().map(|r| (r.first, r.last, r.owner.host.as_str())).collect();
        assert_eq!(ranges[1..], [(5461, 10922, "10.0.0.2"), (10923, 16382, "10.0.0.3"), (16383, 16383, "10.0.0.2")]);
    }

    #[test]
    fn what_is_wrong_with_a_table_is_said() {
        for text in ["0-5", "a:1 5-3", "a:1 0-16384", "a:x 0", "a:1 0-5 b:1 5-9"] {
            assert!(SlotTable::parse(text, |_, _| false).is_err(), "{text}");
        }
    }
}
