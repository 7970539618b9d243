//! Sorting: in a page in little code; and only the part of a list that is wanted, in the order in which Redis leaves what
//! is equal.
//!
//! The latter is Bentley and McIlroy's quicksort ("Engineering a sort function", 1993), which goes on only in those parts that the
//! wanted places lie in. It is not stable, and clients see that: hence not one of the standard library's.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;
use core::ops::Range;

/// Sorts, leaving what is equal in its order: what everything is sorted with.
///
/// The standard library's sort is compiled for each type, and is what a page would have to fetch as often.
pub fn sort_by<T>(items: &mut [T], compare: impl FnMut(&T, &T) -> Ordering) {
    if cfg!(target_arch = "wasm32") { sort_places(items, compare) } else { items.sort_by(compare) }
}

/// Sorts, and keeps so many of the first. What is equal must be alike: which of it is kept is not said.
pub fn keep_first<T>(items: &mut Vec<T>, count: usize, mut compare: impl FnMut(&T, &T) -> Ordering) {
    if cfg!(not(target_arch = "wasm32")) && count < items.len() {
        items.select_nth_unstable_by(count, &mut compare);
        items.truncate(count);
    }
    sort_by(items, compare);
    items.truncate(count);
}

/// All types share the sort of places; the items then go to theirs.
fn sort_places<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut places = sorted_places(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    for start in 0..items.len() {
        let mut at = start;
        loop {
            let from = mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

/// [`sort_by`] what `key` makes of each item.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Where each item comes from, in the order of the items sorted.
fn sorted_places(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|&a, &b| compare(a, b));
    places
}

/// Puts at the `wanted` places, which are not empty, what would be there if all items were sorted.
pub fn partial_sort<T>(mut items: &mut [T], mut wanted: Range<usize>, compare: &impl Fn(&T, &T) -> Ordering) {
    while items.len() >= 7 {
        let pivot = pivot(items, compare);
        items.swap(0, pivot);
        let Parts { below, above } = partition(items, compare);
        if below > 1 && wanted.start < below {
            partial_sort(&mut items[..below], wanted.start..wanted.end.min(below), compare);
        }
        let start = items.len() - above;
        if above <= 1 || wanted.end <= start {
            return;
        }
        items = &mut items[start..];
        wanted = wanted.start.saturating_sub(start)..wanted.end - start;
    }
    insertion_sort(items, compare);
}

fn insertion_sort<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && compare(&items[at - 1], &items[at]) == Ordering::Greater {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// The middle item of three, or of three such for many items.
fn pivot<T>(items: &[T], compare: &impl Fn(&T, &T) -> Ordering) -> usize {
    let is_less = |a: usize, b: usize| compare(&items[a], &items[b]) == Ordering::Less;
    let median = |a: usize, b: usize, c: usize| match (is_less(a, b), is_less(b, c)) {
        (true, true) => b,
        (true, false) => {
            if is_less(a, c) {
                c
            } else {
                a
            }
        }
        (false, _) if compare(&items[b], &items[c]) == Ordering::Greater => b,
        (false, _) => {
            if is_less(a, c) {
                a
            } else {
                c
            }
        }
    };
    let (first, middle, last) = (0, items.len() / 2, items.len() - 1);
    match items.len() {
        ..=7 => middle,
        8..=40 => median(first, middle, last),
        count => {
            let step = count / 8;
            let first = median(first, first + step, first + 2 * step);
            let middle = median(middle - step, middle, middle + step);
            median(first, middle, median(last - 2 * step, last - step, last))
        }
    }
}

/// How many items come before those that equal the pivot, and how many behind.
struct Parts {
    below: usize,
    above: usize,
}

/// Partitions around the first item. What equals it is collected at both ends first, and then moved to the middle.
fn partition<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) -> Parts {
    let count = items.len();
    // Equal | below | not looked at | above | equal: where each of the four borders is.
    let (mut below, mut unknown, mut above, mut equal) = (1, 1, count, count);
    loop {
        while unknown < above {
            match compare(&items[unknown], &items[0]) {
                Ordering::Greater => break,
                Ordering::Less => {}
                Ordering::Equal => {
                    items.swap(below, unknown);
                    below += 1;
                }
            }
            unknown += 1;
        }
        while unknown < above {
            match compare(&items[above - 1], &items[0]) {
                Ordering::Less => break,
                Ordering::Greater => {}
                Ordering::Equal => {
                    equal -= 1;
                    items.swap(above - 1, equal);
                }
            }
            above -= 1;
        }
        if unknown >= above {
            break;
        }
        items.swap(unknown, above - 1);
        unknown += 1;
        above -= 1;
    }
    let parts = Parts { below: unknown - below, above: equal - above };
    swap_ends(items, 0, unknown, below.min(parts.below));
    swap_ends(items, unknown, count, parts.above.min(count - equal));
    parts
}

/// Swaps so many items from `start` on with as many before `end`.
fn swap_ends<T>(items: &mut [T], start: usize, end: usize, count: usize) {
    (0..count).for_each(|at| items.swap(start + at, end - count + at));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::vec::Vec;

    #[test]
    fn what_is_equal_stays_in_order() {
        let mut rng = Rng::new(5);
        for _ in 0..if cfg!(miri) { 20 } else { 300 } {
            let items: Vec<(u64, usize)> = (0..rng.below(200)).enumerate().map(|(at, _)| (rng.below(40), at)).collect();
            let (mut ours, mut theirs) = (items.clone(), items);
            sort_places(&mut ours, |a, b| a.0.cmp(&b.0));
            theirs.sort_by_key(|item| item.0);
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_first_are_kept_in_order() {
        for count in [0, 3, 100, 200] {
            let mut items: Vec<u64> = (0..100).map(|n| n * 37 % 100).collect();
            keep_first(&mut items, count, Ord::cmp);
            assert!(items.into_iter().eq(0..count.min(100) as u64));
        }
    }

    #[test]
    fn the_wanted_places_hold_what_sorting_all_would_put_there() {
        let mut rng = Rng::new(1);
        for _ in 0..if cfg!(miri) { 50 } else { 3000 } {
            let count = 1 + rng.below(200) as usize;
            let different = 1 + rng.below(60);
            let mut items: Vec<(u64, usize)> = (0..count).map(|index| (rng.below(different), index)).collect();
            let (a, b) = (rng.below(count as u64) as usize, rng.below(count as u64) as usize);
            let wanted = a.min(b)..a.max(b) + 1;
            let mut sorted: Vec<u64> = items.iter().map(|item| item.0).collect();
            sorted.sort_unstable();
            partial_sort(&mut items, wanted.clone(), &|a: &(u64, usize), b| a.0.cmp(&b.0));
            for place in wanted {
                assert_eq!(items[place].0, sorted[place]);
            }
            let mut all: Vec<usize> = items.iter().map(|item| item.1).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..count));
        }
    }
}
