//! What sorted sets, and sets among them, have together: union, intersection, difference, with weights.

use alloc::vec::Vec;

use crate::base::sort;
use crate::collections::listpack::Element;
use crate::keyspace::ValueRef;
use crate::types::zset::{Scored, Unranked};
use crate::types::{Limits, Set, ZSet};

/// A set counts as a sorted set whose scores are all 1.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Set(&'a Set),
    ZSet(&'a ZSet),
}

impl<'a> Source<'a> {
    pub fn of(value: ValueRef<'a>) -> Option<Source<'a>> {
        match value {
            ValueRef::Set(set) => Some(Source::Set(set)),
            ValueRef::ZSet(set) => Some(Source::ZSet(set)),
            _ => None,
        }
    }

    fn len(self) -> usize {
        match self {
            Source::Set(set) => set.len(),
            Source::ZSet(set) => set.len(),
        }
    }

    fn score(self, member: Element<'_>) -> Option<f64> {
        match self {
            Source::Set(set) => set.has(member).then_some(1.0),
            Source::ZSet(set) => member.with(|text| set.score(text)),
        }
    }

    fn iter(self) -> impl Iterator<Item = Scored<'a>> {
        let (plain, sorted) = match self {
            Source::Set(set) => (Some(set.iter().map(|member| Scored { member, score: 1.0 })), None),
            Source::ZSet(set) => (None, Some(set.iter())),
        };
        plain.into_iter().flatten().chain(sorted.into_iter().flatten())
    }

    /// Whether both are behind the same key.
    fn is(self, other: Source<'_>) -> bool {
        match (self, other) {
            (Source::Set(a), Source::Set(b)) => core::ptr::eq(a, b),
            (Source::ZSet(a), Source::ZSet(b)) => core::ptr::eq(a, b),
            _ => false,
        }
    }
}

/// What one key brings in; nothing where there is no such key.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub source: Option<Source<'a>>,
    pub weight: f64,
}

/// How the scores of one member become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregate {
    #[default]
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// Infinity and its opposite make zero here.
    fn of(self, old: f64, new: f64) -> f64 {
        match self {
            Aggregate::Sum => or_zero(old + new),
            Aggregate::Min => {
                if new < old {
                    new
                } else {
                    old
                }
            }
            Aggregate::Max => {
                if new > old {
                    new
                } else {
                    old
                }
            }
        }
    }
}

/// What would be no number is zero: infinity times a weight of zero.
fn or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// The inputs that are there with their weights, the smallest first: the order in which Redis adds floats up.
fn from_the_smallest<'a>(inputs: &[Input<'a>]) -> Vec<(Source<'a>, f64)> {
    let mut sources: Vec<_> = inputs.iter().filter_map(|input| Some((input.source?, input.weight))).collect();
    sort::sort_by_key(&mut sources, |(source, _)| source.len());
    sources
}

pub fn union(inputs: &[Input<'_>], aggregate: Aggregate, limits: &Limits) -> ZSet {
    let mut result = Unranked::new(limits);
    for (source, weight) in from_the_smallest(inputs) {
        for Scored { member, score } in source.iter() {
            let score = or_zero(weight * score);
            member.with(|text| result.merge(text, score, |old, new| aggregate.of(old, new)));
        }
    }
    result.rank()
}

pub fn intersection(inputs: &[Input<'_>], aggregate: Aggregate, limits: &Limits) -> ZSet {
    let mut result = Unranked::new(limits);
    each_common(inputs, aggregate, |Scored { member, score }| {
        member.with(|text| result.merge(text, score, |_, new| new));
        true
    });
    result.rank()
}

/// How many members all have in common, but not more than `limit`.
pub fn count_common(inputs: &[Input<'_>], limit: usize) -> usize {
    let mut count = 0;
    each_common(inputs, Aggregate::Sum, |_| {
        count += 1;
        count < limit
    });
    count
}

/// Calls `f` with what all inputs have in common, as long as it says so.
fn each_common(inputs: &[Input<'_>], aggregate: Aggregate, mut f: impl FnMut(Scored<'_>) -> bool) {
    if inputs.iter().any(|input| input.source.is_none()) {
        return;
    }
    let sources = from_the_smallest(inputs);
    let Some((&(first, weight), others)) = sources.split_first() else { return };
    for Scored { member, score } in first.iter() {
        let common = others.iter().try_fold(or_zero(weight * score), |so_far, &(source, weight)| {
            let other = if source.is(first) { score } else { source.score(member)? };
            Some(aggregate.of(so_far, other * weight))
        });
        if let Some(score) = common
            && !f(Scored { member, score })
        {
            return;
        }
    }
}

/// The members of the first that no other has.
pub fn difference(inputs: &[Input<'_>], limits: &Limits) -> ZSet {
    let mut result = Unranked::new(limits);
    let mut sources = inputs.iter().map(|input| input.source);
    let Some(first) = sources.next().flatten() else { return result.rank() };
    let mut others: Vec<_> = sources.flatten().collect();
    if others.iter().any(|source| source.is(first)) {
        return result.rank();
    }
    let searches = first.len().saturating_mul(others.len() + 1) / 2;
    let removals = first.len() + others.iter().map(|source| source.len()).sum::<usize>();
    let is_cheaper_by_search = searches <= removals;
    if is_cheaper_by_search {
        // The larger a set, the likelier a member is found in it.
        sort::sort_by_key(&mut others, |source| core::cmp::Reverse(source.len()));
    }
    for Scored { member, score } in first.iter() {
        let is_left = !is_cheaper_by_search || others.iter().all(|source| source.score(member).is_none());
        if is_left {
            member.with(|text| result.merge(text, score, |_, new| new));
        }
    }
    if !is_cheaper_by_search {
        let mut members = others.iter().flat_map(|source| source.iter());
        while let Some(Scored { member, .. }) = members.next().filter(|_| !result.is_empty()) {
            member.with(|text| result.remove(text));
        }
    }
    result.rank()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeMap;
    use std::format;

    type Model = BTreeMap<Vec<u8>, f64>;

    fn model(source: Source<'_>) -> Model {
        source.iter().map(|scored| (scored.member.with(<[u8]>::to_vec), scored.score)).collect()
    }

    #[test]
    fn all_three_do_what_maps_do() {
        let mut rng = Rng::new(12);
        for round in 0..300 {
            let limits = Limits { zset_max_listpack_entries: 16, ..Limits::default() };
            let (mut sorted, mut plain) = ([ZSet::new(), ZSet::new(), ZSet::new()], Set::new());
            for set in &mut sorted {
                for _ in 0..rng.below(40) {
                    let score = [1.0, 2.0, -3.5, f64::INFINITY, f64::NEG_INFINITY, 0.0][rng.below(6) as usize];
                    set.insert(score, format!("{}", rng.below(30)).as_bytes(), &limits);
                }
            }
            (0..rng.below(40)).for_each(|_| _ = plain.insert(format!("{}", rng.below(30)).as_bytes(), &limits));
            let mut inputs: Vec<_> = sorted.iter().map(|set| Some(Source::ZSet(set))).collect();
            inputs.push(Some(Source::Set(&plain)));
            inputs.push((round % 7 != 0).then_some(Source::ZSet(&sorted[0])));
            let inputs: Vec<_> = (0..1 + rng.below(5))
                .map(|_| {
                    let weight = [1.0, 0.0, 2.0, -1.0][rng.below(4) as usize];
                    Input { source: inputs[rng.below(inputs.len() as u64) as usize], weight }
                })
                .collect();
            let aggregate = [Aggregate::Sum, Aggregate::Min, Aggregate::Max][rng.below(3) as usize];
            let models: Vec<_> = inputs.iter().map(|input| input.source.map(model).unwrap_or_default()).collect();

            let union = model(Source::ZSet(&union(&inputs, aggregate, &limits)));
            assert!(union.keys().eq(models.iter().flat_map(Model::keys).collect::<std::collections::BTreeSet<_>>()));
            assert!(union.values().all(|score| !score.is_nan()));
            let common: Vec<_> =
                models[0].keys().filter(|member| models.iter().all(|model| model.contains_key(*member))).collect();
            let intersection = model(Source::ZSet(&intersection(&inputs, aggregate, &limits)));
            assert!(intersection.keys().eq(common.iter().copied()));
            // Infinity times zero is zero in a union, and left out by an intersection.
            if inputs.iter().all(|input| input.weight != 0.0) {
                assert!(intersection.iter().all(|(member, score)| union[member] == *score));
            }
            assert_eq!(count_common(&inputs, usize::MAX), common.len());
            assert_eq!(count_common(&inputs, 2), common.len().min(2));
            let left: Model = models[0]
                .iter()
                .filter(|(member, _)| !models[1..].iter().any(|model| model.contains_key(*member)))
                .map(|(member, score)| (member.clone(), *score))
                .collect();
            assert_eq!(model(Source::ZSet(&difference(&inputs, &limits))), left);
        }
    }

    #[test]
    fn scores_that_are_none_are_zero() {
        let limits = Limits::default();
        let (mut a, mut b) = (ZSet::new(), ZSet::new());
        a.insert(f64::INFINITY, b"m", &limits);
        b.insert(f64::NEG_INFINITY, b"m", &limits);
        let input = |set, weight| Input { source: Some(Source::ZSet(set)), weight };
        let score = |inputs: &[Input<'_>], aggregate| union(inputs, aggregate, &limits).score(b"m").unwrap();
        assert_eq!(score(&[input(&a, 1.0), input(&b, 1.0)], Aggregate::Sum), 0.0);
        assert_eq!(score(&[input(&a, 0.0)], Aggregate::Sum), 0.0);
        assert_eq!(score(&[input(&a, 0.0), input(&b, 1.0)], Aggregate::Max), 0.0);
        assert_eq!(score(&[input(&a, 2.0), input(&b, 1.0)], Aggregate::Min), f64::NEG_INFINITY);
    }
}
