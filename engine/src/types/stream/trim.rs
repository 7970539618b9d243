//! Trimming: the oldest entries go, by number or by ID, exactly or only as whole nodes.

use super::entries::Entries;
use super::id::Id;

/// What may stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many of the last entries.
    Last(u64),
    /// Those from an ID on.
    From(Id),
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    pub keep: Keep,
    /// Only whole nodes go: what is left may be a little more.
    pub approximate: bool,
    /// No more entries than this go; 0 for any number.
    pub limit: u64,
}

impl Trim {
    /// Whether the first entry is to go, where the stream has so many.
    pub fn wants(self, first: Id, len: usize) -> bool {
        match self.keep {
            Keep::Last(most) => len as u64 > most,
            Keep::From(from) => first < from,
        }
    }
}

impl Entries {
    /// How many entries went.
    pub fn trim(&mut self, trim: Trim) -> usize {
        let mut deleted = 0;
        while let Some((live, last)) = self.first_node() {
            if matches!(trim.keep, Keep::Last(most) if self.len() as u64 <= most) {
                break;
            }
            if trim.limit > 0 && (deleted + live) as u64 > trim.limit {
                break;
            }
            let whole = match trim.keep {
                Keep::Last(most) => (self.len() - live) as u64 >= most,
                Keep::From(id) => last < id,
            };
            if !whole {
                if !trim.approximate {
                    deleted += self.trim_first_node(|id, len| trim.wants(id, len));
                }
                break;
            }
            self.remove_first_node();
            deleted += live;
        }
        if deleted > 0 {
            self.find_first();
        }
        deleted
    }
}
