//! One sentence for each important event, for those who hear the page: at most one every two seconds, batched.

use crate::catalogue::Words;
use crate::laboratory::Laboratory;

/// Milliseconds of the page between two sentences.
const PAUSE: f64 = 2000.0;

#[derive(Clone, Debug, Default)]
pub struct Narrator {
    /// What the live region holds.
    pub said: String,
    waiting: Vec<String>,
    /// So much of the trace has been heard.
    heard: u64,
    last: f64,
}

impl Narrator {
    /// Another world: nothing of it has to be told.
    pub fn forget(&mut self, lab: &Laboratory) {
        *self = Narrator { heard: lab.count(), ..Narrator::default() };
    }

    /// Hears what has happened since the last time.
    pub fn listen(&mut self, lab: &Laboratory, words: Words) {
        let count = lab.count();
        for at in self.heard.min(count)..count {
            if let Some(sentence) = lab.sentence(at, words) {
                self.waiting.push(sentence);
            }
        }
        self.heard = count;
    }

    /// Says what waits, if it is time; `true` where something is still to be said.
    pub fn speak(&mut self, now: f64) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        if now - self.last < PAUSE && !self.said.is_empty() {
            return true;
        }
        self.last = now;
        // The latest matter most: what came before them is in the log.
        let from = self.waiting.len().saturating_sub(3);
        self.said = self.waiting.drain(..).skip(from).collect::<Vec<_>>().join(" ");
        false
    }
}
