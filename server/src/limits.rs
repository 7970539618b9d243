//! How many files the operating system lets us open, and so how many clients we can have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are no clients: listeners, logs, data files, links to other nodes.
const RESERVED: u64 = 32;

/// The number of clients there can be, where `wanted` are wished for; raises the limit of the process towards it.
pub fn clients_that_fit(wanted: u32) -> u32 {
    let needed = u64::from(wanted) + RESERVED;
    match files_allowed(needed) {
        allowed if allowed >= needed => wanted,
        allowed => u32::try_from(allowed.saturating_sub(RESERVED)).unwrap_or(wanted),
    }
}

/// What is told to the operator when fewer clients fit than were asked for.
pub fn explanation(wanted: u32, possible: u32) -> String {
    let needed = u64::from(wanted) + RESERVED;
    if possible == 0 {
        return format!(
            "This system lets the process open too few files to serve even one client. Raise the limit \
             (ulimit -n) to {needed}, and start again."
        );
    }
    format!(
        "maxclients is {possible} instead of {wanted}, because this system lets the process open only {} files. \
         For {wanted} clients raise the limit (ulimit -n) to {needed}.",
        u64::from(possible) + RESERVED
    )
}

fn files_allowed(needed: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else { return u64::MAX };
    if current >= needed {
        return current;
    }
    // A privileged process may pass the hard limit; everybody else may go up to it.
    let beyond = Rlimit { current: Some(needed), maximum: limit.maximum.map(|maximum| maximum.max(needed)) };
    let up_to = Rlimit { current: limit.maximum, maximum: limit.maximum };
    for wish in [beyond, up_to] {
        if setrlimit(Resource::Nofile, wish).is_ok() {
            return wish.current.unwrap_or(u64::MAX);
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_granted_and_leaves_the_limit_high_enough() {
        assert_eq!(clients_that_fit(10), 10);
        assert!(getrlimit(Resource::Nofile).current.is_none_or(|files| files >= 10 + RESERVED));
    }

    #[test]
    fn the_operator_learns_what_to_raise() {
        assert_eq!(
            explanation(10_000, 992),
            "maxclients is 992 instead of 10000, because this system lets the process open only 1024 files. \
             For 10000 clients raise the limit (ulimit -n) to 10032."
        );
    }
}
