//! The two clocks of the host: the wall clock that nodes are told, and the calendar that logs print.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, Utc};
use kvarium_engine::base::time::Time;

/// This moment. A clock set before 1970 reads as 1970.
pub fn now() -> Time {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
}

/// `21 Nov 2026 23:15:36.466`, in the time zone of the machine.
pub fn local_text(moment: Time) -> String {
    utc(moment).with_timezone(&Local).format("%d %b %Y %H:%M:%S%.3f").to_string()
}

/// `2026-11-21T23:15:36.466Z`.
pub fn utc_text(moment: Time) -> String {
    utc(moment).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn utc(moment: Time) -> DateTime<Utc> {
    i64::try_from(moment.micros()).ok().and_then(DateTime::from_timestamp_micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_dates() {
        let moment = Time::from_micros(1_795_302_936_466_999);
        assert_eq!(utc_text(moment), "2026-11-21T23:15:36.466Z");
        assert_eq!(utc_text(Time::ZERO), "1970-01-01T00:00:00.000Z");
        assert!(utc_text(Time::MAX).starts_with("+262"), "a date, though a silly one");
    }

    #[test]
    fn the_clock_goes_forward() {
        let earlier = now();
        assert!(earlier > Time::from_millis(1_700_000_000_000) && now() >= earlier);
    }
}
