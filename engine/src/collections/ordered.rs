//! Maps and sets in the order of their keys: for what is kept beside the data, where little code counts for more than the last
//! nanosecond.
//!
//! ```text
//!   runs   [ a b c … ]  [ k l … ]  [ q r … ]      each sorted, none empty, at most RUN items
//! ```
//! An item is found by two searches, among the runs' first keys and in one run, and an insert or a removal moves what
//! follows in that run. A run that is full is split, and two neighbours that have shrunk are joined.

use alloc::vec::Vec;
use core::borrow::Borrow;

/// See the module.
#[derive(Clone, Debug)]
pub struct Map<K, V> {
    runs: Vec<Vec<(K, V)>>,
    len: usize,
}

/// Most items of a run. Tests have many runs with few items.
const RUN: usize = if cfg!(test) { 6 } else { 128 };

/// A run, and an item's place in it.
type Place = (usize, usize);

impl<K: Ord, V> Map<K, V> {
    pub const fn new() -> Self {
        Map { runs: Vec::new(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.find(key).ok()?;
        Some(&self.runs[run][at].1)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.find(key).ok()?;
        Some(&mut self.runs[run][at].1)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// The value of a key, which `make` gives it where it has none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let (run, at) = self.find(&key).unwrap_or_else(|place| self.put(place, (key, make())));
        &mut self.runs[run][at].1
    }

    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// Gives a key a value; the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok((run, at)) => Some(core::mem::replace(&mut self.runs[run][at].1, value)),
            Err(place) => {
                self.put(place, (key, value));
                None
            }
        }
    }

    /// Takes a key out; the value that it had.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.find(key).ok()?;
        let (_, value) = self.runs[run].remove(at);
        self.len -= 1;
        self.join(run);
        Some(value)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.runs.iter().flatten().map(|(key, value)| (key, value))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.runs.iter().flatten().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.runs.iter().flatten().map(|(_, value)| value)
    }

    /// Where a key is, or would be.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        let run = self.runs.partition_point(|run| run[0].0.borrow() <= key).saturating_sub(1);
        let items = self.runs.get(run).map_or(&[][..], Vec::as_slice);
        let found = items.binary_search_by(|(known, _)| known.borrow().cmp(key));
        found.map(|at| (run, at)).map_err(|at| (run, at))
    }

    /// Puts an item where it would be, and says where it is now.
    fn put(&mut self, (mut run, mut at): Place, item: (K, V)) -> Place {
        let Some(items) = self.runs.get_mut(run) else {
            self.runs.push(Vec::from([item]));
            self.len = 1;
            return (0, 0);
        };
        if items.len() == RUN {
            // What comes in order leaves full runs behind.
            let middle = if at == RUN { RUN } else { RUN / 2 };
            let tail = items.split_off(middle);
            self.runs.insert(run + 1, tail);
            if at >= middle {
                (run, at) = (run + 1, at - middle);
            }
        }
        self.runs[run].insert(at, item);
        self.len += 1;
        (run, at)
    }

    /// After a removal: a run and a neighbour become one if both together are small, and an empty one goes.
    fn join(&mut self, run: usize) {
        for left in [Some(run), run.checked_sub(1)].into_iter().flatten() {
            if self.runs.get(left..left + 2).is_some_and(|both| both[0].len() + both[1].len() <= RUN / 2) {
                let mut right = self.runs.remove(left + 1);
                return self.runs[left].append(&mut right);
            }
        }
        if self.runs[run].is_empty() {
            self.runs.remove(run);
        }
    }
}

impl<K: Ord, V> Default for Map<K, V> {
    fn default() -> Self {
        Map::new()
    }
}

/// A map without values.
#[derive(Clone, Debug)]
pub struct Set<K>(Map<K, ()>);

impl<K: Ord> Set<K> {
    pub const fn new() -> Self {
        Set(Map::new())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Whether it was not there.
    pub fn insert(&mut self, key: K) -> bool {
        self.0.insert(key, ()).is_none()
    }

    /// Whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.remove(key).is_some()
    }

    pub fn first(&self) -> Option<&K> {
        self.iter().next()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.keys()
    }
}

impl<K: Ord> PartialEq for Set<K> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord> Default for Set<K> {
    fn default() -> Self {
        Set::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeMap;

    fn check(map: &Map<u32, u32>, model: &BTreeMap<u32, u32>) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter()) && map.iter().rev().eq(model.iter().rev()));
        assert!(map.runs.iter().all(|run| !run.is_empty() && run.len() <= RUN));
    }

    #[test]
    fn behaves_like_a_tree() {
        let (mut rng, mut map, mut model) = (Rng::new(7), Map::new(), BTreeMap::new());
        for round in 0..20_000u32 {
            let key = rng.below(200) as u32;
            // It grows and shrinks by turns.
            if rng.below(10) < if round / 1000 % 2 == 0 { 6 } else { 4 } {
                assert_eq!(map.insert(key, round), model.insert(key, round));
            } else {
                assert_eq!(map.remove(&key), model.remove(&key));
            }
            let (key, other) = (rng.below(200) as u32, rng.below(200) as u32);
            assert_eq!((map.get(&key), map.contains_key(&key)), (model.get(&key), model.contains_key(&key)));
            assert_eq!(map.get_mut(&key), model.get_mut(&key));
            assert_eq!(*map.get_or_insert_with(other, || round), *model.entry(other).or_insert(round));
            check(&map, &model);
        }
    }

    #[test]
    fn what_comes_in_order_fills_the_runs() {
        let mut map = Map::new();
        (0..10 * RUN).for_each(|key| _ = map.insert(key, ()));
        assert_eq!(map.runs.len(), 10);
    }

    #[test]
    fn what_is_left_of_many_lies_in_few_runs() {
        let mut map = Map::new();
        (0..10 * RUN).for_each(|key| _ = map.insert(key, ()));
        (0..10 * RUN).filter(|key| key % RUN > 0).for_each(|key| _ = map.remove(&key));
        assert_eq!(map.len(), 10);
        assert!(map.runs.len() <= 5, "{} runs", map.runs.len());
    }

    #[test]
    fn a_set_says_what_was_new() {
        let mut set = Set::new();
        assert!(set.insert("b") && set.insert("a") && !set.insert("b"));
        assert_eq!((set.first(), set.len(), set.contains("a")), (Some(&"a"), 2, true));
        assert!(set.remove("a") && !set.remove("a"));
        assert!(set.iter().eq(&["b"]));
    }
}
