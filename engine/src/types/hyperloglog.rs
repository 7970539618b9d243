//! HyperLogLog: how many different elements there were, to within a percent, in 12 KB or less. The bytes are Redis's.
//!
//! ```text
//! "HYLL"  encoding  0 0 0  cardinality (8 bytes, little-endian)   registers
//!         0: dense         its top bit set: not known                dense   16384 × 6 bits, the lowest bits first
//!         1: sparse                                               sparse  runs of registers with the same value:
//!                                 00nnnnnn            zero, n+1 registers
//!                                 01nnnnnn nnnnnnnn   zero, n+1 registers
//!                                 1vvvvvnn            v+1, n+1 registers
//! ```
//! An element's hash chooses a register (14 bits) and gives it a value: the trailing zeros of the rest, plus one; the
//! largest value stays. The estimate is Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches", 2017,
//! algorithm 6). A sparse value is only as correct as whoever wrote it: everything here refuses what does not cover all
//! registers exactly, in time bounded by its length.

use crate::base::hash::murmur;
use crate::base::wide::wide;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::array;

const MAGIC: &[u8] = b"HYLL";
const HEADER: usize = 16;
const CARDINALITY: core::ops::Range<usize> = 8..16;
const UNKNOWN: u8 = 0x80;

const REGISTERS: usize = 1 << INDEX_BITS;
const INDEX_BITS: u32 = 14;
/// The bits of a hash that give a value, and so the largest value but one.
const VALUE_BITS: usize = 50;
const DENSE_LENGTH: usize = HEADER + REGISTERS * 6 / 8;

const LONGEST_ZERO: usize = 64;
const LONGEST_LONG_ZERO: usize = 1 << 14;
const LONGEST_VALUE: usize = 4;
const LARGEST_SPARSE: u8 = 32;

const SEED: u64 = 0xadc8_3b19;

/// The runs of a sparse value are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupted;

/// Whether a string has the header, and where it is dense the length, of a HyperLogLog.
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER
        && bytes.starts_with(MAGIC)
        && match bytes[4] {
            0 => bytes.len() == DENSE_LENGTH,
            encoding => encoding == 1,
        }
}

/// One without elements.
pub fn new() -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..4].copy_from_slice(MAGIC);
    bytes[4] = 1;
    push_zeros(&mut bytes, REGISTERS);
    bytes
}

pub fn is_sparse(bytes: &[u8]) -> bool {
    bytes[4] == 1
}

/// The cardinality that was computed last, if nothing has changed since.
pub fn cached(bytes: &[u8]) -> Option<u64> {
    let cardinality = u64::from_le_bytes(bytes[CARDINALITY].try_into().expect("eight bytes"));
    (cardinality >> 63 == 0).then_some(cardinality)
}

pub fn set_cached(bytes: &mut [u8], cardinality: u64) {
    bytes[CARDINALITY].copy_from_slice(&cardinality.to_le_bytes());
}

/// Says that the cardinality is another one now.
pub fn forget_cached(bytes: &mut [u8]) {
    bytes[CARDINALITY.end - 1] |= UNKNOWN;
}

/// Adds an element; whether that changed a register. A sparse value becomes dense once it would take more than
/// `sparse_limit` bytes.
///
/// # Errors
/// The register is in none of the runs.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_limit: u64) -> Result<bool, Corrupted> {
    let hash = murmur(SEED, element);
    let register = hash as usize % REGISTERS;
    // A bit above all others ends the zeros.
    let value = ((hash >> INDEX_BITS) | 1 << VALUE_BITS).trailing_zeros() as u8 + 1;
    raise(bytes, register, value, sparse_limit)
}

/// Raises a register to a value; whether it was lower.
fn raise(bytes: &mut Vec<u8>, register: usize, value: u8, sparse_limit: u64) -> Result<bool, Corrupted> {
    if is_sparse(bytes) {
        raise_sparse(bytes, register, value, sparse_limit)
    } else {
        Ok(raise_dense(&mut bytes[HEADER..], register, value))
    }
}

/// Four registers lie in three bytes.
fn raise_dense(registers: &mut [u8], register: usize, value: u8) -> bool {
    let (group, shift) = (&mut registers[register / 4 * 3..][..3], register % 4 * 6);
    let word = u32::from_le_bytes([group[0], group[1], group[2], 0]);
    if (word >> shift) as u8 & 63 >= value {
        return false;
    }
    let word = word & !(63 << shift) | u32::from(value) << shift;
    group.copy_from_slice(&word.to_le_bytes()[..3]);
    true
}

/// Registers with the same value: how many, and how many bytes say so.
#[derive(Clone, Copy, Debug)]
struct Run {
    value: u8,
    registers: usize,
    size: usize,
}

impl Run {
    fn at(bytes: &[u8], at: usize) -> Run {
        let byte = bytes[at];
        match byte >> 6 {
            0 => Run { value: 0, registers: usize::from(byte & 63) + 1, size: 1 },
            1 => {
                // Where the second byte is missing, Redis reads the zero that ends every string of its.
                let low = bytes.get(at + 1).copied().unwrap_or(0);
                Run { value: 0, registers: (usize::from(byte & 63) << 8 | usize::from(low)) + 1, size: 2 }
            }
            _ => Run { value: (byte >> 2 & 31) + 1, registers: usize::from(byte & 3) + 1, size: 1 },
        }
    }
}

fn push_zeros(bytes: &mut Vec<u8>, registers: usize) {
    debug_assert!((1..=LONGEST_LONG_ZERO).contains(&registers));
    let count = registers - 1;
    if registers <= LONGEST_ZERO {
        bytes.push(count as u8);
    } else {
        bytes.extend_from_slice(&[0x40 | (count >> 8) as u8, count as u8]);
    }
}

fn value_run(value: u8, registers: usize) -> u8 {
    0x80 | (value - 1) << 2 | (registers - 1) as u8
}

fn push_run(bytes: &mut Vec<u8>, value: u8, registers: usize) {
    match (value, registers) {
        (_, 0) => {}
        (0, _) => push_zeros(bytes, registers),
        _ => bytes.push(value_run(value, registers)),
    }
}

/// The run that covers a register.
struct Found {
    run: Run,
    at: usize,
    /// Its first register.
    first: usize,
    /// Where the run before it begins, or this one if it is the first.
    previous: usize,
}

fn find(bytes: &[u8], register: usize) -> Result<Found, Corrupted> {
    let (mut at, mut first, mut previous) = (HEADER, 0, HEADER);
    while at < bytes.len() {
        let run = Run::at(bytes, at);
        if register < first + run.registers {
            return Ok(Found { run, at, first, previous });
        }
        previous = at;
        at += run.size;
        first += run.registers;
    }
    Err(Corrupted)
}

fn raise_sparse(bytes: &mut Vec<u8>, register: usize, value: u8, sparse_limit: u64) -> Result<bool, Corrupted> {
    if value > LARGEST_SPARSE {
        return raise_in_dense(bytes, register, value);
    }
    let Found { run, at, first, previous } = find(bytes, register)?;
    if run.value >= value {
        return Ok(false);
    }
    let mut runs = Vec::with_capacity(5);
    push_run(&mut runs, run.value, register - first);
    runs.push(value_run(value, 1));
    push_run(&mut runs, run.value, first + run.registers - 1 - register);
    if runs.len() > run.size && (bytes.len() + runs.len() - run.size) as u64 > sparse_limit {
        return raise_in_dense(bytes, register, value);
    }
    let end = bytes.len().min(at + run.size);
    bytes.splice(at..end, runs);
    join_values(bytes, previous);
    forget_cached(bytes);
    Ok(true)
}

fn raise_in_dense(bytes: &mut Vec<u8>, register: usize, value: u8) -> Result<bool, Corrupted> {
    make_dense(bytes)?;
    Ok(raise_dense(&mut bytes[HEADER..], register, value))
}

/// Joins neighbouring runs of the same value as Redis does: it looks at five runs or joins.
fn join_values(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..5 {
        if at >= bytes.len() {
            return;
        }
        let run = Run::at(bytes, at);
        let next = at + run.size;
        if run.value > 0 && next < bytes.len() {
            let other = Run::at(bytes, next);
            if other.value == run.value && run.registers + other.registers <= LONGEST_VALUE {
                bytes[next] = value_run(run.value, run.registers + other.registers);
                bytes.remove(at);
                continue;
            }
        }
        at = next;
    }
}

/// Calls `f` with each run of a sparse value and its first register.
///
/// # Errors
/// The runs don't cover all registers exactly. `f` is never called with a register that is none.
fn each_run(bytes: &[u8], mut f: impl FnMut(usize, Run)) -> Result<(), Corrupted> {
    let (mut at, mut first) = (HEADER, 0);
    while at < bytes.len() {
        let run = Run::at(bytes, at);
        if first + run.registers > REGISTERS {
            return Err(Corrupted);
        }
        f(first, run);
        first += run.registers;
        at += run.size;
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupted) }
}

/// Makes a sparse value dense; whether it was sparse.
///
/// # Errors
/// The runs don't cover all registers exactly.
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<bool, Corrupted> {
    if !is_sparse(bytes) {
        return Ok(false);
    }
    let mut dense = Vec::with_capacity(DENSE_LENGTH);
    dense.extend_from_slice(&bytes[..HEADER]);
    dense[4] = 0;
    dense.resize(DENSE_LENGTH, 0);
    each_run(bytes, |first, run| {
        let registers = if run.value > 0 { first..first + run.registers } else { 0..0 };
        registers.for_each(|register| _ = raise_dense(&mut dense[HEADER..], register, run.value));
    })?;
    *bytes = dense;
    Ok(true)
}

/// The cardinality of one value.
///
/// # Errors
/// It is corrupted.
pub fn count(bytes: &[u8]) -> Result<u64, Corrupted> {
    let mut registers = Registers::default();
    registers.merge(bytes)?;
    Ok(registers.count())
}

/// Eight registers of a dense value, 48 bits, with a byte for each: halves, quarters and eighths move apart.
#[inline(always)]
fn unpack(word: u64) -> [u8; 8] {
    let word = word & 0xff_ffff | (word & 0xffff_ff00_0000) << 8;
    let word = word & 0x0fff_0000_0fff | (word & 0x00ff_f000_00ff_f000) << 4;
    let word = word & 0x003f_003f_003f_003f | (word & 0x0fc0_0fc0_0fc0_0fc0) << 2;
    word.to_le_bytes()
}

/// The reverse of [`unpack`].
fn pack(registers: [u8; 8]) -> [u8; 6] {
    let word = u64::from_le_bytes(registers);
    let word = word & 0x003f_003f_003f_003f | (word & 0x3f00_3f00_3f00_3f00) >> 2;
    let word = word & 0x0fff_0000_0fff | (word & 0x0fff_0000_0fff_0000) >> 4;
    let word = word & 0xff_ffff | (word & 0x00ff_ffff_0000_0000) >> 8;
    let [a, b, c, d, e, f, ..] = word.to_le_bytes();
    [a, b, c, d, e, f]
}

/// So many times eight registers are unpacked together.
const GROUPS: usize = 64;
/// Six bytes are read as a word with the two before them, which are there even where none follow.
const BEFORE: usize = 2;

wide! {
    /// Raises registers to those of a dense value. Each of the loops does one thing, so that it does it to many at once.
    fn raise_to(registers: &mut [u8; GROUPS * 8], packed: &[u8; BEFORE + GROUPS * 6]) {
        let mut words = [0; GROUPS];
        for (index, word) in words.iter_mut().enumerate() {
            *word = u64::from_le_bytes(*packed[index * 6..].first_chunk().expect("eight bytes")) >> (BEFORE * 8);
        }
        let mut values = [0; GROUPS * 8];
        values.as_chunks_mut().0.iter_mut().zip(words).for_each(|(values, word)| *values = unpack(word));
        registers.iter_mut().zip(&values).for_each(|(register, value)| *register = (*register).max(*value));
    }
}

/// A byte for each register: what several values amount to.
pub struct Registers(Box<[u8; REGISTERS]>);

impl Default for Registers {
    fn default() -> Self {
        Registers(Box::new([0; REGISTERS]))
    }
}

impl Registers {
    /// Takes in a value: of each register, the larger one stays.
    ///
    /// # Errors
    /// It is corrupted.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Corrupted> {
        let registers = &mut self.0;
        if is_sparse(bytes) {
            return each_run(bytes, |first, run| {
                for register in &mut registers[first..first + run.registers] {
                    *register = run.value.max(*register);
                }
            });
        }
        let packed = (HEADER - BEFORE..).step_by(GROUPS * 6);
        for (registers, at) in registers.as_chunks_mut::<{ GROUPS * 8 }>().0.iter_mut().zip(packed) {
            raise_to(registers, bytes[at..].first_chunk().expect("a dense value has all registers"));
        }
        Ok(())
    }

    pub fn count(&self) -> u64 {
        Histogram::of(&self.0).estimate()
    }

    /// Raises the registers of a value to these, and these to what it has.
    ///
    /// # Errors
    /// It is corrupted.
    pub fn store(&mut self, bytes: &mut Vec<u8>, sparse_limit: u64) -> Result<(), Corrupted> {
        if !is_sparse(bytes) {
            self.merge(bytes)?;
            let groups = self.0.as_chunks().0.iter().zip(bytes[HEADER..].as_chunks_mut().0);
            groups.for_each(|(values, packed)| *packed = pack(*values));
            return Ok(());
        }
        let set = self.0.iter().enumerate().filter(|(_, value)| **value > 0);
        for (register, &value) in set {
            raise(bytes, register, value, sparse_limit)?;
        }
        Ok(())
    }

    pub fn values(&self) -> &[u8; REGISTERS] {
        &self.0
    }
}

/// How many registers have each value.
struct Histogram([u32; 64]);

impl Histogram {
    /// Neighbours, which are often equal, are counted apart, so that no count waits for the one before.
    fn of(registers: &[u8; REGISTERS]) -> Self {
        let mut counts = [[0; 64]; 4];
        for four in registers.as_chunks::<4>().0 {
            four.iter().zip(&mut counts).for_each(|(value, counts)| counts[usize::from(value & 63)] += 1);
        }
        Histogram(array::from_fn(|value| counts.iter().map(|counts| counts[value]).sum()))
    }

    fn estimate(&self) -> u64 {
        const TOO_LARGE: u64 = 1 << 63;
        /// 1 / (2 ln 2)
        const ALPHA: f64 = 0.721_347_520_444_481_7;
        let all = REGISTERS as f64;
        let share = |registers: u32| f64::from(registers) / all;
        let mut sum = all * tau((all - f64::from(self.0[VALUE_BITS + 1])) / all);
        for value in (1..=VALUE_BITS).rev() {
            sum = (sum + f64::from(self.0[value])) * 0.5;
        }
        sum += all * sigma(share(self.0[0]));
        let estimate = libm::round(ALPHA * all * all / sum);
        // Registers that no number of elements gives: what a C conversion makes of a number that is too large.
        if estimate < TOO_LARGE as f64 { estimate as u64 } else { TOO_LARGE }
    }
}

/// What the registers without a value stand for.
fn sigma(mut share: f64) -> f64 {
    if share == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, share);
    loop {
        share *= share;
        let before = sum;
        sum += share * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// What the registers with the largest value stand for.
fn tau(mut share: f64) -> f64 {
    if share == 0.0 || share == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - share);
    loop {
        share = libm::sqrt(share);
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - share) * (1.0 - share) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

/// The runs of a sparse value, as PFDEBUG DECODE shows them: `Z:16380 v:2,1 z:3`.
pub fn decode(bytes: &[u8]) -> String {
    let (mut at, mut shown) = (HEADER, Vec::new());
    while at < bytes.len() {
        let Run { value, registers, size } = Run::at(bytes, at);
        shown.push(match (value, size) {
            (0, 1) => format!("z:{registers}"),
            (0, _) => format!("Z:{registers}"),
            _ => format!("v:{value},{registers}"),
        });
        at += size;
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bytes::read_unsigned;
    use crate::base::rng::Rng;
    use alloc::string::ToString;

    const ALWAYS_SPARSE: u64 = u64::MAX;

    fn registers(bytes: &[u8]) -> Registers {
        let mut registers = Registers::default();
        registers.merge(bytes).unwrap();
        registers
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let packed = [0b0000_0001, 0b0011_0000, 0b0001_0000, 0xff, 0xff, 0xff];
        assert_eq!(unpack(read_unsigned(&packed)), [1, 0, 3, 4, 63, 63, 63, 63]);
        let mut rng = Rng::new(7);
        for _ in 0..1000 {
            let registers = array::from_fn(|_| rng.below(64) as u8);
            assert_eq!(unpack(read_unsigned(&pack(registers))), registers);
        }
    }

    #[test]
    fn both_encodings_hold_the_same_registers() {
        let (mut sparse, mut dense) = (new(), new());
        make_dense(&mut dense).unwrap();
        for element in 0..if cfg!(miri) { 50 } else { 3000 } {
            let element = element.to_string();
            let changed = add(&mut sparse, element.as_bytes(), ALWAYS_SPARSE).unwrap();
            assert_eq!(changed, add(&mut dense, element.as_bytes(), 0).unwrap());
            if !is_sparse(&sparse) {
                break;
            }
        }
        assert_eq!(registers(&sparse).values(), registers(&dense).values());
        assert_eq!(count(&sparse), count(&dense));
        assert_eq!(registers(&sparse).count(), count(&dense).unwrap());
        make_dense(&mut sparse).unwrap();
        assert_eq!(sparse[HEADER..], dense[HEADER..]);
    }

    #[test]
    fn the_estimate_is_within_a_few_standard_errors() {
        let mut bytes = new();
        assert_eq!(count(&bytes), Ok(0));
        for element in 1..=if cfg!(miri) { 30u32 } else { 200_000 } {
            add(&mut bytes, &element.to_le_bytes(), 3000).unwrap();
            if element.is_power_of_two() || element % 50_000 == 0 {
                // 1.04 / sqrt(16384) is 0.81 %.
                let (estimate, allowed) = (count(&bytes).unwrap(), f64::from(element) * 0.0081 * 4.0 + 1.0);
                assert!((estimate as f64 - f64::from(element)).abs() <= allowed, "{estimate} of {element}");
            }
        }
    }

    #[test]
    fn a_union_counts_what_either_has() {
        let (mut even, mut all) = (new(), new());
        for element in 0..if cfg!(miri) { 40u32 } else { 20_000 } {
            add(&mut all, &element.to_le_bytes(), 3000).unwrap();
            if element % 2 == 0 {
                add(&mut even, &element.to_le_bytes(), 3000).unwrap();
            }
        }
        let mut union = registers(&even);
        union.merge(&all).unwrap();
        assert_eq!(union.values(), registers(&all).values());
        let mut stored = even.clone();
        union.store(&mut stored, 3000).unwrap();
        assert_eq!(registers(&stored).values(), union.values());
    }

    #[test]
    fn runs_are_split_and_joined() {
        let mut bytes = new();
        for (register, value, shown) in [
            (100, 3, "Z:100 v:3,1 Z:16283"),
            (101, 3, "Z:100 v:3,2 Z:16282"),
            (103, 3, "Z:100 v:3,2 z:1 v:3,1 Z:16280"),
            (102, 3, "Z:100 v:3,4 Z:16280"),
            (101, 5, "Z:100 v:3,1 v:5,1 v:3,2 Z:16280"),
            (0, 1, "v:1,1 Z:99 v:3,1 v:5,1 v:3,2 Z:16280"),
            (40, 1, "v:1,1 z:39 v:1,1 z:59 v:3,1 v:5,1 v:3,2 Z:16280"),
            (16383, 32, "v:1,1 z:39 v:1,1 z:59 v:3,1 v:5,1 v:3,2 Z:16279 v:32,1"),
        ] {
            assert_eq!(raise(&mut bytes, register, value, ALWAYS_SPARSE), Ok(true));
            assert_eq!(decode(&bytes), shown);
            assert_eq!(raise(&mut bytes, register, value, ALWAYS_SPARSE), Ok(false));
        }
        assert_eq!(raise(&mut bytes, 5, 33, ALWAYS_SPARSE), Ok(true));
        assert!(is_one(&bytes) && !is_sparse(&bytes));
    }

    #[test]
    fn registers_that_nothing_gives_have_an_estimate_too() {
        let mut bytes = new();
        make_dense(&mut bytes).unwrap();
        bytes[HEADER..].fill(0xff);
        assert_eq!(count(&bytes), Ok(1 << 63));
        set_cached(&mut bytes, 1 << 63);
        assert_eq!(cached(&bytes), None);
    }

    #[test]
    fn what_is_corrupted_is_refused() {
        let mut rng = Rng::new(3);
        for _ in 0..if cfg!(miri) { 20 } else { 3000 } {
            let mut bytes = new();
            bytes.truncate(HEADER);
            let mut covered = 0;
            while rng.below(40) > 0 {
                let at = bytes.len();
                bytes.push(rng.bits() as u8);
                covered += Run::at(&bytes, at).registers;
            }
            if covered != REGISTERS {
                assert_eq!(Registers::default().merge(&bytes), Err(Corrupted).or(count(&bytes).map(|_| ())));
            }
            let (register, value) = (rng.below(REGISTERS as u64) as usize, 1 + rng.below(51) as u8);
            let before = bytes.clone();
            if raise(&mut bytes, register, value, 3000).is_err() {
                assert_eq!(bytes, before);
            }
        }
        for bytes in [&b"HYLL"[..], b"HYLL\x00\0\0\0\0\0\0\0\0\0\0\0", b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0", &[b'H'; 20]] {
            assert!(!is_one(bytes));
        }
    }
}
