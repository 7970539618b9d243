//! How much memory the process holds, as its operating system counts it.

use std::fs;

/// Bytes in memory at this moment; `None` where the system does not tell.
pub fn bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn memory_that_is_touched_is_counted() {
        let before = super::bytes().unwrap();
        let block = std::hint::black_box(vec![1u8; 256 << 20]);
        let with_block = super::bytes().unwrap();
        // Other tests give some of theirs back meanwhile.
        assert!(with_block >= before + (192 << 20), "{before} then {with_block}");
        drop(block);
    }
}
