//! The second world of a comparison: what would have been with other parameters of one node. It is played by the same
//! engine from the same seed, is told all that the first is told, and follows it wherever it goes.

use kvarium_engine::base::time::Duration;
use kvarium_engine::world::journal::Entry;
use kvarium_engine::world::otherwise::Otherwise;

use crate::heard::Heard;
use crate::laboratory::Laboratory;

pub struct Compared {
    pub otherwise: Otherwise,
    pub lab: Laboratory,
    pub heard: Heard,
    /// The first's journal, as it was when this one took it over.
    taken: Vec<Entry>,
    /// Where the first is, if this one is not there.
    behind: Option<Duration>,
}

impl Compared {
    /// At its first moment, with all still to come.
    ///
    /// # Errors
    /// A value that can't be taken.
    pub fn new(first: &Laboratory, otherwise: Otherwise) -> Result<Compared, String> {
        let history = otherwise.history(first.history()).map_err(|error| error.to_string())?;
        let taken = first.history().journal().to_vec();
        let behind = Some(first.now());
        Ok(Compared { otherwise, lab: Laboratory::of(history), heard: Heard::default(), taken, behind })
    }

    /// The first has moved, or something was done to it.
    pub fn follow(&mut self, first: &Laboratory) {
        let journal = first.history().journal();
        let is_another = self.taken != journal;
        if is_another {
            self.taken = journal.to_vec();
            self.lab.follow(self.otherwise.journal(journal), first.history().end());
        }
        if is_another || self.lab.now() != first.now() {
            self.lab.rewind(first.now());
            self.behind = Some(first.now());
        }
    }

    pub fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Plays on towards where the first is for as long as there is time; is it there?
    pub fn catch_up(&mut self, is_time_left: &mut impl FnMut() -> bool) -> bool {
        if let Some(to) = self.behind {
            if self.lab.advance(to, is_time_left) {
                self.behind = None;
            }
            self.heard.listen(&self.lab);
        }
        !self.is_behind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(policy: &str) -> Laboratory {
        let mut lab = Laboratory::new("single", None);
        let set = format!("CONFIG SET maxmemory 100kb maxmemory-policy {policy}");
        lab.command(1, "M", &set).unwrap();
        lab.act("!database db capacity=1000 rows=500").unwrap();
        lab.act("!app a db=db rate=300 keys=500 dist=zipf:0.9 ttl=0s").unwrap();
        lab.advance(Duration::from_seconds(8), &mut || true);
        lab
    }

    fn second(lab: &Laboratory, policy: &str) -> Compared {
        let settings = vec![("maxmemory-policy", policy.to_owned())];
        Compared::new(lab, Otherwise { node: "M".to_owned(), settings }).unwrap()
    }

    /// Catches up in slices, as many as it takes, and says how many it took.
    fn slices(compared: &mut Compared, lab: &Laboratory) -> usize {
        compared.follow(lab);
        let slices = (1..).find(|_| compared.catch_up(&mut || false)).unwrap();
        assert_eq!(compared.lab.now(), lab.now());
        slices
    }

    #[test]
    fn with_the_same_policy_it_is_the_same_world_however_it_is_sliced() {
        let mut lab = first("allkeys-lru");
        let mut compared = second(&lab, "allkeys-lru");
        let same = |compared: &Compared, lab: &Laboratory| {
            assert_eq!(compared.lab.history().trace_hash(), lab.history().trace_hash());
            assert_eq!(compared.lab.scene(), lab.scene());
        };
        assert!(slices(&mut compared, &lab) > 100);
        same(&compared, &lab);
        for seconds in [9, 10] {
            lab.command(1, "M", "GET a:1").unwrap();
            lab.advance(Duration::from_seconds(seconds), &mut || true);
            slices(&mut compared, &lab);
            same(&compared, &lab);
        }
        lab.seek(Duration::from_seconds(5));
        slices(&mut compared, &lab);
        same(&compared, &lab);
        lab.act("!load l rate=100 keys=10").unwrap();
        lab.step();
        slices(&mut compared, &lab);
        same(&compared, &lab);
        lab.switch(0);
        slices(&mut compared, &lab);
        same(&compared, &lab);
        assert_eq!(slices(&mut compared, &lab), 1, "there is nothing to do where nothing has moved");
    }

    #[test]
    fn with_another_it_is_another_and_its_past_is_told_alike() {
        let mut lab = first("allkeys-lru");
        let mut compared = second(&lab, "allkeys-random");
        slices(&mut compared, &lab);
        assert_ne!(compared.lab.history().trace_hash(), lab.history().trace_hash());
        let evicted = |lab: &Laboratory| lab.inspect(0).unwrap().stats().evicted_keys;
        let was = evicted(&compared.lab);
        assert!(was > 0 && was != evicted(&lab));
        lab.seek(Duration::from_seconds(4));
        slices(&mut compared, &lab);
        assert!(evicted(&compared.lab) < was);
        lab.seek(Duration::from_seconds(8));
        slices(&mut compared, &lab);
        assert_eq!(evicted(&compared.lab), was);
    }
}
