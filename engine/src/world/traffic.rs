//! Which keys are asked for, how often, and how long what is written lives: a sequence that a seed decides, whatever the
//! servers answer. Two runs with one seed ask for the same keys in the same order, so that they can be compared.

use crate::base::rng::Rng;
use crate::base::time::Duration;

/// How often each key is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    #[default]
    Uniform,
    /// The n-th key as often as 1/n to the power of the skew says, which is in thousandths.
    Zipf { skew: u16 },
    /// One after the other.
    Sequence,
    /// So many keys get a share of the requests, in thousandths; after so many requests it is the next ones that do.
    Hot { keys: u32, share: u16, every: u32 },
}

/// The skew that is usual.
pub const SKEW: u16 = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficSpec {
    /// Requests a second; `None`: the next as soon as the last has been answered.
    pub rate: Option<u32>,
    pub keys: u32,
    pub distribution: Distribution,
    /// Requests in a thousand that walk through all keys, one after the other, as a report or a backup does.
    pub scan: u16,
    /// It ends after so many requests.
    pub count: Option<u64>,
    /// Decides the sequence; where there is none, the world's own seed does.
    pub seed: Option<u64>,
}

impl Default for TrafficSpec {
    fn default() -> Self {
        let distribution = Distribution::Uniform;
        TrafficSpec { rate: Some(50), keys: 1000, distribution, scan: 0, count: None, seed: None }
    }
}

/// The sequence itself.
#[derive(Clone, Debug)]
pub struct Traffic {
    spec: TrafficSpec,
    rng: Rng,
    asked: u64,
    scanned: u64,
}

impl Traffic {
    /// From the beginning; `rng` is for where the specification has no seed.
    pub fn new(spec: TrafficSpec, rng: Rng) -> Self {
        let rng = spec.seed.map_or(rng, Rng::new);
        Traffic { spec, rng, asked: 0, scanned: 0 }
    }

    pub fn is_over(&self) -> bool {
        self.spec.count.is_some_and(|count| self.asked >= count)
    }

    /// Requests so far.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// The key of the next request.
    pub fn key(&mut self) -> u32 {
        let keys = u64::from(self.spec.keys.max(1));
        let number = self.asked;
        self.asked += 1;
        if self.spec.scan > 0 && self.by_chance(self.spec.scan) {
            self.scanned += 1;
            return ((self.scanned - 1) % keys) as u32;
        }
        let key = match self.spec.distribution {
            Distribution::Uniform => self.rng.below(keys),
            Distribution::Zipf { skew } => zipf(&mut self.rng, keys, skew),
            Distribution::Sequence => number % keys,
            Distribution::Hot { keys: hot, share, every } => {
                let hot = u64::from(hot);
                let first = number / u64::from(every.max(1)) * hot;
                match self.by_chance(share) {
                    true => (first + self.rng.below(hot.max(1))) % keys,
                    false => self.rng.below(keys),
                }
            }
        };
        key as u32
    }

    /// Whether something of so many in a thousand is so this time.
    pub fn by_chance(&mut self, thousandths: u16) -> bool {
        self.rng.below(1000) < u64::from(thousandths)
    }

    /// A number below a bound that is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.rng.below(bound)
    }

    /// How long it is to the next requests, if so many have just been made; nothing where that is no matter of time.
    pub fn pause(&mut self, requests: u64) -> Option<Duration> {
        // Around the mean, so that clients of one rate don't march in step.
        let mean = requests * 1_000_000 / u64::from(self.spec.rate?.max(1));
        Some(Duration::from_micros(mean / 2 + self.rng.below(mean + 1)))
    }
}

/// How long what is written lives: for ever, or for a time and by chance up to the jitter longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    pub ttl: Option<Duration>,
    pub jitter: Duration,
}

impl Lifetime {
    /// The time that one write is given, in milliseconds.
    pub fn millis(self, rng: &mut Rng) -> Option<u64> {
        let jitter = self.jitter.millis();
        // Nothing is drawn where there is nothing to draw.
        let more = if jitter == 0 { 0 } else { rng.below(jitter + 1) };
        Some(self.ttl?.millis().max(1) + more)
    }

    /// The longest; nothing where there is no end.
    pub fn longest(self) -> Option<Duration> {
        Some(self.ttl?.max(Duration::from_millis(1)) + self.jitter)
    }
}

/// A number below `n`, where 0 comes as often as 1, 1 as often as 1/2 to the power of the skew, … (rejection-inversion;
/// Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
fn zipf(rng: &mut Rng, n: u64, skew: u16) -> u64 {
    let skew = f64::from(skew) / 1000.0;
    let (height, area) = (|x: f64| libm::exp(-skew * libm::log(x)), Area { power: 1.0 - skew });
    let (low, high) = (area.up_to(1.5) - 1.0, area.up_to(n as f64 + 0.5));
    loop {
        let under = low + rng.unit() * (high - low);
        let k = libm::floor(area.end(under) + 0.5).clamp(1.0, n as f64);
        if under >= area.up_to(k + 0.5) - height(k) {
            return k as u64 - 1;
        }
    }
}

/// The area under x to the power of -skew from 1 on; `power` is 1 - skew.
#[derive(Clone, Copy)]
struct Area {
    power: f64,
}

impl Area {
    fn up_to(self, x: f64) -> f64 {
        let log = libm::log(x);
        if self.power == 0.0 { log } else { libm::expm1(self.power * log) / self.power }
    }

    /// Where an area ends.
    fn end(self, area: f64) -> f64 {
        libm::exp(if self.power == 0.0 { area } else { libm::log1p(area * self.power) / self.power })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn traffic(distribution: Distribution, keys: u32, scan: u16) -> Traffic {
        let spec = TrafficSpec { keys, distribution, scan, seed: Some(3), ..TrafficSpec::default() };
        Traffic::new(spec, Rng::new(0))
    }

    #[test]
    fn zipf_gives_the_nth_key_its_share_whatever_the_skew() {
        const DRAWS: u32 = 1_000_000;
        for skew in [0, 500, 990, 1000, 1100, 2000] {
            let mut counts = [0u32; 50];
            let mut traffic = traffic(Distribution::Zipf { skew }, 50, 0);
            (0..DRAWS).for_each(|_| counts[traffic.key() as usize] += 1);
            let weight = |k: usize| libm::pow((k + 1) as f64, -f64::from(skew) / 1000.0);
            let all: f64 = (0..50).map(weight).sum();
            for (k, &count) in counts.iter().enumerate() {
                let expected = f64::from(DRAWS) * weight(k) / all;
                // Five deviations of a count.
                let off = (f64::from(count) - expected).abs();
                assert!(off < 5.0 * libm::sqrt(expected) + 1.0, "skew {skew}, key {k}: {count}, expected {expected}");
            }
        }
        let mut one = traffic(Distribution::Zipf { skew: 5000 }, 1, 0);
        assert!((0..100).all(|_| one.key() == 0));
        let mut many = traffic(Distribution::Zipf { skew: 1000 }, u32::MAX, 0);
        assert!((0..1000).any(|_| many.key() > 1 << 20));
    }

    #[test]
    fn a_hot_set_gets_its_share_and_moves() {
        let mut traffic = traffic(Distribution::Hot { keys: 10, share: 900, every: 10_000 }, 1000, 0);
        for round in 0..3 {
            let hot = (0..10_000).filter(|_| traffic.key() / 10 == round).count();
            // Its share, and of the rest the hundredth part.
            assert!((8900..9120).contains(&hot), "round {round}: {hot}");
        }
    }

    #[test]
    fn a_scan_walks_through_all_keys_between_the_other_requests() {
        let mut traffic = traffic(Distribution::Hot { keys: 1, share: 1000, every: u32::MAX }, 100, 250);
        let keys: Vec<u32> = (0..4000).map(|_| traffic.key()).collect();
        let scanned: Vec<u32> = keys.iter().copied().filter(|key| *key > 0).take(198).collect();
        let twice: Vec<u32> = (1..100).chain(1..100).collect();
        assert_eq!(scanned, twice);
        assert!(keys.iter().filter(|key| **key == 0).count() > 2900);
    }

    #[test]
    fn a_seed_decides_the_sequence() {
        let keys = |seed, rng| -> Vec<u32> {
            let spec = TrafficSpec { seed, count: Some(20), ..TrafficSpec::default() };
            let mut traffic = Traffic::new(spec, Rng::new(rng));
            let mut keys = vec![];
            while !traffic.is_over() {
                keys.push(traffic.key());
            }
            keys
        };
        assert_eq!(keys(Some(5), 1), keys(Some(5), 2));
        assert_ne!(keys(None, 1), keys(None, 2));
        assert_eq!(keys(None, 5), keys(Some(5), 1));
    }

    #[test]
    fn a_life_is_as_long_as_is_said_and_by_chance_longer() {
        let mut rng = Rng::new(1);
        let mut millis = |ttl: Option<u64>, jitter| {
            Lifetime { ttl: ttl.map(Duration::from_millis), jitter: Duration::from_millis(jitter) }.millis(&mut rng)
        };
        assert_eq!((millis(None, 5), millis(Some(4000), 0), millis(Some(0), 0)), (None, Some(4000), Some(1)));
        let lives: Vec<u64> = (0..100).filter_map(|_| millis(Some(10), 20)).collect();
        assert!(lives.iter().all(|life| (10..=30).contains(life)) && lives.iter().any(|life| *life > 25));
    }
}
