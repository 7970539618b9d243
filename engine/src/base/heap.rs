//! What an allocation costs: one model for every target, so that `maxmemory` acts alike in a page and on a server.

/// Bytes that a general-purpose allocator takes for `size` bytes: a word of its own, in steps of sixteen.
pub const fn cost(size: usize) -> usize {
    match size {
        0 => 0,
        1..=24 => 32,
        _ => (size + 8).next_multiple_of(16),
    }
}

/// The largest request that costs no more than one of `size` bytes.
pub const fn usable(size: usize) -> usize {
    cost(size).saturating_sub(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usable_costs_nothing_more() {
        for size in 0..2000 {
            assert_eq!(cost(usable(size)), cost(size));
            assert!(usable(size) >= size && (size == 0 || cost(usable(size) + 1) > cost(size)));
        }
    }
}
