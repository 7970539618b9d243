//! What the operator's signals mean: the first SIGTERM or SIGINT ends gracefully, the second at once, SIGHUP nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook_mio::v1_0::Signals as Wakeups;

/// Exit code of a process that was told twice.
const TOLD_TWICE: i32 = 1;

pub struct Signals(Wakeups);

impl Signals {
    pub fn catch(registry: &Registry, token: Token) -> io::Result<Signals> {
        // In this order: at the first signal the exit is not armed yet when it is asked for.
        let is_armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            flag::register_conditional_shutdown(signal, TOLD_TWICE, is_armed.clone())?;
            flag::register(signal, is_armed.clone())?;
        }
        flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
        let mut wakeups = Wakeups::new([SIGTERM, SIGINT])?;
        registry.register(&mut wakeups, token, Interest::READABLE)?;
        Ok(Signals(wakeups))
    }

    /// The name of a signal that has come, if one has.
    pub fn arrived(&mut self) -> Option<&'static str> {
        self.0.pending().last().map(|signal| if signal == SIGINT { "SIGINT" } else { "SIGTERM" })
    }
}
