//! Whether this node may serve a slot, and where to send the client if not.

use super::slots::{SLOTS, SlotTable};
use crate::resp::error::{self, Error};

/// # Errors
/// MOVED to the slot's owner, or CLUSTERDOWN where it has none.
pub fn admit(table: &SlotTable, slot: u16) -> Result<(), Error> {
    debug_assert!(slot < SLOTS);
    if table.is_mine(slot) {
        return Ok(());
    }
    match table.owner(slot) {
        Some(owner) => Err(error::moved(slot, &owner.address())),
        None => Err(error::CLUSTER_DOWN_UNBOUND),
    }
}
