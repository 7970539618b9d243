//! Whether to stay awake for a moment before sleeping.
//!
//! Who has to wake the server pays for it. So while requests come one soon after the other, both sides are quicker if the server
//! is awake still; and while they don't, it stays awake in vain less and less often.

use std::time::Duration;

/// How long a vigil is.
pub const LENGTH: Duration = Duration::from_micros(20);
/// How many sleeps there are at most before it is tried again.
const MOST_BETWEEN: u32 = 255;

/// See the module.
#[derive(Default)]
pub struct Vigil {
    /// Sleeps before the next vigil, and how many there were between the last two.
    left: u32,
    between: u32,
}

impl Vigil {
    pub fn is_due(&mut self) -> bool {
        let is_due = self.left == 0;
        self.left = self.left.saturating_sub(1);
        is_due
    }

    /// Something happened: in time, or without any waiting.
    pub fn end(&mut self, waited: bool) {
        if waited {
            self.between = 0;
        }
    }

    /// Nothing happened: the next time is further away.
    pub fn fail(&mut self) {
        self.between = (self.between * 2 + 1).min(MOST_BETWEEN);
        self.left = self.between;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vigils_become_rare_while_nothing_comes_and_usual_once_something_does() {
        let mut vigil = Vigil::default();
        let sleeps_until_due = |vigil: &mut Vigil| (0..1000).take_while(|_| !vigil.is_due()).count();
        let failures = [0, 1, 3, 7, 15, 31, 63, 127, 255, 255];
        for expected in failures {
            assert_eq!(sleeps_until_due(&mut vigil), expected);
            vigil.fail();
        }
        assert_eq!(sleeps_until_due(&mut vigil), 255);
        vigil.end(false);
        assert!(vigil.is_due());
        vigil.fail();
        assert_eq!(sleeps_until_due(&mut vigil), 255, "what came without waiting proves nothing");
        vigil.end(true);
        assert!(vigil.is_due());
        vigil.fail();
        assert_eq!(sleeps_until_due(&mut vigil), 1);
    }
}
