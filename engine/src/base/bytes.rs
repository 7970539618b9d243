//! Little-endian numbers of odd widths, and how a buffer grows.

use super::heap;
use alloc::vec::Vec;

/// Makes room for `more` bytes: what an allocation has to spare while small, an eighth beyond that when larger.
pub fn reserve(buffer: &mut Vec<u8>, more: usize) {
    const SMALL: usize = 256;
    let needed = buffer.len() + more;
    if needed > buffer.capacity() {
        let wanted = if needed <= SMALL { needed } else { needed + needed / 8 };
        buffer.reserve_exact(heap::usable(wanted) - buffer.len());
    }
}

/// The unsigned number in up to eight little-endian bytes.
#[inline]
pub fn read_unsigned(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(wide)
}

/// The two's complement number in one to eight little-endian bytes.
#[inline]
pub fn read_signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    ((read_unsigned(bytes) << unused) as i64) >> unused
}

/// Writes the low bytes of `value`, as many as `bytes` has. The others must only repeat the sign.
pub fn write_signed(bytes: &mut [u8], value: i64) {
    bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
    debug_assert_eq!(read_signed(bytes), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_reads_what_was_written() {
        for width in 1..=8 {
            let limit = 1i128 << (8 * width - 1);
            for value in [-limit, -1, 0, 1, limit - 1] {
                let mut bytes = [0xaa; 8];
                write_signed(&mut bytes[..width], value as i64);
                assert_eq!(i128::from(read_signed(&bytes[..width])), value);
                assert_eq!(bytes[width..], [0xaa; 8][width..]);
            }
        }
        assert_eq!(read_unsigned(&[0xff, 0xff, 0xff]), 0xff_ffff);
    }

    #[test]
    fn a_buffer_never_holds_much_more_than_it_needs() {
        let mut buffer = Vec::new();
        for len in 1..5000 {
            reserve(&mut buffer, 1);
            buffer.push(0);
            assert!(buffer.capacity() <= heap::usable(len + len / 8));
        }
    }
}
