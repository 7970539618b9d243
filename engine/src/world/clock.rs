//! Wall clocks of simulated machines: the world's time, and how far each machine is off.

use crate::base::time::{Duration, Time};

/// When every world begins: 2026-01-01T00:00:00Z, so that TIME, TTLs and stream IDs look like those of a server.
pub const EPOCH: Time = Time::from_micros(1_767_225_600_000_000);

/// One machine's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallClock {
    /// Microseconds ahead of the world's time; behind it where negative.
    pub ahead: i64,
}

impl WallClock {
    /// What this clock shows at a moment of the world.
    pub fn shows(self, world: Time) -> Time {
        Time::from_micros(world.micros().saturating_add_signed(self.ahead))
    }

    /// When, in the world's time, this clock will show `local`.
    pub fn reaches(self, local: Time) -> Time {
        Time::from_micros(local.micros().saturating_add_signed(self.ahead.saturating_neg()))
    }
}

/// How long the world has run.
pub fn since_start(now: Time) -> Duration {
    now.since(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_off_by_the_same_both_ways() {
        for ahead in [0, 5_000_000, -5_000_000] {
            let clock = WallClock { ahead };
            assert_eq!(clock.reaches(clock.shows(EPOCH)), EPOCH);
        }
        assert_eq!(WallClock { ahead: -1 }.shows(EPOCH) + Duration::from_micros(1), EPOCH);
    }
}
