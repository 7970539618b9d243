//! Bloom filters: whether an item has been added, with false positives at a rate that was asked for, and never a false
//! negative.
//!
//! A filter that is full is followed by a larger one with a smaller error rate (Almeida and others, "Scalable Bloom
//! Filters", 2007): with a tightening ratio r, the n-th of an error rate p has p(1-r)rⁿ, and all of them together p. One
//! that must not scale has p itself. The bits of an item follow from two hashes, and these from a seed, so that the same
//! items make the same filter wherever they are added.

use crate::base::hash::siphash;
use crate::base::heap::{self, Moves};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::f64::consts::LN_2;

/// See the module.
#[derive(Clone)]
pub struct Bloom {
    properties: Properties,
    /// The last one is added to. There is always one.
    filters: Vec<Filter>,
}

/// What a filter was made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Properties {
    /// Between 0 and 1, both excluded.
    pub error: f64,
    /// Between 0 and 1, both excluded.
    pub tightening: f64,
    /// Items that the first filter holds; at least one.
    pub capacity: u64,
    /// How many times as many each following one holds; nothing follows where this is zero.
    pub expansion: u32,
    pub seed: Seed,
}

pub type Seed = [u8; 32];

/// One of the filters of which it is made.
#[derive(Clone)]
pub struct Filter {
    words: Box<[u64]>,
    items: u64,
    capacity: u64,
    hashes: u32,
}

/// What a filter costs beside its bits, on every target.
const FILTER: usize = 40;
const _: () = assert!(size_of::<Filter>() <= FILTER && size_of::<Bloom>() <= Bloom::SIZE);

/// Why a filter can't be made, or an item not be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// It must not scale.
    NonScaling,
    /// The next filter would have no error rate that a double can hold.
    NoError,
    /// The next filter would hold more items than can be counted.
    NoCapacity,
    /// It would take more bytes than allowed.
    TooLarge,
}

impl Properties {
    /// The error rate of the filter with this index.
    pub(crate) fn error_of(&self, index: usize) -> Result<f64, Full> {
        if self.expansion == 0 {
            return Ok(self.error);
        }
        let error = self.error * (1.0 - self.tightening) * libm::pow(self.tightening, index as f64);
        if error > f64::MIN_POSITIVE { Ok(error) } else { Err(Full::NoError) }
    }

    fn next_capacity(&self, capacity: u64) -> Result<u64, Full> {
        let next = capacity.checked_mul(u64::from(self.expansion)).filter(|&next| next <= i64::MAX as u64);
        next.ok_or(Full::NoCapacity)
    }

    /// How many items all filters together can hold, or `enough` of them, in so many bytes.
    ///
    /// # Errors
    /// They can't hold enough, and why.
    pub fn scaled_capacity(&self, enough: u64, limit: u64) -> Result<u64, (u64, Full)> {
        let (mut total, mut capacity, mut bytes) = (0u64, self.capacity, 0u64);
        for index in 0.. {
            let size = self.error_of(index).map(|error| Filter::size(capacity, error)).map_err(|why| (total, why))?;
            bytes = bytes.saturating_add(size);
            if bytes > limit {
                return Err((total, Full::TooLarge));
            }
            total = total.saturating_add(capacity);
            if total >= enough {
                break;
            }
            capacity = self.next_capacity(capacity).map_err(|why| (total, why))?;
        }
        Ok(total)
    }
}

impl Filter {
    /// # Errors
    /// It would take more than so many bytes.
    fn new(capacity: u64, error: f64, limit: u64) -> Result<Filter, Full> {
        let words = usize::try_from(Self::words_for(capacity, error)).map_err(|_| Full::TooLarge)?;
        if Self::size(capacity, error) > limit {
            return Err(Full::TooLarge);
        }
        Ok(Filter { words: vec![0; words].into(), items: 0, capacity, hashes: Self::hashes_for(error) })
    }

    /// What needs the fewest bits, were it not a whole number.
    fn hashes_for(error: f64) -> u32 {
        libm::round(-libm::log(error) / LN_2).max(1.0) as u32
    }

    /// As many words as make the error rate at so many items what it should be, for this number of hashes.
    fn words_for(capacity: u64, error: f64) -> u64 {
        let hashes = f64::from(Self::hashes_for(error));
        let bits = -hashes * capacity as f64 / libm::log(1.0 - libm::pow(error, 1.0 / hashes));
        libm::ceil(bits / 64.0).max(1.0) as u64
    }

    /// Items that it holds at its error rate.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// How many items have been added to it.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// How many bits an item sets.
    pub fn hashes(&self) -> u32 {
        self.hashes
    }

    /// Its bits, the first bit of a word being its lowest.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Bytes that one of this capacity and error rate takes.
    fn size(capacity: u64, error: f64) -> u64 {
        Self::words_for(capacity, error).saturating_mul(8).saturating_add(FILTER as u64)
    }

    /// The bits of an item, each as its word and its mask (enhanced double hashing: Dillinger and Manolios, "Bloom Filters
    /// in Probabilistic Verification", 2004).
    fn bits(&self, item: Hashed) -> impl Iterator<Item = (usize, u64)> + use<> {
        let bits = self.words.len() as u64 * 64;
        let Hashed { mut position, mut step } = item;
        (0..u64::from(self.hashes)).map(move |index| {
            let bit = ((u128::from(position) * u128::from(bits)) >> 64) as u64;
            position = position.wrapping_add(step);
            step = step.wrapping_add(index + 1);
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }

    fn contains(&self, item: Hashed) -> bool {
        self.bits(item).all(|(word, mask)| self.words[word] & mask != 0)
    }

    fn add(&mut self, item: Hashed) {
        for (word, mask) in self.bits(item) {
            self.words[word] |= mask;
        }
        self.items += 1;
    }
}

#[derive(Clone, Copy)]
struct Hashed {
    position: u64,
    step: u64,
}

impl Hashed {
    fn new(seed: &Seed, item: &[u8]) -> Hashed {
        let (parts, _) = seed.as_chunks::<8>();
        let part = |index: usize| u64::from_le_bytes(parts[index]);
        // A seed may repeat itself; the two hashes must differ all the same.
        Hashed { position: siphash((part(0), part(1)), item), step: siphash((!part(2), part(3)), item) }
    }
}

impl Bloom {
    /// Bytes that one takes beside [`Bloom::memory`], on every target.
    pub const SIZE: usize = 88;

    /// One without items.
    ///
    /// # Errors
    /// It would take more than so many bytes.
    pub fn new(properties: Properties, limit: u64) -> Result<Bloom, Full> {
        let first = Filter::new(properties.capacity, properties.error_of(0)?, limit)?;
        Ok(Bloom { properties, filters: vec![first] })
    }

    /// One of which all filters but the last are full, and the last has so many items; `None` where the bits are not so many
    /// as its properties ask for.
    pub fn from_words(properties: Properties, items: u64, words: Vec<Box<[u64]>>) -> Option<Bloom> {
        let is_share = |share: f64| share > 0.0 && share < 1.0;
        if !is_share(properties.error) || !is_share(properties.tightening) || properties.capacity == 0 {
            return None;
        }
        let (mut filters, mut capacity) = (Vec::<Filter>::with_capacity(words.len()), properties.capacity);
        for (index, words) in words.into_iter().enumerate() {
            if index > 0 {
                capacity = properties.next_capacity(capacity).ok().filter(|&capacity| capacity > 0)?;
            }
            let error = properties.error_of(index).ok()?;
            if words.len() as u64 != Filter::words_for(capacity, error) {
                return None;
            }
            filters.push(Filter { words, items: capacity, capacity, hashes: Filter::hashes_for(error) });
        }
        let last = filters.last_mut()?;
        last.items = Some(items).filter(|&items| items <= capacity)?;
        Some(Bloom { properties, filters })
    }

    /// Adds an item; whether it was not there, as far as can be told.
    ///
    /// # Errors
    /// It is not there, and there is no room for it.
    pub fn add(&mut self, item: &[u8], limit: u64) -> Result<bool, Full> {
        let item = Hashed::new(&self.properties.seed, item);
        if self.has(item) {
            return Ok(false);
        }
        let filter = self.filters.last().expect("there is always one");
        if filter.items == filter.capacity {
            self.scale(limit)?;
        }
        self.filters.last_mut().expect("there is always one").add(item);
        Ok(true)
    }

    fn scale(&mut self, limit: u64) -> Result<(), Full> {
        if self.properties.expansion == 0 {
            return Err(Full::NonScaling);
        }
        let last = self.filters.last().expect("there is always one");
        let error = self.properties.error_of(self.filters.len())?;
        let capacity = self.properties.next_capacity(last.capacity)?;
        let left = limit.saturating_sub(self.memory() as u64);
        let next = Filter::new(capacity, error, left)?;
        self.filters.reserve_exact(1);
        self.filters.push(next);
        Ok(())
    }

    /// Whether an item has been added, as far as can be told.
    pub fn contains(&self, item: &[u8]) -> bool {
        self.has(Hashed::new(&self.properties.seed, item))
    }

    fn has(&self, item: Hashed) -> bool {
        // Most items are in the largest filter, which is the last.
        self.filters.iter().rev().any(|filter| filter.contains(item))
    }

    pub fn properties(&self) -> &Properties {
        &self.properties
    }

    /// How many items have been added that were not there.
    pub fn items(&self) -> u64 {
        self.filters.iter().map(|filter| filter.items).sum()
    }

    /// How many items its filters can hold.
    pub fn capacity(&self) -> u64 {
        self.filters.iter().map(|filter| filter.capacity).sum()
    }

    /// How many filters there are.
    pub fn filters(&self) -> usize {
        self.filters.len()
    }

    /// The filter with this index, the first having been made first.
    pub fn filter(&self, index: usize) -> Option<&Filter> {
        self.filters.get(index)
    }

    /// The words of all bits, filter by filter.
    pub fn words(&self) -> impl Iterator<Item = u64> {
        self.filters.iter().flat_map(|filter| filter.words.iter().copied())
    }

    /// One without items is one all the same.
    pub fn is_empty(&self) -> bool {
        false
    }

    pub fn memory(&self) -> usize {
        let bits: usize = self.filters.iter().map(|filter| heap::cost(filter.words.len() * 8)).sum();
        heap::cost(self.filters.len() * FILTER) + bits
    }

    /// How many pieces of memory it is made of.
    pub fn pieces(&self) -> usize {
        self.filters.len()
    }

    /// Offers nothing for moving: a filter is large, and few.
    pub fn offer(&mut self, _: u64, _: &mut Moves) -> u64 {
        0
    }

    /// Frees about `budget` filters, but for the first; whether no other is left.
    pub fn shed(&mut self, budget: usize) -> bool {
        let left = self.filters.len().saturating_sub(budget).max(1);
        self.filters.truncate(left);
        left == 1
    }

    pub fn encoding(&self) -> &'static str {
        "raw"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_LIMIT: u64 = u64::MAX;

    fn made(error: f64, capacity: u64, expansion: u32) -> Bloom {
        let properties = Properties { error, tightening: 0.5, capacity, expansion, seed: [7; 32] };
        Bloom::new(properties, NO_LIMIT).unwrap()
    }

    /// How many items that were not added are said to be there, of so many.
    fn false_positives(bloom: &Bloom, of: u64) -> u64 {
        (0..of).filter(|index| bloom.contains(std::format!("other:{index}").as_bytes())).count() as u64
    }

    #[test]
    fn a_full_filter_has_no_false_negative_and_no_more_false_positives_than_asked_for() {
        const ITEMS: u64 = if cfg!(miri) { 100 } else { 100_000 };
        // Of one size, and grown from a hundred in eleven steps.
        for (error, capacity, expansion) in [(0.1, ITEMS, 0), (0.01, ITEMS, 0), (0.001, ITEMS, 2), (0.01, 100, 2)] {
            let mut bloom = made(error, capacity, expansion);
            let added = (0..ITEMS).filter(|index| bloom.add(&index.to_le_bytes(), NO_LIMIT).unwrap()).count() as f64;
            assert!((0..ITEMS).all(|index| bloom.contains(&index.to_le_bytes())));
            assert_eq!(bloom.items() as f64, added);
            assert!(added >= ITEMS as f64 * (1.0 - error));
            // What chance adds to a rate that is met exactly: four standard deviations.
            let expected = ITEMS as f64 * error;
            let found = false_positives(&bloom, ITEMS) as f64;
            assert!(found <= expected + 4.0 * libm::sqrt(expected), "{found} of {ITEMS} at {error}, {capacity}");
        }
    }

    #[test]
    fn filters_follow_each_other_within_their_limits() {
        let mut bloom = made(0.01, 10, 3);
        for index in 0..100u64 {
            bloom.add(&index.to_le_bytes(), NO_LIMIT).unwrap();
        }
        assert_eq!((bloom.filters(), bloom.capacity()), (3, 130));
        let mut fixed = made(0.01, 2, 0);
        for (item, added) in
            [("a", Ok(true)), ("a", Ok(false)), ("b", Ok(true)), ("c", Err(Full::NonScaling)), ("a", Ok(false))]
        {
            assert_eq!(fixed.add(item.as_bytes(), NO_LIMIT), added);
        }
        let mut small = made(0.01, 1, 1);
        let refused = (0..).find_map(|index: u64| small.add(&index.to_le_bytes(), 1000).err());
        assert_eq!(refused, Some(Full::TooLarge));
        assert!(small.memory() <= 1000 + 64);
        let huge = Properties { capacity: i64::MAX as u64, ..*small.properties() };
        assert_eq!(Bloom::new(huge, 1 << 27).err(), Some(Full::TooLarge));
    }

    #[test]
    fn what_can_be_reached_is_what_is_reached() {
        let mut bloom = made(0.01, 10, 2);
        let limit = 2000;
        let (reached, why) = bloom.properties().scaled_capacity(u64::MAX, limit).unwrap_err();
        assert_eq!(why, Full::TooLarge);
        while (0..10_000u64).all(|index| bloom.add(&index.to_le_bytes(), limit).is_ok()) {}
        assert!(bloom.capacity().abs_diff(reached) <= reached);
        assert_eq!(bloom.properties().scaled_capacity(50, limit), Ok(70));
    }

    #[test]
    fn a_seed_decides_and_a_copy_is_the_same() {
        let (mut one, mut other) = (made(0.01, 100, 2), made(0.01, 100, 2));
        other.properties.seed = [8; 32];
        for index in 0..150u64 {
            one.add(&index.to_le_bytes(), NO_LIMIT).unwrap();
            other.add(&index.to_le_bytes(), NO_LIMIT).unwrap();
        }
        assert!(!one.words().eq(other.words()));
        let mut copy = one.clone();
        assert!(copy.words().eq(one.words()));
        assert_eq!(copy.memory(), one.memory());
        assert!((0..).take_while(|_| !copy.shed(1)).count() < one.pieces());
    }
}
