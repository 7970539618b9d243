//! Which keys were looked at a moment ago, and what became of each.

use kvarium_engine::base::time::Duration;
use kvarium_engine::collections::ordered::Map;

use super::eviction;
use super::picture::Mark;
use crate::heard::{Departure, Why};
use crate::store::Store;

/// What was looked at is marked for so long, by the world's clock.
const CYCLE: Duration = Duration::from_seconds(1);
const EVICTION: Duration = Duration::from_seconds(5);
/// While the clock runs, marks stay where they are for so long, in milliseconds: nothing flashes.
const HOLD: f64 = 400.0;

/// Up to which event marks are shown.
#[derive(Default)]
pub struct Held {
    until: u64,
    since: f64,
}

impl Held {
    pub fn until(&mut self, store: &Store, other: bool) -> u64 {
        let (count, now) = (store.side(other).0.count(), crate::frame::now());
        if !store.is_running() || count < self.until || now - self.since > HOLD {
            *self = Held { until: count, since: now };
        }
        self.until
    }
}

/// The keys of the database that is shown, as of an event, each with what weighs most of what is told of it.
pub fn marks(store: &Store, other: bool, chosen: Option<u64>, until: u64) -> Map<Box<[u8]>, Mark> {
    let mut marks = Map::new();
    let mut add = |db: usize, key: &[u8], mark: Mark| {
        if db == store.database {
            let known = marks.get_or_insert_with(Box::from(key), || mark);
            *known = mark.max(*known);
        }
    };
    let (lab, heard) = store.side(other);
    let now = lab.now();
    let is_recent = |at: Duration, span: Duration| now.micros().saturating_sub(at.micros()) <= span.micros();
    let mut looks = heard.looks(store.selected).skip_while(|look| look.id >= until).peekable();
    if let Some(at) = looks.peek().map(|look| look.at).filter(|at| is_recent(*at, CYCLE)) {
        for look in looks.take_while(|look| look.at == at) {
            look.keys.iter().for_each(|key| add(look.db, key, Mark::Kept));
        }
        let went = heard.departures(store.selected, false).skip_while(|it| it.at > at);
        for it in went.take_while(|it| it.at == at).filter(|it| it.why == Why::ExpiredActively) {
            add(it.db, &it.key, Mark::Dropped);
        }
    }
    if let Some(Departure { why: Why::Evicted(decision), at, .. }) = eviction(heard, store.selected, chosen, until)
        && (chosen.is_some() || is_recent(*at, EVICTION))
    {
        let all = [(&decision.sampled, Mark::Sampled), (&decision.pool, Mark::Pooled)];
        for (candidates, mark) in all {
            candidates.iter().for_each(|it| add(it.db as usize, &it.key, mark));
        }
        add(decision.victim.db as usize, &decision.victim.key, Mark::Victim);
    }
    marks
}
