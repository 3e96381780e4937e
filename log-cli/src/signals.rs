//! Ctrl-C and SIGTERM: the first asks for a clean end, the second ends the process as if nobody had listened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, Outcome};

/// Listens while it lives; afterwards signals end the process at once.
pub(crate) struct Signals {
    received: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn listen() -> Outcome<Signals> {
        let received = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Asked in this order: the flag is raised by the first signal, and seen by the second.
            flag::register_conditional_default(signal, received.clone())
                .and_then(|_| flag::register(signal, received.clone()))
                .map_err(|source| Failure::Error(format!("cannot listen for signals: {source}")))?;
        }
        Ok(Signals { received })
    }

    pub(crate) fn received(&self) -> bool {
        self.received.load(Ordering::Acquire)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.received.store(true, Ordering::Release);
    }
}
